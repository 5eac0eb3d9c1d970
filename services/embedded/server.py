"""Starting, stopping and recovering the private server of one home directory."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from services.embedded import guard, pidfile, place
from services.embedded.cluster import DATABASE, USER, Cluster
from services.embedded.pidfile import PidFile
from services.embedded.place import EmbeddedError

STOP_SECONDS = 30.0
_PAUSE_SECONDS = 0.02
_DYING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Status:
    """The status of the server; `pid` and `port` are None when it does not run."""

    running: bool
    pid: int | None
    port: int | None
    data: Path
    log: Path
    account: str


class EmbeddedPostgres:
    """The private PostgreSQL of one home directory.

    `start()` leaves it running until `stop()`. `start(tied=True)`, and the context manager, use it:
    the last user's `release()` stops it, or a guard process should that user die without a word.
    A server that somebody wants to keep is used and left running.

    Args:
        home: the installation's directory; the cluster lives below it (see `place`).
        binaries: another PostgreSQL's `bin` directory instead of the packaged one.
        options: server settings on top of `SETTINGS`.
    """

    def __init__(
        self, home: Path, *, binaries: Path | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        self.home = home.absolute()
        self._directory: Path | None = None
        self._use: int | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._given_binaries = binaries
        self._options = dict(options or {})
        self._account = place.server_account()

    # --- what is where ---------------------------------------------------------------------

    @property
    def cluster(self) -> Path:
        """Directory that holds the data, the log, the port and the password."""
        if self._directory is None:
            self._directory = place.cluster_directory(self.home, self._account)
        return self._directory

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        """Return the server's own log."""
        return self.cluster / "server.log"

    @property
    def status(self) -> Status:
        """Return whether the server runs, and on which port."""
        found = PidFile.read(self.data)
        running = found is not None and pidfile.is_server_of(found.pid, self.data)
        return Status(
            running=running,
            pid=found.pid if found and running else None,
            port=found.port if found and running else None,
            data=self.data,
            log=self.log,
            account=self._account.name,
        )

    @property
    def url(self) -> str:
        """Return the administrator's address of the running server.

        Raises:
            EmbeddedError: it does not run.
        """
        found = self.status
        if not found.running:
            raise EmbeddedError("the embedded database is not running: `wuxian db start`")
        password = (self.cluster / "password").read_text().strip()
        return f"postgresql://{USER}:{password}@127.0.0.1:{found.port}/{DATABASE}"

    # --- what one does with it --------------------------------------------------------------

    def start(self, *, tied: bool = False) -> str:
        """Start the server, or find it running, and answer the administrator's address.

        Safe to call from several processes at once, and right after a crash.

        Args:
            tied: stop it when its last user ends (see the class).

        Raises:
            EmbeddedError: it does not start; the text ends with the server's last words.
        """
        with self._lock():
            binaries = place.usable_binaries(
                self._given_binaries or place.packaged_binaries(), self.cluster, self._account
            )
            cluster = Cluster(self.cluster, binaries, self._account)
            if pidfile.running_pid(self.data) is None:
                cluster.initialise()
                cluster.clear_stale_pid_file()
                cluster.launch(self._options)
            cluster.await_connection()
            if not tied:
                self._kept.touch()
            elif self._use is None:
                self._use = self._open_users(fcntl.LOCK_SH)
                self._guard = None if self._kept.exists() else guard.watch(self.home)
            return self.url

    def release(self) -> None:
        """Use the server no longer; stop it when nobody else does and it is not to be kept."""
        if self._use is None:
            return
        with self._lock():
            os.close(self._use)
            self._use = None
            self._stop_if_unused()
        if self._guard is not None:
            guard.dismiss(self._guard)
            self._guard = None

    def give_to_account(self) -> None:
        """Give everything in the cluster's directory to the server's account, after a restore."""
        for folder, folders, files in os.walk(self.cluster):
            for name in (*folders, *files):
                self._account.own(Path(folder, name))

    def stop_when_unused(self) -> None:
        """Stop the server after the death of a user, unless another one uses it or it is to be kept."""
        # A killed user's files are not all closed at one moment: its lock may go a little later
        # than what reported its death. Whoever still uses it then has a guard too.
        deadline = time.monotonic() + _DYING_SECONDS
        while time.monotonic() < deadline:
            with self._lock():
                if self._stop_if_unused():
                    return
            time.sleep(_PAUSE_SECONDS)

    def stop(self) -> None:
        """Stop the server cleanly, whichever process started it; do nothing when it does not run.

        Raises:
            EmbeddedError: it does not stop.
        """
        with self._lock():
            self._stop()
            self._kept.unlink(missing_ok=True)

    def destroy(self) -> None:
        """Stop the server and delete its data for good. For throw-away homes only."""
        self.stop()
        self.release()
        shutil.rmtree(self.cluster, ignore_errors=True)
        (self.home / "postgres.place").unlink(missing_ok=True)
        self._directory = None

    def __enter__(self) -> Self:
        self.start(tied=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    # --- how ----------------------------------------------------------------------------------

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one starter or stopper work at a time, over all processes; a crash frees the lock."""
        descriptor = os.open(self.cluster / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @property
    def _kept(self) -> Path:
        """Return the file whose presence keeps the server running without users."""
        return self.cluster / "kept"

    def _open_users(self, how: int) -> int:
        """Lock the file of the users: each shares it, and the kernel frees a dead user's place."""
        descriptor = os.open(self.cluster / "users", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            os.close(descriptor)
            raise
        return descriptor

    def _stop_if_unused(self) -> bool:
        """Stop the server unless it is to be kept; False when somebody uses it."""
        try:
            alone = self._open_users(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        try:
            if not self._kept.exists():
                self._stop()
        finally:
            os.close(alone)
        return True

    def _stop(self) -> None:
        for how, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10.0)):
            pid = pidfile.running_pid(self.data)
            if pid is None:
                return
            os.kill(pid, how)
            if self._await_exit(pid, seconds):
                return
        raise EmbeddedError(f"the embedded database does not stop; see {self.log}")

    def _await_exit(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):  # not our child: somebody else collects it
                os.waitpid(pid, os.WNOHANG)
            if not pidfile.is_alive(pid):
                return True
            time.sleep(_PAUSE_SECONDS)
        return False
