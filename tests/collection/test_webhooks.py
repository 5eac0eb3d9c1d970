"""Webhooks: told once registered, signed, tried again, and never where they must not go."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from time import monotonic
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from services.collection.app import build
from shared.db import Database
from shared.process.settings import Settings
from shared.security.identity import Identity
from shared.security.trust import Trust, digest_of
from shared.webhooks import delivery as delivery_store
from shared.webhooks.address import AddressForbidden, AddressRules
from shared.webhooks.courier import Courier
from shared.webhooks.event import EventType, NewEvent, number, record_events
from tests.collection.support.money import fetch, line, owe, push
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.receiver import Receiver, listening

DOORS = "/v1/webhook-endpoints"
ONE = EventType.BILL_ISSUED
numbers = count(1)


@pytest.fixture(scope="module")
def settings(settings_for: SettingsFor) -> Settings:
    return settings_for(webhook_hosts=["127.0.0.1"], webhook_networks=["127.0.0.0/8"])


@pytest.fixture(scope="module")
async def api(
    settings: Settings, client_of: ClientOf, bearer: Bearer
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build(settings)) as client:
        client.headers.update(bearer("tax_bureau"))
        yield client


async def nobody() -> dict[str, Any]:
    return {"keys": [], "revoked": {"disabled": []}}


async def the_bureau() -> dict[str, Any]:
    return {"keys": [], "revoked": {"disabled": [digest_of("tax_bureau")]}}


@pytest.fixture
async def courier(db: Database, identity: Identity, settings: Settings) -> AsyncIterator[Courier]:
    made = Courier.of(db, identity, settings, Trust("collection", nobody))
    yield made
    await made.close()


@pytest.fixture
async def receivers() -> AsyncIterator[Callable[[], Awaitable[Receiver]]]:
    async with AsyncExitStack() as opened:

        async def make() -> Receiver:
            return await opened.enter_async_context(listening())

        yield make


@pytest.fixture(autouse=True)
async def nothing_registered(database_url: str) -> AsyncIterator[None]:
    yield
    await fetch(database_url, "UPDATE webhook_endpoint SET is_active = false, client = 'gone'")
    await fetch(database_url, "UPDATE lease SET until = now() WHERE name = 'webhooks'")


async def register(api: httpx.AsyncClient, url: str, **more: Any) -> dict[str, Any]:
    answer = await api.post(DOORS, json={"url": url, "types": [ONE], **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def happen(db: Database, how_many: int = 1) -> None:
    events = [NewEvent(ONE, 7, f"bil_{next(numbers)}") for _ in range(how_many)]
    await db.run(lambda tx: record_events(tx, events))


async def deliver(courier: Courier) -> None:
    await courier.step()
    await courier.settled()


async def again(database_url: str) -> None:
    """Let the time until the next attempt be over."""
    await fetch(database_url, "UPDATE webhook_delivery SET due_at = now() WHERE due_at IS NOT NULL")
    await fetch(database_url, "UPDATE webhook_endpoint SET paused_until = NULL")


async def deliveries(api: httpx.AsyncClient, endpoint: str) -> list[dict[str, Any]]:
    answer = await api.get(f"{DOORS}/{endpoint}/deliveries")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_receiver_verifies_with_the_library_of_the_standard(
    api: httpx.AsyncClient, db: Database, courier: Courier, receivers: Any
) -> None:
    receiver = await receivers()
    made = await register(api, receiver.url)
    await happen(db)
    await deliver(courier)
    ((fields, body),) = receiver.got
    event = Webhook(made["secret"]).verify(body, fields)
    assert event == json.loads(body)
    assert set(event) == {"type", "timestamp", "data"}
    assert (event["type"], list(event["data"])) == ("bill.issued", ["id"])
    (row,) = await deliveries(api, made["endpoint"])
    assert (row["attempts"], row["last_status"], row["event"]) == (1, 200, fields["webhook-id"])


async def test_a_disabled_client_is_told_nothing_more(
    api: httpx.AsyncClient, db: Database, identity: Identity, settings: Settings, receivers: Any
) -> None:
    receiver = await receivers()
    made = await register(api, receiver.url)
    trust = Trust("collection", the_bureau)
    await trust.refresh()
    courier = Courier.of(db, identity, settings, trust)
    await happen(db)
    await deliver(courier)
    await courier.close()
    assert receiver.got == []
    shown = (await api.get(f"{DOORS}/{made['endpoint']}")).json()
    assert (shown["is_active"], shown["reason"]) == (False, "客户端已停用 (the client is disabled)")


async def test_rotation_gives_two_valid_signatures_and_no_stored_secret_is_readable(
    api: httpx.AsyncClient, db: Database, courier: Courier, receivers: Any, database_url: str
) -> None:
    receiver = await receivers()
    first = await register(api, receiver.url)
    door = f"{DOORS}/{first['endpoint']}"
    for scheme in ("hmac", "ed25519"):
        answer = await api.post(f"{door}/secrets", json={"scheme": scheme})
        assert answer.status_code == 201
    await happen(db)
    await deliver(courier)
    ((fields, body),) = receiver.got
    kinds = [one.partition(",")[0] for one in fields["webhook-signature"].split(" ")]
    assert sorted(kinds) == ["v1", "v1a"]  # the first of three has ended
    key = Ed25519PublicKey.from_public_bytes(
        base64.b64decode(answer.json()["public_key"].removeprefix("whpk_"))
    )
    (signature,) = [
        one[4:] for one in fields["webhook-signature"].split(" ") if one.startswith("v1a,")
    ]
    signed = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.".encode() + body
    key.verify(base64.b64decode(signature), signed)
    shown = (await api.get(door)).json()
    assert len(shown["secrets"]) == 2
    assert "whsec" not in json.dumps(shown)
    rows = await fetch(database_url, "SELECT sealed FROM webhook_secret")
    raw = base64.b64decode(first["secret"].removeprefix("whsec_"))
    assert all(raw not in bytes(row["sealed"]) for row in rows)


async def test_failures_are_tried_again_later_and_410_ends_it(
    api: httpx.AsyncClient, db: Database, courier: Courier, receivers: Any, database_url: str
) -> None:
    receiver = await receivers()
    receiver.statuses = [500, 307, 429]
    made = await register(api, receiver.url)
    await happen(db)
    for attempt in range(1, 5):
        await deliver(courier)
        await deliver(courier)  # it is not due yet
        assert len(receiver.got) == attempt
        await again(database_url)
    assert len({fields["webhook-id"] for fields, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    (row,) = await deliveries(api, made["endpoint"])
    assert (row["attempts"], row["last_status"], row["next_attempt_at"]) == (4, 200, None)
    receiver.statuses = [410]
    await happen(db, 3)
    await deliver(courier)
    assert len(receiver.got) == 5
    shown = (await api.get(f"{DOORS}/{made['endpoint']}")).json()
    assert (shown["is_active"], "410" in shown["reason"]) == (False, True)
    await again(database_url)
    await deliver(courier)
    assert len(receiver.got) == 5
    state = {"is_active": True, "note": "repaired"}
    assert (await api.post(f"{DOORS}/{made['endpoint']}/states", json=state)).status_code == 201
    again_ = await api.post(f"{DOORS}/{made['endpoint']}/redeliveries", json={"after_seq": 0})
    assert again_.json() == {"deliveries": 3}
    await deliver(courier)
    assert len(receiver.got) == 8
    event = receiver.got[0][0]["webhook-id"]
    one = await api.post(f"{DOORS}/{made['endpoint']}/redeliveries", json={"event": event})
    assert one.json() == {"deliveries": 1}
    await deliver(courier)
    assert receiver.got[-1][0]["webhook-id"] == event


def test_pauses_grow_from_five_seconds_to_a_day_and_end() -> None:
    pauses = [delivery_store.pause_after(attempt) for attempt in range(1, 12)]
    assert pauses[-1] is None
    known = [one for one in pauses if one is not None]
    assert known == sorted(known)
    assert 4 <= known[0] <= 6
    assert 0.8 * 86_400 <= known[-1] <= 1.2 * 86_400


async def test_a_slow_address_holds_up_no_other(
    api: httpx.AsyncClient, db: Database, courier: Courier, receivers: Any
) -> None:
    slow, *quick = [await receivers() for _ in range(6)]
    slow.seconds = 3
    for receiver in (slow, *quick):
        await register(api, receiver.url)
    await happen(db, 30)
    began = monotonic()
    while any(len(receiver.got) < 30 for receiver in quick) and monotonic() - began < 60:
        await courier.step()
        await asyncio.sleep(0.05)
    assert [len(receiver.got) for receiver in quick] == [30] * 5
    assert len(slow.got) < 30
    for receiver in quick:  # in order, each once
        ids = [json.loads(body)["data"]["id"] for _, body in receiver.got]
        assert len(set(ids)) == 30


async def test_addresses_that_no_operator_allowed_are_refused(api: httpx.AsyncClient) -> None:
    for url in (
        "http://localhost/x",
        "https://127.0.0.1.nip.io/",
        "https://user:pw@127.0.0.1/",
        "ftp://127.0.0.1/",
        "https://127.0.0.1/#x",
        "https://[::1]/",
        "https://127.0.0.1:99999/",
        "https:///nothing",
    ):
        answer = await api.post(DOORS, json={"url": url, "types": [ONE]})
        assert answer.json()["code"] == "WEBHOOK_ADDRESS_FORBIDDEN", url
    foreign = {"url": "https://127.0.0.1/", "types": ["payment_batch.ready", "debit_batch.ready"]}
    answer = await api.post(DOORS, json=foreign)
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/types/0", "/types/1"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.7",
        "fd00::1",
        "0.0.0.0",
        "64:ff9b::a00:7",
        "2002:a00:7::1",
        "224.0.0.1",
    ],
)
async def test_a_name_that_leads_inside_is_not_followed(address: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", address]

    rules = AddressRules(["hooks.example.cn"], [], resolve)
    with pytest.raises(AddressForbidden):
        await rules.target("https://hooks.example.cn/x")


async def test_a_public_name_is_reached_at_the_address_that_was_checked() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    rules = AddressRules([".example.cn"], [], resolve)
    target = await rules.target("https://hooks.example.cn:8443/x?y=1")
    assert target.url == "https://93.184.216.34:8443/x?y=1"
    assert (target.host, target.server_name) == ("hooks.example.cn:8443", "hooks.example.cn")
    with pytest.raises(AddressForbidden):
        await rules.target("http://hooks.example.cn/")
    with pytest.raises(AddressForbidden):
        await rules.target("https://example.cn.evil.org/")


async def test_events_are_written_with_their_fact_and_the_feed_has_no_gap(
    api: httpx.AsyncClient, db: Database, database_url: str
) -> None:
    owed = await owe(database_url, count=2)
    lines = [line(f"H{next(numbers):06d}", one.credit_code) for one in owed]
    body = push(f"hook-{next(numbers)}", [*lines, line(f"H{next(numbers):06d}", "unknown")])
    body["lines"][2]["credit_code"] = "91120101MA00000000"
    before = (await api.get("/v1/events", params={"limit": 1000})).json()
    rehearsed = await api.post(
        "/v1/tax-pushes", json=body | {"count": 99}, headers={"Idempotency-Key": "hook-bad"}
    )
    assert rehearsed.status_code == 422
    sent = await api.post("/v1/tax-pushes", json=body, headers={"Idempotency-Key": body["push_no"]})
    assert sent.status_code == 200, sent.text
    waiting = asyncio.create_task(
        api.get("/v1/events", params={"after_seq": before["after_seq"], "wait": 10})
    )
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await asyncio.gather(*(db.run(number) for _ in range(4)))  # several workers at once
    found = (await waiting).json()
    types = sorted(one["type"] for one in found["items"])
    assert types == ["receipt.matched", "receipt.matched", "receipt.suspended"]
    seqs = [one["seq"] for one in found["items"]]
    assert seqs == list(range(seqs[0], seqs[0] + 3))
    assert (found["after_seq"], found["has_more"]) == (seqs[-1], False)
    beyond = await api.get("/v1/events", params={"after_seq": seqs[-1] + 1})
    assert beyond.status_code == 422


async def test_a_client_sees_its_own_addresses_only(
    api: httpx.AsyncClient, bearer: Bearer, receivers: Any
) -> None:
    made = await register(api, (await receivers()).url)
    bank = bearer("bank_gateway")
    assert (await api.get(DOORS, headers=bank)).json()["items"] == []
    for path in ("", "/deliveries"):
        answer = await api.get(f"{DOORS}/{made['endpoint']}{path}", headers=bank)
        assert answer.json()["code"] == "WEBHOOK_ENDPOINT_UNKNOWN"
    clerk = bearer("district_clerk", "heping")
    assert (await api.get(DOORS, headers=clerk)).status_code == 403
    assert (await api.get("/v1/events", headers=clerk)).status_code == 403
