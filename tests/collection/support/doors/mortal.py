"""Collection in a process that is killed in the middle of requests, and started anew each time.

The listening socket belongs to a parent process, which has all modules loaded and forks: a new
process answers within moments, and a client that asks meanwhile waits in the socket's queue.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import uvicorn

from services.collection.app import build
from services.supervisor.child import tie_to_parent
from shared.process import log
from shared.process.settings import Settings

_TRIES, _PAUSE_SECONDS = 500, 0.02


class Mortal:
    """The process of the moment."""

    def __init__(self, parent: asyncio.subprocess.Process) -> None:
        self._parent = parent
        self._pid = 0
        self.kills = 0

    async def born(self) -> None:
        """Wait for the next process."""
        assert self._parent.stdout is not None
        self._pid = int(await self._parent.stdout.readline())

    async def kill(self) -> None:
        """Kill the process, and wait for the next."""
        os.kill(self._pid, signal.SIGKILL)
        self.kills += 1
        await self.born()


class Storm(httpx.AsyncHTTPTransport):
    """Sends requests to the process, kills it during the first and some others, and sends them again."""

    def __init__(self, mortal: Mortal, seed: int, share: float) -> None:
        super().__init__()
        self._mortal = mortal
        self._chance = random.Random(f"kills {seed}")
        self._share = share
        self._before = mortal.kills

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request until it is answered whole."""
        killing = None
        if self._mortal.kills == self._before or self._chance.random() < self._share:
            killing = asyncio.create_task(self._kill_after(self._chance.uniform(0, 0.03)))
        try:
            for _ in range(_TRIES):
                try:
                    answer = await super().handle_async_request(request)
                    content = await answer.aread()
                except httpx.TransportError:
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                return httpx.Response(answer.status_code, headers=answer.headers, content=content)
        finally:
            if killing:
                await killing
        raise AssertionError("nobody answers")

    async def _kill_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._mortal.kill()


@asynccontextmanager
async def mortal_collection(
    settings: Settings, directory: Path
) -> AsyncIterator[tuple[Mortal, str]]:
    """Run collection so that it can be killed; with its address."""
    given = directory / "settings.json"
    given.write_text(settings.model_dump_json())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), True)
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__, str(given), str(listener.fileno())),
            cwd=Path(__file__).parents[4],
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(listener.fileno(),),
        )
        try:
            mortal = Mortal(parent)
            await mortal.born()
            yield mortal, f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            parent.kill()
            await parent.wait()


def main(given: str, descriptor: str) -> None:
    """Fork a process of the service for as long as the test lives."""
    settings = Settings.model_validate_json(Path(given).read_text())
    tie_to_parent(os.getppid())
    log.configure("collection", "ERROR")
    listener = socket.socket(fileno=int(descriptor))
    while True:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            tie_to_parent(parent)
            config = uvicorn.Config(build(settings), log_level="error", access_log=False)
            uvicorn.Server(config).run(sockets=[listener])
            os._exit(0)
        print(pid, flush=True)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
