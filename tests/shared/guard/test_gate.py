"""The gate: what is refused by the first lines of a request, and what every answer carries."""

from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Request

from shared.door import Door, door
from shared.guard.gate import address_of
from shared.guard.rate_limit import Pace, RateLimits
from shared.process.settings import Settings
from shared.roles import Right, Role
from shared.web.app import create_app
from shared.web.door_router import DoorRouter
from shared.web.envelope import ANSWER_FIELDS
from shared.web.trust_feed import trust_of
from tests.issuer import Issuer

Bearer = Callable[..., dict[str, str]]
Message = MutableMapping[str, Any]
LIMITS = RateLimits(
    seconds=60,
    open=Pace(reads=5, writes=5),
    bad_token=3,
    others=Pace(reads=4, writes=2),
    roles={Role.SUPERVISOR: None},
)
LIMIT_BYTES = 100_000


@pytest.fixture
def app(issuer: Issuer) -> FastAPI:
    """A service with two doors: one for JSON, one with a limit of its own."""
    router = DoorRouter()

    @router.post("/v1/papers/{paper}/lines", operation_id="lines")
    async def lines(request: Request, at: Annotated[Door, door(Right.REGISTER)]) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.post("/v1/files", operation_id="files", max_body_size=500_000)
    async def files(request: Request, at: Annotated[Door, door(Right.REGISTER)]) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.get("/v1/papers", operation_id="papers")
    async def papers(at: Annotated[Door, door(Right.READ_COLLECTION)]) -> dict[str, int]:
        return {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield

    made = create_app(
        service="t",
        title="t",
        description="t",
        version="0",
        routers=[router],
        lifespan=lifespan,
        trust=trust_of(Settings(trusted_keys_path=issuer.trusted_keys_path), "t"),
        checks=[],
        body_limit_bytes=LIMIT_BYTES,
        rate_limits=LIMITS,
    )
    made.state.db = None
    return made


class Answer:
    """An answer, and how many pieces of the body were taken for it."""

    def __init__(self, messages: list[Message], taken: int) -> None:
        self.status = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.taken = taken


async def ask(
    app: FastAPI,
    method: str,
    path: str,
    headers: dict[str, str],
    body: tuple[bytes, ...] = (),
    scheme: str = "http",
) -> Answer:
    """Ask piece by piece, below any client, so that the test sees what is read."""
    left = list(body)
    sent: list[Message] = []

    async def receive() -> Message:
        piece = left.pop(0) if left else b""
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": scheme,
        "http_version": "1.1",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "client": ("192.0.2.1", 1),
        "server": ("t", 80),
    }
    await app(scope, receive, send)
    return Answer(sent, len(body) - len(left))


async def test_without_a_token_not_a_byte_is_read(app: FastAPI, bearer: Bearer) -> None:
    body = (b"x" * 1000,) * 5
    chunked = {"transfer-encoding": "chunked"}
    for path in ("/v1/papers/1/lines", "/v1/files", "/v1/unknown"):
        answer = await ask(app, "POST", path, chunked, body)
        assert (answer.status, answer.taken) == (401, 0)
    good = bearer(Role.DISTRICT_CLERK, "heping")
    answer = await ask(app, "POST", "/v1/papers/1/lines", good | chunked, body)
    assert (answer.status, answer.taken) == (200, 5)


async def test_each_door_has_its_own_limit(app: FastAPI, bearer: Bearer) -> None:
    clerk = bearer(Role.DISTRICT_CLERK, "heping")
    chunked = clerk | {"transfer-encoding": "chunked"}
    pieces = (b"x" * 50_000,) * 4
    paper = await ask(app, "POST", "/v1/papers/1/lines", chunked, pieces)
    assert (paper.status, paper.taken) == (413, 3)
    file = await ask(app, "POST", "/v1/files", chunked, pieces)
    assert (file.status, file.taken) == (200, 4)
    declared = clerk | {"content-length": str(500_001)}
    assert (await ask(app, "POST", "/v1/files", declared, pieces)).taken == 0


async def test_a_large_body_of_somebody_without_the_right(app: FastAPI, bearer: Bearer) -> None:
    reader = bearer(Role.DASHBOARD) | {"content-length": "90000"}
    answer = await ask(app, "POST", "/v1/files", reader, (b"x" * 90_000,))
    assert (answer.status, answer.taken) == (403, 0)


async def test_a_client_that_comes_too_often(app: FastAPI, bearer: Bearer) -> None:
    clerk = bearer(Role.DISTRICT_CLERK, "heping")
    answers = [await ask(app, "GET", "/v1/papers", clerk) for _ in range(5)]
    assert [answer.status for answer in answers] == [200] * 4 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"reads";q=4;w=60'
    assert answers[0].headers["ratelimit"] == '"reads";r=3;t=15'
    assert answers[4].headers["ratelimit"].startswith('"reads";r=0;')
    assert answers[4].headers["retry-after"] == "15"
    assert (await ask(app, "POST", "/v1/files", clerk)).status == 200  # another door
    other = bearer(Role.DISTRICT_CLERK, "nankai")
    assert (await ask(app, "GET", "/v1/papers", other)).status == 200  # another client
    unlimited = bearer(Role.SUPERVISOR)
    answers = [await ask(app, "GET", "/v1/papers", unlimited) for _ in range(9)]
    assert {answer.status for answer in answers} == {200}
    assert "ratelimit" not in answers[-1].headers


async def test_open_doors_and_bad_tokens_are_limited_by_address(app: FastAPI) -> None:
    statuses = [(await ask(app, "GET", "/v1/version", {})).status for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert {(await ask(app, "GET", "/healthz", {})).status for _ in range(20)} == {200}
    bad = {"authorization": "Bearer x"}
    statuses = [(await ask(app, "GET", "/v1/papers", bad)).status for _ in range(5)]
    assert statuses == [401] * 3 + [429] * 2


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("unix", "unix"),
    ],
)
def test_a_client_is_one_ipv4_address_or_one_ipv6_network(host: str, address: str) -> None:
    assert address_of({"client": (host, 1)}) == address


async def test_every_answer_says_that_it_is_private(app: FastAPI) -> None:
    for path in ("/healthz", "/v1/papers", "/v1/version"):
        headers = (await ask(app, "GET", path, {})).headers
        for name, value in ANSWER_FIELDS.items():
            assert headers[name.decode()] == value.decode()
        assert "strict-transport-security" not in headers
    assert (await ask(app, "GET", "/healthz", {}, scheme="https")).headers[
        "strict-transport-security"
    ]
