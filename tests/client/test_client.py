"""The client package against real services: tokens, signatures, repeats, pages, refusals, webhooks."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import JWKRegistry

from services.collection.app import build
from shared.db import Database
from shared.security.identity import Identity
from shared.webhooks.courier import Courier
from shared.webhooks.event import number
from shared.webhooks.signing import Scheme, Secret, headers
from tests.collection.support.money import TOTAL_FEN, owe
from tests.conftest import ClientOf, SettingsFor
from tests.issuer import Issuer, WithTokens
from tests.receiver import listening
from tests.signers import register
from wuxian_client import (
    AsyncClient,
    Client,
    ClientSecret,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    RequestSigner,
    Unavailable,
    collection,
    events,
    files,
    webhooks,
)
from wuxian_client import client as module

DAY = date(2021, 7, 20)
numbers = count(1)


def pem(key: Any) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    found: bytes = key.private_bytes(encoding, form, serialization.NoEncryption())
    return found


KEYS = {
    "ed": ed25519.Ed25519PrivateKey.generate(),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}


class Way(httpx.AsyncBaseTransport):
    """The way to the services, on which a test may lose answers."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.lose: list[Any] = []
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/oauth/token":
            answer = await self.inner.handle_async_request(
                httpx.Request("POST", request.url, headers={"authorization": basic("tax_bureau")})
            )
            content = {**httpx.Response(200, content=answer.content).json(), "expires_in": 900}
            return httpx.Response(200, json=content, request=request)
        self.sent.append(request)
        answer = await self.inner.handle_async_request(request)
        if self.lose:
            lost = self.lose.pop(0)
            if isinstance(lost, Exception):
                raise lost
            return httpx.Response(lost, request=request, headers={"retry-after": "0"})
        return answer


