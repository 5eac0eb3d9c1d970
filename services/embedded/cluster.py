"""One data directory: made, started, asked. Who may do so when is the business of `server`."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.embedded import pidfile, place
from services.embedded.pidfile import PidFile
from services.embedded.place import Account, EmbeddedError

USER = "wuxian"
DATABASE = "wuxian"
START_SECONDS = 120.0
"""How long a start may take: a crash recovery replays up to max_wal_size."""
STOP_SECONDS = 30.0
_PAUSE_SECONDS = 0.02
_LOG_LIMIT_BYTES = 16 * 1024 * 1024

MEGABYTE = 1024 * 1024
SHARE_OF_MEMORY = 8
"""The server's own buffers take this part of the memory: what a busy hour writes then fits, and no
posting has to write out another's page first."""

# For a small machine that shares its memory with the services. What makes a commit durable
# (fsync, synchronous_commit, full_page_writes) keeps its default: on.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_wal_size": "4GB",
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
class Cluster:
    """A data directory with its password, port and log, its binaries and its account."""

    directory: Path
    binaries: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """Return the server's own log."""
        return self.directory / "server.log"

    def password(self) -> str:
        """Return the administrator's password."""
        return (self.directory / "password").read_text().strip()

    def initialise(self) -> None:
        """Make the data directory; a half-made one of an interrupted start is thrown away."""
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.directory / "password"
        password.unlink(missing_ok=True)  # of an interrupted start, perhaps empty
        descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
        self.account.own(password)
        made = self.account.run(
            [
                self.binaries / "initdb",
                *("-D", fresh, "-U", USER, "--pwfile", password, "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--no-locale", "--no-instructions"),
            ]
        )
        if made.returncode:
            raise EmbeddedError(f"initdb failed: {made.stderr.strip()[-2000:]}")
        fresh.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        version = self.account.run([self.binaries / "postgres", "--version"]).stdout.split()
        runs = version[-1].split(".")[0] if version else "?"
        if made_by != runs:
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {made_by}, but {runs} is installed: install"
                f" the release of wuxian that made it, or dump and reload the data"
            )

    def clear_stale_pid_file(self) -> None:
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

    def launch(self, options: Mapping[str, str]) -> None:
        """Start the server on the port of last time, or another; returns when it says "ready".

        Raises:
            EmbeddedError: it does not start; the text ends with its last words.
        """
        deadline = time.monotonic() + START_SECONDS
        failure = ""
        while time.monotonic() < deadline:
            failure = self._launch_once(self._free_port(), options, deadline)
            if not failure:
                return
            # Another program may take the port in between, and a crashed server's memory or lock
            # may need a moment to go: both deserve another try, anything else does not.
            if not any(
                hint in failure
                for hint in ("could not bind", "already exists", "still in use", "lock file")
            ):
                break
            (self.directory / "port").unlink(missing_ok=True)
            time.sleep(0.2)
        raise EmbeddedError(f"the embedded database does not start ({self.log}):\n{failure}")

    def _launch_once(self, port: int, options: Mapping[str, str], deadline: float) -> str:
        """Start the server on a port; "" when it is ready, else its last words."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        suited = {
            "wal_compression": self._compression(),
            "shared_buffers": f"{place.memory_bytes() // SHARE_OF_MEMORY // MEGABYTE}MB",
        }
        chosen = dict(SETTINGS) | suited | dict(options)
        command = [str(self.binaries / "postgres"), "-D", str(self.data), "-p", str(port)]
        for name, value in chosen.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self.account.own(self.log)
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
                **self.account.switch(),
            )
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return self._last_words(begun)
            found = PidFile.read(self.data)
            if found and found.pid == process.pid and found.status == "ready":
                (self.directory / "port").write_text(f"{port}\n")
                process.returncode = 0  # it outlives this object; `_await_exit` collects it
                return ""
            time.sleep(_PAUSE_SECONDS)
        return f"not ready after {START_SECONDS:.0f} s\n{self._last_words(begun)}"

    def _last_words(self, begun: int) -> str:
        with self.log.open("rb") as log:
            log.seek(begun)
            return log.read().decode(errors="replace")[-2000:].strip()

    def _compression(self) -> str:
        configured = self.account.run([self.binaries / "pg_config", "--configure"])
        return "lz4" if "with-lz4" in configured.stdout else "on"

    def _free_port(self) -> int:
        """Return the previous port if it is free, otherwise a free one chosen by the kernel."""
        remembered = self.directory / "port"
        previous = int(remembered.read_text()) if remembered.exists() else 0
        for port in (previous, 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return int(probe.getsockname()[1])
        raise EmbeddedError("no free loopback port")

    def await_connection(self) -> None:
        """Wait until the server answers a query and says that it serves our data directory."""
        deadline = time.monotonic() + START_SECONDS
        failure = ""
        while time.monotonic() < deadline:
            found = PidFile.read(self.data)
            if found is None or not pidfile.is_server_of(found.pid, self.data):
                break
            answer = self._psql(
                found.port,
                "SELECT current_setting('data_directory'),"
                f" EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')",
            )
            failure = answer.stderr.strip()
            if answer.returncode == 0:
                directory, _, made = answer.stdout.strip().rpartition("|")
                if Path(directory) != self.data:
                    raise EmbeddedError(f"port {found.port} is answered by {directory}, not by us")
                if made == "t":
                    return
                self._psql(found.port, f"CREATE DATABASE {DATABASE}")
            elif "password authentication failed" in failure:
                raise EmbeddedError(
                    f"{self.directory / 'password'} is not the server's password: {failure}"
                )
            time.sleep(_PAUSE_SECONDS)
        raise EmbeddedError(f"the embedded database does not answer ({self.log}): {failure}")

    def _psql(self, port: int, query: str) -> subprocess.CompletedProcess[str]:
        return self.account.run(
            [
                *(self.binaries / "psql", "-XAtq", "-h", "127.0.0.1", "-p", str(port)),
                *("-U", USER, "-d", "postgres", "-c", query),
            ],
            env={"PGPASSWORD": self.password(), "PGCONNECT_TIMEOUT": "5"},
        )
