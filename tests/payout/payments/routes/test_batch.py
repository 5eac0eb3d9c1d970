"""Doors of payment batches: forming, funding, cancelling."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.payout.payments.store import batch as batch_store
from shared.ids import Ref
from shared.references import Reference
from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, pensioner, result


async def test_only_fully_approved_claims_of_one_fund_form_a_batch(office: Office) -> None:
    await office.register([pensioner(1)], "nankai")
    pension = (await office.run_pensions("2021-07", "nankai")).json()
    approved = await office.approved(hospital_claim("5.00"))
    filed = (await office.file(hospital_claim("5.00"))).json()["id"]
    unknown = Ref.new(5).text(Reference.CLAIM)
    other_fund = await office.approve(pension)
    answer = await office.batch([approved, filed, unknown, other_fund, approved])
    assert (answer.status_code, answer.json()["code"]) == (409, "CLAIMS_NOT_PAYABLE")
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("/claims/1", "CLAIM_NOT_APPROVED"),
        ("/claims/2", "CLAIM_UNKNOWN"),
        ("/claims/3", "FUND_DIFFERS"),
        ("/claims/4", "CLAIM_REPEATED"),
    ]


async def test_a_batch_whose_money_is_held_is_told_once(office: Office, database_url: str) -> None:
    claim = await office.approved(hospital_claim("5.00"))
    batch = (await office.batch([claim])).json()["id"]
    for _ in range(2):
        await office.fund()
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "payout"})
    try:
        told = await connection.fetch("SELECT type FROM event WHERE data ->> 'id' = $1", batch)
    finally:
        await connection.close()
    assert [row["type"] for row in told] == ["payment_batch.ready"]


async def test_a_claim_is_in_one_live_batch(office: Office) -> None:
    claim = await office.approved(hospital_claim("5.00"))
    first = await office.batch([claim])
    assert first.status_code == 201, first.text
    again = await office.batch([claim])
    assert again.json()["errors"][0]["code"] == "CLAIM_IN_BATCH"


async def test_of_two_batches_at_once_one_gets_the_claim(office: Office) -> None:
    claims = [await office.approved(hospital_claim("5.00")) for _ in range(3)]
    answers = await asyncio.gather(
        office.batch(claims), office.batch(claims[::-1]), office.batch(claims[:1])
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_a_repeated_request_gets_the_first_answer(office: Office) -> None:
    claim = await office.approved(hospital_claim("5.00"))
    first = await office.batch([claim], key="same")
    again = await office.batch([claim], key="same")
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = await office.batch([claim], key="same", pay_date="2021-08-06")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_batch_needs_a_key_and_a_pay_date_not_in_the_future(office: Office) -> None:
    claim = await office.approved(hospital_claim("5.00"))
    body = {"claims": [claim], "pay_date": "2021-08-05"}
    keyless = await office.ask("POST", "/v1/payment-batches", body, role="centre_cashier")
    assert (keyless.status_code, keyless.json()["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")
    future = await office.batch([claim], pay_date="2099-01-01")
    assert (future.status_code, future.json()["code"]) == (422, "DATE_IN_FUTURE")


async def test_the_cashier_may_not_have_filed_or_signed_a_claim(office: Office) -> None:
    filed = (await office.file(hospital_claim("5.00"), subject="zhao")).json()
    claim = await office.approve(filed)
    answer = await office.batch([claim], subject="zhao")
    assert (answer.status_code, answer.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await office.batch([claim])).status_code == 201


@pytest.mark.parametrize("role", ["district_clerk", "district_reviewer"])
async def test_district_people_see_no_payment_batch(office: Office, role: str) -> None:
    batch = (await office.batch([await office.approved(hospital_claim("5.00"))])).json()["id"]
    who = {"role": role, "district": "heping"}
    assert (await office.batch([], **who)).status_code == 403
    assert (
        await office.report(batch, [])
    ).status_code == 422  # the gateway may report, but the list is empty
    for path in ("", f"/{batch}", f"/{batch}/lines", f"/{batch}/trail"):
        answer = await office.ask("GET", f"/v1/payment-batches{path}", **who)
        assert answer.status_code == 403
    results = {"batch": batch, "results": [{"line": 1}]}
    answer = await office.ask("POST", "/v1/payment-results", results, key="k", **who)
    assert answer.status_code in {403, 422}


async def test_only_the_bank_sees_whole_account_numbers(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("5.00"))
    (line,) = await office.lines(batch)
    assert line["bank_account"]["number"] == "6222020302064500000"
    shown = await office.ask("GET", f"/v1/payment-batches/{batch}/lines", role="supervisor")
    assert shown.json()["items"][0]["bank_account"]["number"] == "6222**********0000"


async def test_the_bank_gets_the_list_of_a_funded_batch_only(office: Office) -> None:
    claim = await office.approved(hospital_claim("5.00"))
    batch = (await office.batch([claim])).json()["id"]
    path = f"/v1/payment-batches/{batch}/lines"
    early = await office.ask("GET", path, role="bank_gateway")
    assert (early.status_code, early.json()["code"]) == (409, "BATCH_STATE")
    assert (await office.ask("GET", path, role="centre_cashier")).status_code == 200
    await office.fund()
    assert (await office.ask("GET", path, role="bank_gateway")).status_code == 200


async def test_an_unfunded_batch_shows_the_reason_and_is_checked_again(office: Office) -> None:
    claim = await office.approved(hospital_claim("5000.00"))
    batch = (await office.batch([claim])).json()["id"]
    full_fen, office.peers.funds_fen = office.peers.funds_fen, 100
    await office.fund()
    shown = await office.get_batch(batch)
    assert shown["status"] == "unfunded"
    assert "INSUFFICIENT_FUNDS" in shown["reason"]
    too_early = await office.report(batch, [result({"line": 1, "amount": "5000.00"})])
    assert (too_early.status_code, too_early.json()["code"]) == (409, "BATCH_STATE")
    office.peers.funds_fen = full_fen
    path = f"/v1/payment-batches/{batch}/funding-checks"
    again = await office.ask("POST", path, {}, role="centre_cashier")
    assert (again.status_code, again.json()["status"]) == (202, "funding")
    await office.fund()
    assert (await office.get_batch(batch))["status"] == "ready"
    once_more = await office.ask("POST", path, {}, role="centre_cashier")
    assert once_more.status_code == 409


async def test_an_unfunded_batch_may_be_cancelled_and_its_claims_paid_by_another(
    office: Office,
) -> None:
    claim = await office.approved(hospital_claim("6000.00"))
    batch = (await office.batch([claim])).json()["id"]
    path = f"/v1/payment-batches/{batch}/cancellations"
    funding = await office.ask("POST", path, {"note": "拆分"}, role="centre_cashier")
    assert funding.status_code == 409
    full_fen, office.peers.funds_fen = office.peers.funds_fen, 0
    await office.fund()
    office.peers.funds_fen = full_fen
    cancelled = await office.ask("POST", path, {"note": "拆分"}, role="centre_cashier")
    assert cancelled.json()["status"] == "cancelled"
    assert (await office.batch([claim])).status_code == 201


async def test_a_lost_answer_of_the_ledger_makes_no_second_hold(office: Office) -> None:
    claim = await office.approved(hospital_claim("8.00"))
    batch = (await office.batch([claim])).json()["id"]
    office.peers.loses_answers = 1
    with pytest.raises(Exception, match="lost"):
        await office.fund()
    assert (await office.get_batch(batch))["status"] == "funding"
    await office.fund()
    shown = await office.get_batch(batch)
    assert shown["status"] == "ready"
    uuid = Ref.parse(Reference.PAYMENT_BATCH, batch).id
    assert [hold for hold in office.peers.holds if uuid.hex in hold] == [f"hold:{uuid.hex}"]


async def test_a_hold_that_comes_after_the_batch_was_cancelled_is_let_go(office: Office) -> None:
    claim = await office.approved(hospital_claim("9.00"))
    batch = (await office.batch([claim])).json()["id"]
    first_reading = await _waiting(office, batch)
    full_fen, office.peers.funds_fen = office.peers.funds_fen, 0
    await office.fund()
    office.peers.funds_fen = full_fen
    await office.ask(
        "POST",
        f"/v1/payment-batches/{batch}/cancellations",
        {"note": "作废"},
        role="centre_cashier",
    )
    # A second process read the batch before all this, and gets the money only now.
    await office.app.state.funding.fund(first_reading)
    await office.deliver()
    (hold,) = [one for one in office.peers.holds.values() if one["amount"] == "9.00"]
    assert hold["remaining"] == 0
    assert office.peers.funds_fen == full_fen
    assert (await office.get_batch(batch))["status"] == "cancelled"


async def _waiting(office: Office, batch: str) -> Any:
    async with office.app.state.db.transaction() as tx:
        return await batch_store.load(tx, Ref.parse(Reference.PAYMENT_BATCH, batch))


async def test_batches_are_listed_page_by_page_with_their_trails(office: Office) -> None:
    for amount in ("5.00", "6.00"):
        await office.ready_batch(hospital_claim(amount))
    query: dict[str, Any] = {"role": "centre_cashier", "status": "ready", "limit": 1}
    ids: list[str] = []
    cursor = None
    while cursor is not None or not ids:
        more = {} if cursor is None else {"cursor": cursor}
        page = (await office.ask("GET", "/v1/payment-batches", **query, **more)).json()
        ids += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert len(ids) == len(set(ids)) >= 2
    path = f"/v1/payment-batches/{ids[-1]}/trail"
    trail = await office.ask("GET", path, role="supervisor")
    assert trail.json()["items"][0]["person"] == "centre_cashier"
