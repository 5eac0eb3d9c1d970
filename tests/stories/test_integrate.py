"""The walk-throughs for integrators: every line of them is run, in order, against real services."""

from __future__ import annotations

import json
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

from shared.roles import Level, Role
from shared.web.openapi import operations
from tests.conftest import give_server
from tests.stories.support.installation import free_port

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]

ROOT = Path(__file__).parents[2]
PAGES = ("integrate-tax-bureau", "integrate-bank", "integrate-dashboard")
PORTS = {
    "collection": 8001,
    "ledger": 8002,
    "payout": 8003,
    "console": 8004,
    "identity": 8005,
    "sandbox": 8010,
}
READY_SECONDS = 180
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: str) -> list[tuple[str, str]]:
    return _BLOCK.findall((ROOT / f"docs/{page}.md").read_text("utf-8"))


@pytest.fixture(scope="module")
def home(run_home: Path, migrated_home: Path) -> Path:
    """A home that the database server's account may enter, with a migrated server."""
    give_server(run_home / "integrate", migrated_home)
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


def test_the_example_of_the_readme_works_as_printed(ports: dict[str, int], home: Path) -> None:
    texts = [(ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md")]
    examples = [[one for kind, one in _BLOCK.findall(text) if "curl" in one] for text in texts]
    assert examples[0] == examples[1]
    code = "".join(examples[0]).replace(".venv/bin/wuxian", "wuxian")
    environment = os.environ | {"WUXIAN_HOME": str(home)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    for name, port in PORTS.items():
        code = code.replace(f"localhost:{port}", f"127.0.0.1:{ports[name]}")
        environment[f"WUXIAN_{name.upper()}_PORT"] = str(ports[name])
    done = subprocess.run(
        ["bash", "-ec", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, '"received":1' in done.stdout) == (0, True), done
    assert '"as_of":"2021-07-31"' in done.stdout


SERVICES = ("collection", "ledger", "payout", "identity")
RANK = sorted(
    Role, key=lambda role: (Level.CENTRE, Level.DISTRICT, Level.MACHINE).index(role.level)
)
"""Roles in the order in which they are tried: the centre's people see the most."""


@pytest.mark.parametrize("service", SERVICES)
def test_every_example_of_a_list_works_as_the_api_page_sends_it(
    service: str, ports: dict[str, int], home: Path
) -> None:
    secrets = json.loads((home / "identity/secrets.json").read_text())
    token_url = f"http://127.0.0.1:{ports['identity']}/v1/oauth/token"

    def token(role: str) -> str:
        name = role if role in secrets else f"{role}.heping"
        form = {"grant_type": "client_credentials"}
        answer = httpx.post(token_url, data=form, auth=(name, secrets[name]))
        return str(answer.raise_for_status().json()["access_token"])

    refused, asked = {}, 0
    tokens: dict[str, str] = {}
    with httpx.Client(base_url=f"http://127.0.0.1:{ports[service]}", timeout=60) as client:
        document = client.get("/openapi.json").json()
        for path, method, operation in operations(document):
            roles = [role for role in operation["x-roles"] if is_of_sandbox(role, secrets)]
            parameters = operation.get("parameters", [])
            if method != "get" or "{" in path or not roles:
                continue
            role = min(roles, key=RANK.index)
            if role not in tokens:
                tokens[role] = token(role)
            given = {one["name"]: one["example"] for one in parameters if "example" in one}
            answer = client.get(
                path, params=given, headers={"Authorization": f"Bearer {tokens[role]}"}
            )
            asked += 1
            if answer.status_code != 200 and "UNIT_UNKNOWN" not in answer.text:
                refused[path] = (answer.status_code, answer.text[:200])
    assert asked > 4
    assert refused == {}, list(refused.items())


def is_of_sandbox(role: str, secrets: dict[str, str]) -> bool:
    return role in secrets or f"{role}.heping" in secrets
