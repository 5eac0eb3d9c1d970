"""Starting, stopping and recovering the private server of one home directory."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from services.embedded import guard, pidfile, place
from services.embedded.pidfile import PidFile
from services.embedded.place import EmbeddedError

USER = "wuxian"
DATABASE = "wuxian"
START_SECONDS = 120.0
"""How long a start may take: a crash recovery replays up to max_wal_size."""
STOP_SECONDS = 30.0
_PAUSE_SECONDS = 0.02
_LOG_LIMIT_BYTES = 16 * 1024 * 1024

# For a small machine that shares its memory with the services. What makes a commit durable
# (fsync, synchronous_commit, full_page_writes) keeps its default: on.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "max_connections": "100",
    "huge_pages": "off",
    "jit": "off",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "password_encryption": "scram-sha-256",
}


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the server: `pid` and `port` are None when it does not run."""

    running: bool
    pid: int | None
    port: int | None
    data: Path
    log: Path
    account: str


class EmbeddedPostgres:
    """The private PostgreSQL of one home directory.

    `start()` leaves it running until `stop()`. `start(tied=True)`, and the context manager, run it
    for this process only: it is stopped by `release()`, or by a guard process should this one die
    without a word. A server that somebody wants to keep, or that another process is tied to, is
    used and left alone.

    Args:
        home: the installation's directory; the cluster lives below it (see `place`).
        binaries: another PostgreSQL's `bin` directory instead of the packaged one.
        options: server settings on top of `SETTINGS`.
    """

    def __init__(
        self, home: Path, *, binaries: Path | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        self.home = home.absolute()
        self._owner: int | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._given_binaries = binaries
        self._options = dict(options or {})
        self._account = place.server_account()

    # --- what is where ---------------------------------------------------------------------

    @property
    def cluster(self) -> Path:
        """Directory that holds the data, the log, the port and the password."""
        return place.cluster_directory(self.home, self._account)

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.cluster / "server.log"

    @property
    def status(self) -> Status:
        """Whether the server runs, and where."""
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
        """The administrator's address of the running server.

        Raises:
            EmbeddedError: it does not run.
        """
        found = self.status
        if not found.running:
            raise EmbeddedError("the embedded database is not running: `wuxian db start`")
        return f"postgresql://{USER}:{self._password()}@127.0.0.1:{found.port}/{DATABASE}"

    # --- what one does with it --------------------------------------------------------------

    def start(self, *, tied: bool = False) -> str:
        """Start the server, or find it running, and answer the administrator's address.

        Safe to call from several processes at once, and right after a crash.

        Args:
            tied: run it for this process only (see the class).

        Raises:
            EmbeddedError: it does not start; the text ends with the server's last words.
        """
        with self._lock():
            self._binaries = place.usable_binaries(
                self._given_binaries or place.packaged_binaries(), self.cluster, self._account
            )
            if pidfile.running_pid(self.data) is None:
                self._initialise()
                self._clear_stale_pid_file()
                self._launch()
            self._await_connection()
            if not tied:
                self._kept.touch()
            elif self._own() and self._guard is None and not self._kept.exists():
                self._guard = guard.watch(self.home)
            return self.url

    def release(self) -> None:
        """Stop the server if it ran for this process only."""
        if self._owner is None:
            return
        with self._lock():
            if not self._kept.exists():
                self._stop()
            os.close(self._owner)
            self._owner = None
        if self._guard is not None:
            guard.dismiss(self._guard)
            self._guard = None

    def stop_if_unowned(self) -> None:
        """Stop the server when nobody is tied to it any more and nobody asked to keep it."""
        with self._lock():
            if self._own() and not self._kept.exists():
                self._stop()

    def stop(self) -> None:
        """Stop the server cleanly, whoever started it; nothing happens when it does not run.

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
        """One starter or stopper at a time, over all processes; the kernel frees it on a crash."""
        descriptor = os.open(self.cluster / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @property
    def _kept(self) -> Path:
        """Its presence says that the server is to run on whatever becomes of its users."""
        return self.cluster / "kept"

    def _own(self) -> bool:
        """Become the process that the server is tied to; the kernel gives the place up for us."""
        if self._owner is None:
            descriptor = os.open(self.cluster / "owner", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            self._owner = descriptor
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

    def _password(self) -> str:
        return (self.cluster / "password").read_text().strip()

    def _initialise(self) -> None:
        """Make the data directory; a half-made one of an interrupted start is thrown away."""
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        fresh = self.cluster / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.cluster / "password"
        if not password.exists():
            descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
            self._account.own(password)
        made = self._account.run(
            [
                self._binaries / "initdb",
                *("-D", fresh, "-U", USER, "--pwfile", password, "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"),
            ]
        )
        if made.returncode:
            raise EmbeddedError(f"initdb failed: {made.stderr.strip()[-2000:]}")
        fresh.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        said = self._account.run([self._binaries / "postgres", "--version"]).stdout.split()
        runs = said[-1].split(".")[0] if said else "?"
        if made_by != runs:
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {made_by}, but {runs} is installed: install"
                f" the release of wuxian that made it, or dump and reload the data"
            )

    def _clear_stale_pid_file(self) -> None:
        """Make way after a crash.

        PostgreSQL itself replaces a pid file whose process is gone, and must be left to: the file
        leads it to the old shared memory. But a pid that somebody else has since been given, or
        that nobody has collected, would stop it: that file is removed once no old backend is left.
        """
        deadline = time.monotonic() + STOP_SECONDS
        while pidfile.orphans(self.data):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"processes {pidfile.orphans(self.data)} of a crashed server still use"
                    f" {self.data}: end them, then start again"
                )
            time.sleep(_PAUSE_SECONDS)
        found = PidFile.read(self.data)
        if found is None or pidfile.exists(found.pid):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _launch(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        said = ""
        while time.monotonic() < deadline:
            said = self._launch_once(self._free_port(), deadline)
            if not said:
                return
            # Another program may take the port in between, and a crashed server's memory or lock
            # may need a moment to go: both deserve another try, anything else does not.
            if not any(
                hint in said
                for hint in ("could not bind", "already exists", "still in use", "lock file")
            ):
                break
            (self.cluster / "port").unlink(missing_ok=True)
            time.sleep(0.2)
        raise EmbeddedError(f"the embedded database does not start ({self.log}):\n{said}")

    def _launch_once(self, port: int, deadline: float) -> str:
        """Start the server on a port; "" when it is ready, else its last words."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        options = dict(SETTINGS) | {"wal_compression": self._compression()} | self._options
        command = [str(self._binaries / "postgres"), "-D", str(self.data), "-p", str(port)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self._account.own(self.log)
            begun = log.tell()
            process = subprocess.Popen(
                command,
                env=place.clean_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=0o077,
                **self._account.switch(),
            )
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return self._last_words(begun)
            found = PidFile.read(self.data)
            if found and found.pid == process.pid and found.status == "ready":
                (self.cluster / "port").write_text(f"{port}\n")
                process.returncode = 0  # it outlives this object; `_await_exit` collects it
                return ""
            time.sleep(_PAUSE_SECONDS)
        return f"not ready after {START_SECONDS:.0f} s\n{self._last_words(begun)}"

    def _last_words(self, begun: int) -> str:
        with self.log.open("rb") as log:
            log.seek(begun)
            return log.read().decode(errors="replace")[-2000:].strip()

    def _compression(self) -> str:
        said = self._account.run([self._binaries / "pg_config", "--configure"])
        return "lz4" if "with-lz4" in said.stdout else "on"

    def _free_port(self) -> int:
        """The port of last time if nobody has it, else a free one of the kernel's choice."""
        remembered = self.cluster / "port"
        asked = int(remembered.read_text()) if remembered.exists() else 0
        for port in (asked, 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return int(probe.getsockname()[1])
        raise EmbeddedError("no free loopback port")

    def _await_connection(self) -> None:
        """Wait until the server answers a query and says that it serves our data directory."""
        deadline = time.monotonic() + START_SECONDS
        said = ""
        while time.monotonic() < deadline:
            found = PidFile.read(self.data)
            if found is None or not pidfile.is_server_of(found.pid, self.data):
                break
            asked = self._psql(
                found.port,
                "SELECT current_setting('data_directory'),"
                f" EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')",
            )
            said = asked.stderr.strip()
            if asked.returncode == 0:
                directory, _, made = asked.stdout.strip().rpartition("|")
                if Path(directory) != self.data:
                    raise EmbeddedError(f"port {found.port} is answered by {directory}, not by us")
                if made == "t":
                    return
                self._psql(found.port, f"CREATE DATABASE {DATABASE}")
            elif "password authentication failed" in said:
                raise EmbeddedError(
                    f"{self.cluster / 'password'} is not the server's password: {said}"
                )
            time.sleep(_PAUSE_SECONDS)
        raise EmbeddedError(f"the embedded database does not answer ({self.log}): {said}")

    def _psql(self, port: int, query: str) -> subprocess.CompletedProcess[str]:
        return self._account.run(
            [
                *(self._binaries / "psql", "-XAtq", "-h", "127.0.0.1", "-p", str(port)),
                *("-U", USER, "-d", "postgres", "-c", query),
            ],
            env={"PGPASSWORD": self._password(), "PGCONNECT_TIMEOUT": "5"},
        )

    def _await_exit(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):  # not our child: somebody else collects it
                os.waitpid(pid, os.WNOHANG)
            if not pidfile.is_alive(pid):
                return True
            time.sleep(_PAUSE_SECONDS)
        return False
