"""The walk-throughs for integrators: every line of them is run, in order, against real services."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.stories.support.installation import free_port

pytestmark = pytest.mark.story

ROOT = Path(__file__).parents[2]
PAGES = ("integrate-tax-bureau", "integrate-bank", "integrate-dashboard")
PORTS = {"collection": 8001, "ledger": 8002, "payout": 8003, "identity": 8005, "sandbox": 8010}
READY_SECONDS = 180
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: str) -> list[tuple[str, str]]:
    return _BLOCK.findall((ROOT / f"docs/{page}.md").read_text("utf-8"))


@pytest.fixture(scope="module")
def home(run_home: Path) -> Path:
    """A home that the database server's account may enter."""
    return run_home / "integrate"


@pytest.fixture(scope="module")
def ports(home: Path) -> Iterator[dict[str, int]]:
    """The house that the pages' own first block starts, on free ports."""
    ports = {name: free_port() for name in PORTS}
    environment = os.environ | {"WUXIAN_HOME": str(home), "WUXIAN_LOG_LEVEL": "WARNING"}
    environment.pop("WUXIAN_DATABASE_URL", None)
    environment |= {f"WUXIAN_{name.upper()}_PORT": str(port) for name, port in ports.items()}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    (start,) = {text for page in PAGES for kind, text in blocks(page) if kind == "sh"}
    home.mkdir(parents=True)
    with (home / "up.log").open("w") as log:
        command = start.replace("\nwuxian up", "\nexec wuxian up")
        process = subprocess.Popen(
            ["bash", "-ec", command], env=environment, cwd=home, stdout=log, stderr=log
        )
        try:
            wait_ready(ports, home, process)
            yield ports
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def wait_ready(ports: dict[str, int], home: Path, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + READY_SECONDS
    for port in ports.values():
        while True:
            assert time.monotonic() < ends, (home / "up.log").read_text()[-3000:]
            assert process.poll() is None, (home / "up.log").read_text()[-3000:]
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.3)


@pytest.mark.parametrize("page", PAGES)
def test_every_line_of_the_page_runs(page: str, ports: dict[str, int], home: Path) -> None:
    found = blocks(page)
    kinds = {kind for kind, _ in found}
    assert kinds == {"sh", "python"}, "a block that no test runs"
    code = "\n".join(text for kind, text in found if kind == "python")
    for name, port in PORTS.items():
        code = code.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ports[name]}")
    environment = os.environ | {
        "WUXIAN_HOME": str(home),
        "PYTHONPATH": str(ROOT / "clients/python"),
    }
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