def basic(name: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:x".encode()).decode()


@pytest.fixture(scope="module")
async def app(
    settings_for: SettingsFor,
    client_of: ClientOf,
    issuer: Issuer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Any]:
    directory: Path = tmp_path_factory.mktemp("trust")
    jwks: dict[str, Any] = {
        name: JWKRegistry.import_key(pem(key), "OKP" if name == "ed" else name.upper()).as_dict()
        for name, key in KEYS.items()
    }
    trust = register(issuer, directory, "tax_bureau", jwks)
    made = build(
        settings_for(
            trusted_keys_path=trust,
            signatures_required_from={"tax_bureau": "2021-01-01"},
            webhook_hosts=["127.0.0.1"],
            webhook_networks=["127.0.0.0/8"],
        )
    )
    async with client_of(made):
        yield made


@pytest.fixture
def way(app: Any, issuer: Issuer) -> Way:
    return Way(WithTokens(issuer, httpx.ASGITransport(app)))


@pytest.fixture
def wuxian(way: Way, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AsyncClient]:
    def make(signer: RequestSigner | None = None, **more: Any) -> AsyncClient:
        parts: dict[str, Any] = {
            "credentials": ClientSecret("tax_bureau", "x"),
            "identity": "http://identity",
            "collection": "http://wuxian",
            "signer": signer,
            "transport": way,
        }
        return AsyncClient(**(parts | more))

    return make


async def pushed(url: str, how_many: int = 1) -> tuple[str, list[collection.TaxLine]]:
    owed = await owe(url, count=how_many)
    amount = Decimal(TOTAL_FEN) / 100
    lines = [
        collection.TaxLine(f"C{next(numbers):06d}", one.credit_code, one.period, amount, DAY)
        for one in owed
    ]
    return f"client-{next(numbers)}", lines


@pytest.mark.parametrize("name", list(KEYS))
async def test_a_signed_push_survives_lost_answers_and_is_taken_once(
    wuxian: Any, way: Way, database_url: str, name: str
) -> None:
    push_no, lines = await pushed(database_url, 2)
    way.lose = [httpx.ReadError("lost"), 503]
    async with wuxian(RequestSigner(name, pem(KEYS[name]))) as client:
        found = await client.send(collection.push_tax(push_no, DAY, lines))
    assert (found.received, found.matched, found.replayed) == (2, 2, 0)
    assert found.allocated_amount == sum(one.amount for one in lines)
    assert len(way.sent) == 3
    assert len({one.headers["idempotency-key"] for one in way.sent}) == 1
    assert len({one.headers["signature"] for one in way.sent}) == 3


async def test_files_are_uploaded_signed_and_once(wuxian: Any, way: Way, tmp_path: Path) -> None:
    head, line = "serial,credit_code,period,amount,paid_on", "F-1,,2021-07,12.30,2021-07-20"
    (tmp_path / "day.csv").write_text(f"{head}\n{line}\n", "utf-8")
    call = files.push_tax_file(
        tmp_path / "day.csv", push_no="CLIENT-F1", collected_on=DAY, count=1, total=Decimal("12.3")
    )
    way.lose = [httpx.ReadError("lost")]
    async with wuxian(RequestSigner("ec", pem(KEYS["ec"]))) as client:
        asked = await client.send(call)
    assert (asked.kind, asked.status, asked.progress.total) == ("tax_push_file", "waiting", 1)
    first, again = way.sent
    assert first.headers["content-type"] == again.headers["content-type"] == "text/csv"
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert first.content == again.content == (tmp_path / "day.csv").read_bytes()


async def test_lists_are_iterated_page_by_page(wuxian: Any, way: Way, database_url: str) -> None:
    owed = await owe(database_url, count=5, period="2021-03")
    async with wuxian() as client:
        bills = [
            one async for one in client.pages(collection.list_bills(period="2021-03", limit=2))
        ]
        assert len(way.sent) == 3
        assert {one.credit_code for one in bills} == {one.credit_code for one in owed}
        detail = await client.send(collection.get_bill(bills[0].id))
    assert sum(line.amount for line in detail.lines) == detail.total == bills[0].total


async def test_refusals_are_exceptions(wuxian: Any, way: Way, database_url: str) -> None:
    push_no, lines = await pushed(database_url)
    signer = RequestSigner("ed", pem(KEYS["ed"]))
    async with wuxian(signer) as client:
        wrong = collection.TaxLine("x", "no code", "2021-13", lines[0].amount, DAY)
        with pytest.raises(Invalid) as invalid:
            await client.send(collection.push_tax(push_no, DAY, [wrong]))
        assert {one.pointer for one in invalid.value.errors} == {
            "/lines/0/credit_code",
            "/lines/0/period",
        }
        with pytest.raises(NotFound):
            await client.send(collection.get_bill("bil_x"))
        with pytest.raises(Forbidden):
            await client.send(collection.get_debit_batch("dbt_x"))
        way.lose = [503] * 9
        with pytest.raises(Unavailable):
            await client.send(collection.get_bill("bil_x"))
    async with wuxian() as client:
        with pytest.raises(NotAuthenticated) as missing:
            await client.send(collection.push_tax(push_no, DAY, lines))
    assert missing.value.code == "SIGNATURE_MISSING"


async def test_events_and_webhooks_end_to_end(
    wuxian: Any,
    database_url: str,
    identity: Identity,
    app: Any,
    settings_for: SettingsFor,
) -> None:
    push_no, lines = await pushed(database_url)
    db: Database = app.state.db
    signer = RequestSigner("ed", pem(KEYS["ed"]))
    for _ in range(3):
        await db.run(number)  # the events of other tests are old
    async with wuxian(signer) as client, listening() as receiver:
        made = await client.send(
            webhooks.register("collection", receiver.url, ["receipt.matched"], "ed25519")
        )
        before = await client.send(events.read("collection"))
        await client.send(collection.push_tax(push_no, DAY, lines))
        courier = Courier.of(db, identity, app.state.settings, app.state.trust)
        await courier.step()
        await courier.settled()
        await courier.close()
        told = await client.send(events.read("collection", before.after_seq, wait=5))
        ((fields, body),) = receiver.got
        found = webhooks.verify(body, fields, [made.public_key])
        assert [one.id for one in told.items] == [found.id]
        (delivery,) = [
            one async for one in client.pages(webhooks.deliveries("collection", made.endpoint))
        ]
    assert (found.type, delivery.last_status) == ("receipt.matched", 200)
    with pytest.raises(webhooks.WebhookInvalid):
        webhooks.verify(body + b" ", fields, [made.public_key])


def test_what_is_old_or_of_another_key_is_no_webhook() -> None:
    secret, other = Secret.new(Scheme.HMAC), Secret.new(Scheme.HMAC)
    body = b'{"type":"a","timestamp":"2026-11-30T00:00:00+00:00","data":{}}'
    old = headers("evt_1", 1_600_000_000, body, [secret])
    with pytest.raises(webhooks.WebhookInvalid, match="now"):
        webhooks.verify(body, old, [secret.shared or ""])
    with pytest.raises(webhooks.WebhookInvalid, match="no key"):
        webhooks.verify(body, old, [other.shared or ""], tolerance_seconds=10**10)
    assert webhooks.verify(body, old, [secret.shared or ""], tolerance_seconds=10**10).id == "evt_1"


def test_the_synchronous_client_sends_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(module, "_sleep", pauses.append)
    answers = [503, 401, 200, 200]
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/oauth/token":
            return httpx.Response(200, json={"access_token": f"t{len(sent)}", "expires_in": 900})
        sent.append(request)
        status = answers.pop(0)
        if status != 200:
            return httpx.Response(status, json={"code": "TOKEN_INVALID"})
        cursor = request.url.params.get("cursor")
        return httpx.Response(200, json={"items": [], "next_cursor": None if cursor else "c"})

    transport = httpx.MockTransport(handle)
    with Client(
        credentials=ClientSecret("bank_gateway", "x"),
        identity="http://identity",
        collection="http://wuxian",
        transport=transport,
    ) as client:
        assert list(client.pages(collection.list_debit_batches())) == []
    assert len(pauses) == 1
    assert [one.headers["authorization"] for one in sent][-2:] == ["Bearer t2", "Bearer t2"]


async def test_the_asynchronous_client_is_given_one_token_for_many_calls(
    wuxian: Any, way: Way
) -> None:
    async with wuxian() as client:
        await asyncio.gather(*(client.send(events.read("collection")) for _ in range(5)))
    assert len({one.headers["authorization"] for one in way.sent}) == 1
