"""The access log: a line a request says who, what, result and time, and never content."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from shared.process.settings import Settings
from shared.roles import Role
from shared.web.access import CUT_OFF, AccessLog
from shared.web.app import create_app
from shared.web.authentication import Authenticated
from shared.web.door_router import DoorRouter
from shared.web.envelope import ANSWER_FIELDS
from shared.web.trust_feed import trust_of
from tests.issuer import Issuer

Bearer = Callable[..., dict[str, str]]


@pytest.fixture
def app(issuer: Issuer) -> FastAPI:
    router = DoorRouter()

    @router.get("/v1/things/{name}", operation_id="thing", summary="物 · Thing")
    async def thing(name: str, caller: Authenticated) -> dict[str, str]:
        if name == "crash":
            raise ZeroDivisionError("the salary of 120101199001011234")
        return {"name": name}

    async def nothing() -> dict[str, str]:
        return {}

    return create_app(
        service="collection",
        title="t",
        description="t",
        version="0",
        routers=[router],
        lifespan=None,  # type: ignore[arg-type]
        trust=trust_of(Settings(trusted_keys_path=issuer.trusted_keys_path), "t"),
        checks=[nothing],
        body_limit_bytes=1000,
    )


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_a_request_leaves_one_line_without_content(
    app: FastAPI, bearer: Bearer, capsys: pytest.CaptureFixture[str]
) -> None:
    number = "120101199001011234"
    async with client_of(app) as client:
        headers = bearer(Role.DISTRICT_CLERK, "heping")
        good = await client.get(f"/v1/things/{number}", headers=headers)
        bad = await client.get("/v1/things/a")
        await client.get("/healthz")
    assert (good.status_code, bad.status_code) == (200, 401)
    await asyncio.sleep(0)  # lines are written at the end of a turn of the loop
    first, second = (
        orjson.loads(line)
        for line in capsys.readouterr().err.splitlines()
        if line.startswith('{"event":"request"')
    )
    assert first["role"] == "district_clerk"
    assert first["subject"]
    assert (first["method"], first["route"], first["status"]) == ("GET", "/v1/things/{name}", 200)
    assert first["trace_id"] == good.headers["x-request-id"]
    assert number not in str(first)
    assert second["subject"] is None
    assert second["status"] == 401


async def test_a_crash_is_a_problem_that_tells_nothing_but_its_trace(
    app: FastAPI, bearer: Bearer, capsys: pytest.CaptureFixture[str]
) -> None:
    async with client_of(app) as client:
        headers = bearer(Role.DISTRICT_CLERK, "heping")
        answer = await client.get("/v1/things/crash", headers=headers)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (500, "INTERNAL_ERROR")
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) >= {"type", "title", "status", "detail", "instance", "errors", "trace_id"}
    assert body["trace_id"] == answer.headers["x-request-id"] != ""
    for name, value in ANSWER_FIELDS.items():
        assert answer.headers[name.decode()] == value.decode()
    assert "salary" not in answer.text
    assert "ZeroDivision" not in answer.text
    await asyncio.sleep(0)
    lines = capsys.readouterr().err.splitlines()
    noted = orjson.loads(next(one for one in lines if one.startswith('{"event":"request"')))
    assert (noted["status"], noted["trace_id"]) == (500, body["trace_id"])


async def test_every_request_is_counted_and_timed_by_its_route(
    app: FastAPI, bearer: Bearer
) -> None:
    labels = {"method": "GET", "route": "/v1/things/{name}"}

    def count() -> float:
        return REGISTRY.get_sample_value("wuxian_http_request_seconds_count", labels) or 0

    before = count()
    async with client_of(app) as client:
        for name in ("a", "b"):
            answer = await client.get(
                f"/v1/things/{name}", headers=bearer(Role.DISTRICT_CLERK, "heping")
            )
            assert answer.status_code == 200
    assert count() == before + 2


async def test_a_client_that_left_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    async def leaving_client(scope: object, receive: object, send: object) -> None:
        raise ConnectionResetError

    scope = {"type": "http", "method": "GET", "path": "/v1/x", "client": None}
    with pytest.raises(ConnectionResetError):
        await AccessLog(leaving_client, "ledger")(scope, None, None)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    line = orjson.loads(capsys.readouterr().err)
    assert line["status"] == CUT_OFF
    assert line["service"] == "ledger"


WORKER = """
import sys, time
from pathlib import Path
from prometheus_client import Counter
Counter("wuxian_tried", "tried").inc(int(sys.argv[1]))
"""


def test_the_figures_of_several_workers_are_added_up(tmp_path: Path) -> None:
    share = (
        "import subprocess, sys; from pathlib import Path; from shared.process import metrics;"
        f" metrics.share(Path({str(tmp_path / 'figures')!r}));"
        f" [subprocess.run([sys.executable, '-c', {WORKER!r}, n], check=True) for n in '23'];"
        " print(metrics.exposition().decode())"
    )
    out = subprocess.run([sys.executable, "-c", share], capture_output=True, text=True, check=True)
    assert "wuxian_tried_total 5.0" in out.stdout
