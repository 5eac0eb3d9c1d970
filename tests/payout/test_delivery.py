"""Delivery of payout's outbox: one unreadable message never blocks the others."""

import pytest
from sqlalchemy import text

from shared.ids import uuid7
from shared.wire.voucher_delivery import LedgerBusy
from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, result

UNREADABLE = [
    b"\xff\x00 no JSON",
    b"",
    b"[]",
    b'{"to": "somewhere", "body": {}}',
    b'{"to": "hold_release", "hold": "hld_1", "body": {}}',
    b'{"to": "voucher", "body": {"no": "event id"}}',
]


async def put_raw(office: Office, payloads: list[bytes]) -> None:
    """Store payloads in the outbox as they are."""
    async with office.app.state.db.transaction() as tx:
        for payload in payloads:
            await tx.execute(
                text("INSERT INTO outbox (shard_key, id, payload) VALUES (1, :id, :payload)"),
                {"id": uuid7(), "payload": payload},
            )


async def outbox(office: Office) -> dict[str, int]:
    stats: dict[str, int] = (await office.ask("GET", "/v1/outbox", role="supervisor")).json()
    return stats


async def test_unreadable_messages_are_set_aside_and_the_others_delivered(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("5.00", "6.00"))
    await put_raw(office, UNREADABLE[:3])
    await office.report(batch, [result(line) for line in await office.lines(batch)])
    await put_raw(office, UNREADABLE[3:])
    await office.deliver()
    assert await outbox(office) == {"waiting": 0, "refused": len(UNREADABLE)}
    hold = office.peers.hold_by_id((await office.get_batch(batch))["hold"])
    assert hold["remaining"] == 0
    async with office.app.state.db.transaction() as tx:
        rows = await tx.execute(text("SELECT refused FROM outbox WHERE refused IS NOT NULL"))
        reasons = [row.refused.split(":")[0] for row in rows]
    assert sorted(reasons) == ["MESSAGE_UNREADABLE"] * 5 + ["VALIDATION_FAILED"]


async def test_a_busy_ledger_is_no_refusal(office: Office) -> None:
    before = await outbox(office)
    batch = await office.ready_batch(hospital_claim("7.00"))
    await office.report(batch, [result(line) for line in await office.lines(batch)])
    office.peers.is_busy = True
    with pytest.raises(LedgerBusy):
        await office.deliver()
    office.peers.is_busy = False
    await office.deliver()
    assert await outbox(office) == before


async def test_refused_messages_are_listed_with_their_remedy_and_sent_again(office: Office) -> None:
    listed = await office.ask("GET", "/v1/refused-messages", role="fund_accountant", limit=500)
    assert listed.status_code == 200, listed.text
    items = listed.json()["items"]
    assert items
    for item in items:
        assert item["reason"].startswith(item["code"])
        assert "(" in item["remedy"]  # Chinese first, then English
    again = await office.ask("POST", "/v1/refused-messages/retries", role="fund_accountant")
    assert again.json() == {"retried": len(items)}
    await office.deliver()
    assert (await outbox(office)) == {"waiting": 0, "refused": len(items)}
    metrics = await office.client.get("/metrics")
    assert 'wuxian_refused_messages{service="payout"}' in metrics.text
