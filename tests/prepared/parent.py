"""Process that has imported everything, and forks one that carries out a command whenever it is asked.

`python -m tests.prepared.parent SOCKET PYTHON PID` returns once it serves in the background, until the
process of that id is gone. PYTHON is what its children start Python by.
"""

from __future__ import annotations

import array
import ast
import atexit
import fcntl
import gc
import io
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import services

_LATER = (
    "sqlalchemy.dialects.postgresql.asyncpg",
    "anyio._backends._asyncio",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
)
"""Modules that a service imports only once it runs."""
_NOT = ("services.embedded.guard_process",)
_LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Command:
    """A command to carry out: a module and its words, and the surroundings of who asked."""

    words: list[str]
    environment: dict[str, str]
    directory: str
    parent: int
    mask: int
    ignores_interrupts: bool


def import_everything() -> None:
    """Import what any command may need, so that no child has to."""
    gc.disable()
    names = [one.name for one in pkgutil.walk_packages(services.__path__, "services.")]
    for name in (*names, *_LATER):
        if not name.endswith("__main__") and name not in _NOT:
            import_module(name)
    from services.migrate import _scripts
    from shared.db import SERVICES

    for service in SERVICES:
        _scripts(service).get_heads()
    gc.collect()
    gc.freeze()  # nothing of this is garbage, in no child


class Parent:
    """Forks, and tells whoever asked how each child ended."""

    def __init__(self, listener: socket.socket, watched: int) -> None:
        self.listener, self.watched = listener, watched
        self.asking: dict[int, socket.socket] = {}
        self.waker, self.woken = os.pipe()
        os.set_blocking(self.woken, False)

    def serve(self) -> tuple[Command, list[int]] | None:
        """Serve until the run is over; in a child, return the command that it carries out."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.woken)
        while _is_alive(self.watched):
            waiting: list[socket.socket | int] = [self.listener, self.waker]
            ready, _, _ = select.select(waiting, [], [], _LOOK_SECONDS)
            if self.waker in ready:
                os.read(self.waker, 512)
                self._reap()
            if self.listener in ready:
                found = self._fork()
                if found:
                    return found
        return None

    def _fork(self) -> tuple[Command, list[int]] | None:
        connection, _ = self.listener.accept()
        try:
            command, files = _read(connection)
        except (EOFError, ConnectionError):  # killed before it had asked
            connection.close()
            return None
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for one in (connection, self.listener, *self.asking.values()):
                one.close()
            os.close(self.waker)
            os.close(self.woken)
            return command, files
        for file in files:
            os.close(file)
        self.asking[pid] = connection
        with suppress(OSError):
            connection.sendall(str(pid).encode())
        return None

    def _reap(self) -> None:
        while self.asking:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self.asking.pop(pid) as connection, suppress(OSError):
                connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _read(connection: socket.socket) -> tuple[Command, list[int]]:
    files = array.array("i")
    head, ancillary, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(4 * files.itemsize))
    for _, _, data in ancillary:
        files.frombytes(data)
    size, content = int.from_bytes(head, "big"), b""
    while len(content) < size:
        more = connection.recv(size - len(content))
        if not more:
            raise EOFError
        content += more
    if len(files) != 4:
        raise EOFError
    return Command(*ast.literal_eval(content.decode("utf-8", "surrogateescape"))), list(files)


def become(command: Command, files: list[int]) -> None:
    """Take the place of the process that asked: its files, surroundings, and its death."""
    os.setsid()
    *standard, life = files
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = (
        _stream(0, "rb"),
        _stream(1, "wb", write_through="PYTHONUNBUFFERED" in command.environment),
        _stream(2, "wb", line_buffering=True, errors="backslashreplace"),
    )
    os.set_inheritable(life, False)
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETSIG, signal.SIGKILL)  # when the other end is closed
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        if os.read(life, 1) == b"":  # it is dead already
            os._exit(1)
    if command.ignores_interrupts:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(command.environment)
    time.tzset()
    os.chdir(command.directory)
    os.umask(command.mask)
    os.getppid = lambda: command.parent


def _stream(file: int, mode: str, **how: Any) -> io.TextIOWrapper:
    """Make a standard stream as Python's own start does."""
    raw = open(file, mode, buffering=0, closefd=False)  # noqa: SIM115
    inner = io.BufferedReader(raw) if mode == "rb" else io.BufferedWriter(raw)  # type: ignore[type-var]
    return io.TextIOWrapper(inner, encoding="utf-8", **how)


def carry_out(words: list[str]) -> int:
    """Run a module as `python -m` does; its exit code."""
    sys.argv = list(words)
    code: object = 0
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    with suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]
    with suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    return int(code or 0)  # type: ignore[call-overload,no-any-return]


def main(address: str, python: str, watched: str) -> None:
    """Import, then serve."""
    import_everything()
    sys.executable = python
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    if os.fork():
        os._exit(0)
    os.setsid()
    given = Parent(listener, int(watched)).serve()
    if given is not None:
        become(*given)
        gc.enable()
        os._exit(carry_out(given[0].words))


if __name__ == "__main__":
    main(*sys.argv[1:])
