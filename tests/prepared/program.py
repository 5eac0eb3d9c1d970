"""Program in the place of `python` and `wuxian`: asks the prepared process to fork, and stands for it.

It runs without `site`, and imports next to nothing; `tests.prepared` writes it to a file with a call of
`main` at its end. What is no command of ours, it leaves to Python.
A signal is passed on; the death of this process, by kill -9 too, is the death of the one it stands for.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import os
import sys

_PR_SET_PDEATHSIG = 1
_BARE = ("PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL")
"""Variables that mean something only to a Python that really starts."""


def main(real: str, address: str) -> None:
    """Start this command's process, by the prepared one at this address or by the real program."""
    called, words = os.path.basename(sys.argv[0]), sys.argv[1:]
    own = ["-m", "services.cli", *words] if called == "wuxian" else words
    if own[:1] == ["-P"]:
        own = own[1:]
    is_ours = own[:1] == ["-m"] and len(own) > 1 and own[1].startswith("services.")
    if not is_ours or any(name in os.environ for name in _BARE):
        os.execv(real, [real, *words])
    stand_for(address, own[1:], tied="--parent" in own)


def stand_for(address: str, words: list[str], *, tied: bool) -> None:
    """Have a process forked for these words, and end as it ends."""
    if tied:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _signal.SIGTERM)
    mask = os.umask(0)
    os.umask(mask)
    ignores = _signal.getsignal(_signal.SIGINT) == _signal.SIG_IGN
    given = (words, dict(os.environ), os.getcwd(), os.getppid(), mask, ignores)
    content = repr(given).encode("utf-8", "surrogateescape")
    reading, _writing = os.pipe()
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(address)
    files = b"".join(fd.to_bytes(4, sys.byteorder) for fd in (0, 1, 2, reading))
    head = len(content).to_bytes(8, "big")
    connection.sendmsg([head], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
    connection.sendall(content)
    os.close(reading)
    pid = int(connection.recv(16))
    for number in (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP):
        _signal.signal(number, lambda number, _: os.kill(pid, number))
    end_as(connection.recv(16))


def end_as(status: bytes) -> None:
    """End with an exit code, or by a signal."""
    code = int(status or b"1")
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
