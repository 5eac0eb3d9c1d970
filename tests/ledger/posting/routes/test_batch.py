"""Batches: each voucher its own outcome, or all or none."""

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import entry, fresh, pair, receipt


async def batch(
    ledger: Ledger,
    vouchers: list[object],
    *,
    atomic: bool = False,
    role: Role = Role.COLLECTION_SERVICE,
) -> dict[str, object]:
    body = {"vouchers": vouchers, "atomic": atomic}
    answer = await ledger.post("/v1/voucher-batches", body, role)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_refused_voucher_never_fails_its_neighbours(ledger: Ledger) -> None:
    crooked = receipt(
        entries=[
            entry("pension", "income_deposit", "debit", "2.00"),
            entry("pension", "contribution_income.pooled", "credit", "1.00"),
        ]
    )
    known = receipt()
    await ledger.post("/v1/vouchers", known)
    answer = await batch(ledger, [receipt(), crooked, known, receipt(owner="91120102MA06TEST1Y")])
    assert (answer["posted"], answer["replayed"], answer["refused"]) == (2, 1, 1)
    results = answer["results"]
    assert [one["outcome"] for one in results] == ["posted", "refused", "replayed", "posted"]
    problem = results[1]["problem"]
    assert (problem["code"], problem["status"]) == ("VOUCHER_UNBALANCED", 422)
    assert problem["trace_id"]
    assert results[1]["event_id"] == crooked["event_id"]


async def test_twins_in_one_batch_share_one_outcome(ledger: Ledger) -> None:
    body = receipt()
    other = body | {"summary": "不同"}
    answer = await batch(ledger, [body, body, other])
    outcomes = [one["outcome"] for one in answer["results"]]
    assert outcomes == ["posted", "replayed", "refused"]
    assert answer["results"][0]["id"] == answer["results"][1]["id"]
    assert answer["results"][2]["problem"]["code"] == "EVENT_ID_REUSED"


async def test_an_atomic_batch_posts_all_or_none(ledger: Ledger) -> None:
    before = await ledger.balances("unemployment")
    good = [
        receipt(
            entries=pair("unemployment", "income_deposit", "contribution_income.pooled", "5.00")
        )
        for _ in range(3)
    ]
    bad = receipt(entries=pair("unemployment", "fiscal_deposit", "income_deposit", "5.00"))
    answer = await batch(ledger, [*good, bad], atomic=True)
    assert (answer["posted"], answer["refused"]) == (0, 4)
    codes = [one["problem"]["code"] for one in answer["results"]]
    assert codes[:3] == ["ATOMIC_BATCH_REFUSED"] * 3
    assert codes[3] in {"OWNER_NOT_CENTRE", "FLOW_FORBIDDEN"}
    assert await ledger.balances("unemployment") == before
    # Nothing of the attempt is pinned: mended, the same ids go through.
    mended = bad | {"entries": good[0]["entries"]}
    answer = await batch(ledger, [*good, mended], atomic=True)
    assert answer["posted"] == 4
    answer = await batch(ledger, [*good, mended], atomic=True)
    assert answer["replayed"] == 4


async def test_an_atomic_batch_must_lie_in_one_slot(ledger: Ledger) -> None:
    vouchers = [receipt(), receipt(owner="centre")]
    answer = await ledger.post("/v1/voucher-batches", {"vouchers": vouchers, "atomic": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "ATOMIC_SPANS_SLOTS")


async def test_thousands_of_vouchers_in_one_request(ledger: Ledger) -> None:
    vouchers = [receipt("0.01", owner=f"UNIT-{i % 97}") for i in range(2_500)]
    answer = await batch(ledger, vouchers)
    assert answer["posted"] == 2_500
    assert (await batch(ledger, vouchers))["replayed"] == 2_500


async def test_a_full_queue_answers_503_and_loses_nothing(ledger: Ledger) -> None:
    import asyncio

    books = ledger.books
    limit, books.queue_limit = books.queue_limit, 1
    try:
        bodies = [receipt() for _ in range(24)]
        answers = await asyncio.gather(*[ledger.post("/v1/vouchers", body) for body in bodies])
    finally:
        books.queue_limit = limit
    statuses = {answer.status_code for answer in answers}
    assert statuses == {201, 503}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.json()["code"] == "QUEUE_FULL"
    assert refused.headers["retry-after"]
    again = [await ledger.post("/v1/vouchers", body) for body in bodies]
    assert sorted({answer.status_code for answer in again}) == [200, 201]


async def test_more_than_a_batch_holds_is_refused_whole(ledger: Ledger) -> None:
    body = {"vouchers": [{"event_id": fresh()}] * 10_001}
    answer = await ledger.post("/v1/voucher-batches", body)
    assert answer.status_code == 422
