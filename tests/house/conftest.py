"""Helpers for tests that start real processes."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.embedded import EmbeddedPostgres, pidfile
from services.embedded.guard import python_command, python_environment
from tests.house.passwords import keep_passwords
from tests.issuer import Issuer

Wuxian = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose embedded server, if any, is gone afterwards."""
    yield tmp_path / "home"
    EmbeddedPostgres(tmp_path / "home").destroy()


@pytest.fixture
def environment(home: Path, issuer: Issuer) -> dict[str, str]:
    """Environment of a child process that lives in that home, and trusts the tests' issuer.

    Its passwords are those of all tests: a role belongs to the whole server, which tests share.
    """
    secrets = home.with_name("secrets")
    keep_passwords(secrets)
    return python_environment() | {
        "WUXIAN_HOME": str(home),
        "WUXIAN_DATABASE_SECRETS_DIR": str(secrets),
        "WUXIAN_TRUSTED_KEYS_PATH": str(issuer.trusted_keys_path),
    }


@pytest.fixture
def wuxian(environment: dict[str, str]) -> Wuxian:
    """wuxian(*words, **variables) → the finished command."""

    def run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            python_command("services.cli", *words),
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def python(environment: dict[str, str]) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """python(source) → a running Python whose first line of output has been written."""
    started: list[subprocess.Popen[str]] = []

    def run(source: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", source],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    return pidfile.is_alive(pid)
