"""Helpers for tests that start real processes."""

import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from services.cli.root import app
from services.embedded import EmbeddedPostgres, pidfile
from services.embedded.guard import python_command, python_environment
from shared.process.settings import settings
from tests.house.passwords import keep_passwords
from tests.issuer import Issuer

Wuxian = Callable[..., "subprocess.CompletedProcess[str]"]
APART = {"backup", "db", "demo", "openapi", "serve", "up", "version"}
"""Commands that live on, or change the process that they run in: each gets one of its own."""


@pytest.fixture
def home(run_home: Path) -> Iterator[Path]:
    """A home that the database server's account may enter; its server, if any, is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="home-", dir=run_home) as directory:
        os.chmod(directory, 0o755)
        yield Path(directory) / "home"
        EmbeddedPostgres(Path(directory) / "home").destroy()


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
    """wuxian(*words, **variables) → the finished command.

    Most commands run within this process: by itself, each would mainly import the same modules.
    """

    def run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        carry_out = _in_a_process if words[0] in APART else _within
        return carry_out(words, environment | variables)

    return run


def _in_a_process(
    words: tuple[str, ...], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        python_command("services.cli", *words),
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _within(
    words: tuple[str, ...], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a thread of its own, since commands start event loops."""
    with patch.dict(os.environ, environment, clear=True), ThreadPoolExecutor(1) as thread:
        done = thread.submit(CliRunner().invoke, app, words).result(120)
    settings.cache_clear()
    wrong = done.exception
    if wrong is not None and not isinstance(wrong, SystemExit):
        fault = "".join(traceback.format_exception(wrong))
        return subprocess.CompletedProcess(words, 1, done.stdout, done.stderr + fault)
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


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
