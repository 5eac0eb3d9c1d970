"""One service as a child process: its environment, its life line to us, its log, its restarts."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from services.embedded.guard import python_command, python_environment
from shared.process.settings import Settings

OnLog = Callable[[str, str], None]
"""Takes a process's name and one line of its log."""

BACKOFF_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 30.0
"""A child that lived this long starts again with the shortest pause."""
GRACE_SECONDS = 15.0
_LINE_LIMIT_BYTES = 1024 * 1024
_PR_SET_PDEATHSIG = 1


def tie_to_parent(parent: int) -> None:
    """Make this process end when its parent does, even when that one is killed without a word."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it died before we asked
        raise SystemExit(1)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        threading.Event().wait(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def settings_environment(settings: Settings) -> dict[str, str]:
    """Return the settings as the environment variables that give them again in a child."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return {
        f"WUXIAN_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }


class Child:
    """A supervised process. It is started again, after a pause, whenever it ends unasked."""

    def __init__(self, name: str, words: list[str], run_directory: Path, on_log: OnLog) -> None:
        self.name = name
        self.restarts = 0
        self.last_lines: deque[str] = deque(maxlen=20)
        self._words = words
        self._pid_file = run_directory / f"{name}.pid"
        self._on_log = on_log
        self._environment: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Its process id, or None while it is down."""
        if self._process is None or self._process.returncode is not None:
            return None
        return self._process.pid

    async def start(self, environment: Mapping[str, str]) -> None:
        """Start it with these variables, which hold all its settings, on top of our environment."""
        ours = {
            name: value
            for name, value in python_environment().items()
            if not name.startswith("WUXIAN_")  # the administrator's address may be among them
        }
        self._environment = ours | dict(environment)
        self._stopping = False
        await self._spawn()
        self._life = asyncio.create_task(self._live(), name=f"supervise-{self.name}")

    async def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask it to end; after the grace, end it."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), grace_seconds)
            except TimeoutError:
                self._say(f"did not stop within {grace_seconds:.0f} s, ending it")
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if self._life is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._life, 5)
        self._pid_file.unlink(missing_ok=True)

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *python_command("services.cli", *self._words, "--parent", str(os.getpid())),
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LINE_LIMIT_BYTES,
            start_new_session=True,
        )
        self._pid_file.write_text(f"{self._process.pid}\n")

    async def _live(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while self._process is not None:
            begun = loop.time()
            await self._relay(self._process)
            code = await self._process.wait()
            if self._stopping:
                return
            failures = 0 if loop.time() - begun > STEADY_SECONDS else failures + 1
            pause = BACKOFF_SECONDS[min(max(failures - 1, 0), len(BACKOFF_SECONDS) - 1)]
            self._say(f"died ({_how(code)}); starting it again in {pause} s")
            await asyncio.sleep(pause)
            if self._stopping:
                return
            self.restarts += 1
            await self._spawn()

    async def _relay(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line beyond any sense; the stream has dropped it
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self.last_lines.append(text)
            self._on_log(self.name, text)

    def _say(self, sentence: str) -> None:
        self._on_log("supervisor", f"{self.name} {sentence}")


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
