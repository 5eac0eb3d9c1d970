"""Payment batches: forming, funding, and the bank's word."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from services.payout.payments.store import batch as batch_store
from shared.ids import Ref
from shared.references import Reference
from tests.payout.conftest import Office, hospital_claim, pensioner, result


async def totals(office: Office, **params: str) -> dict[str, Any]:
    answer = await office.ask("GET", "/v1/totals", role="supervisor", **params)
    found: dict[str, Any] = answer.json()["funds"]
    return found


# --- forming -----------------------------------------------------------------------------------


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


async def test_a_batch_needs_a_key_and_a_day_that_has_come(office: Office) -> None:
    claim = await office.approved(hospital_claim("5.00"))
    body = {"claims": [claim], "pay_date": "2021-08-05"}
    keyless = await office.ask("POST", "/v1/payment-batches", body, role="centre_cashier")
    assert (keyless.status_code, keyless.json()["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")
    future = await office.batch([claim], pay_date="2099-01-01")
    assert (future.status_code, future.json()["code"]) == (422, "DATE_IN_FUTURE")


async def test_the_cashier_has_signed_none_of_the_claims(office: Office) -> None:
    filed = (await office.file(hospital_claim("5.00"), subject="zhao")).json()
    claim = await office.approve(filed)
    answer = await office.batch([claim], subject="zhao")
    assert (answer.status_code, answer.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await office.batch([claim])).status_code == 201


@pytest.mark.parametrize("role", ["district_clerk", "district_reviewer"])
async def test_payment_batches_are_closed_to_districts(office: Office, role: str) -> None:
    made = (await office.batch([await office.approved(hospital_claim("5.00"))])).json()["id"]
    who = {"role": role, "district": "heping"}
    assert (await office.batch([], **who)).status_code == 403
    assert (await office.report(made, [])).status_code == 422  # the gateway may, but says nothing
    for path in ("", f"/{made}", f"/{made}/lines", f"/{made}/trail"):
        answer = await office.ask("GET", f"/v1/payment-batches{path}", **who)
        assert answer.status_code == 403
    results = {"batch": made, "results": [{"line": 1}]}
    answer = await office.ask("POST", "/v1/payment-results", results, key="k", **who)
    assert answer.status_code in {403, 422}


async def test_account_numbers_are_whole_for_the_bank_alone(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("5.00"))
    (line,) = await office.lines(batch)
    assert line["bank_account"]["number"] == "6222020302064500000"
    shown = await office.ask("GET", f"/v1/payment-batches/{batch}/lines", role="supervisor")
    assert shown.json()["items"][0]["bank_account"]["number"] == "6222**********0000"


async def test_the_bank_gets_no_list_without_money_behind_it(office: Office) -> None:
    claim = await office.approved(hospital_claim("5.00"))
    batch = (await office.batch([claim])).json()["id"]
    path = f"/v1/payment-batches/{batch}/lines"
    early = await office.ask("GET", path, role="bank_gateway")
    assert (early.status_code, early.json()["code"]) == (409, "BATCH_STATE")
    assert (await office.ask("GET", path, role="centre_cashier")).status_code == 200
    await office.fund()
    assert (await office.ask("GET", path, role="bank_gateway")).status_code == 200


# --- funding -----------------------------------------------------------------------------------


async def test_a_batch_without_money_says_why_and_is_asked_again(office: Office) -> None:
    claim = await office.approved(hospital_claim("5000.00"))
    batch = (await office.batch([claim])).json()["id"]
    had, office.peers.funds_fen = office.peers.funds_fen, 100
    await office.fund()
    found = await office.get_batch(batch)
    assert found["status"] == "unfunded"
    assert "INSUFFICIENT_FUNDS" in found["reason"]
    too_early = await office.report(batch, [result({"line": 1, "amount": "5000.00"})])
    assert (too_early.status_code, too_early.json()["code"]) == (409, "BATCH_STATE")
    office.peers.funds_fen = had
    path = f"/v1/payment-batches/{batch}/funding-checks"
    again = await office.ask("POST", path, {}, role="centre_cashier")
    assert (again.status_code, again.json()["status"]) == (202, "funding")
    await office.fund()
    assert (await office.get_batch(batch))["status"] == "ready"
    once_more = await office.ask("POST", path, {}, role="centre_cashier")
    assert once_more.status_code == 409


async def test_an_unfunded_batch_may_be_given_up_and_its_claims_paid_by_another(
    office: Office,
) -> None:
    claim = await office.approved(hospital_claim("6000.00"))
    batch = (await office.batch([claim])).json()["id"]
    path = f"/v1/payment-batches/{batch}/cancellations"
    funding = await office.ask("POST", path, {"note": "拆分"}, role="centre_cashier")
    assert funding.status_code == 409
    had, office.peers.funds_fen = office.peers.funds_fen, 0
    await office.fund()
    office.peers.funds_fen = had
    given_up = await office.ask("POST", path, {"note": "拆分"}, role="centre_cashier")
    assert given_up.json()["status"] == "cancelled"
    assert (await office.batch([claim])).status_code == 201


async def test_a_lost_answer_of_the_ledger_makes_no_second_hold(office: Office) -> None:
    claim = await office.approved(hospital_claim("8.00"))
    batch = (await office.batch([claim])).json()["id"]
    office.peers.loses_answers = 1
    with pytest.raises(Exception, match="lost"):
        await office.fund()
    assert (await office.get_batch(batch))["status"] == "funding"
    await office.fund()
    found = await office.get_batch(batch)
    assert found["status"] == "ready"
    uuid = Ref.parse(Reference.PAYMENT_BATCH, batch).id
    assert [hold for hold in office.peers.holds if uuid.hex in hold] == [f"hold:{uuid.hex}"]


async def test_a_hold_that_comes_after_the_batch_was_given_up_is_let_go(office: Office) -> None:
    claim = await office.approved(hospital_claim("9.00"))
    batch = (await office.batch([claim])).json()["id"]
    asked_twice = await _waiting(office, batch)
    had, office.peers.funds_fen = office.peers.funds_fen, 0
    await office.fund()
    office.peers.funds_fen = had
    await office.ask(
        "POST",
        f"/v1/payment-batches/{batch}/cancellations",
        {"note": "作废"},
        role="centre_cashier",
    )
    # A second process had read the batch before all this, and now gets the money.
    await office.app.state.funding.fund(asked_twice)
    await office.deliver()
    (hold,) = [one for one in office.peers.holds.values() if one["amount"] == "9.00"]
    assert hold["remaining"] == 0
    assert office.peers.funds_fen == had
    assert (await office.get_batch(batch))["status"] == "cancelled"


async def _waiting(office: Office, batch: str) -> Any:
    async with office.app.state.db.transaction() as tx:
        return await batch_store.load(tx, Ref.parse(Reference.PAYMENT_BATCH, batch))


# --- the bank's word ---------------------------------------------------------------------------


async def test_paid_draws_and_refused_releases_and_the_batch_closes(office: Office) -> None:
    batch = await office.ready_batch(
        hospital_claim("100.00", "20.00", "3.00"), hospital_claim("7.00", district="nankai")
    )
    lines = await office.lines(batch)
    said = await office.report(
        batch, [result(lines[0]), result(lines[1], "refused"), result(lines[2], "unknown")]
    )
    assert said.json() == {
        "paid": 1,
        "refused": 1,
        "returned": 0,
        "unknown": 1,
        "replayed": 0,
        "rejected": [],
        "batch_status": "ready",
    }
    rest = await office.report(batch, [result(lines[2]), result(lines[3])])
    assert rest.json()["batch_status"] == "closed"
    await office.deliver()
    found = await office.get_batch(batch)
    assert (found["paid"], found["refused"], found["open_lines"]) == ("110.00", "20.00", 0)
    hold = office.peers.hold_by_id(found["hold"])
    assert hold["remaining"] == 0
    uuid = Ref.parse(Reference.PAYMENT_BATCH, batch).id.hex
    vouchers = [one for event, one in office.peers.vouchers.items() if uuid in event]
    debits = sorted(
        (entry["account"], entry["district"], entry["amount"])
        for voucher in vouchers
        for entry in voucher["entries"]
        if entry["side"] == "debit"
    )
    assert debits == [
        ("benefit.hospital", "heping", "100.00"),
        ("benefit.hospital", "heping", "3.00"),
        ("benefit.hospital", "nankai", "7.00"),
    ]


async def test_a_repeated_file_changes_nothing(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("31.00", "32.00"))
    first, second = await office.lines(batch)
    file = [result(first), result(second, "refused")]
    one = await office.report(batch, file, key="file-1")
    assert (await office.report(batch, file, key="file-1")).json() == one.json()
    await office.deliver()
    posted = dict(office.peers.vouchers)
    again = await office.report(batch, file, key="file-2")
    assert again.json()["replayed"] == 2
    await office.deliver()
    assert office.peers.vouchers == posted


async def test_a_return_is_booked_back_even_when_it_was_heard_first(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("41.00"), hospital_claim("42.00"))
    early, late = await office.lines(batch)
    back = {"value_date": "2022-01-04"}
    heard = await office.report(batch, [result(early, "returned", **back), result(late)])
    assert heard.json()["batch_status"] == "ready"
    await office.report(batch, [result(early)])
    closed = await office.report(batch, [result(late, "returned", value_date="2021-08-09")])
    assert closed.json()["batch_status"] == "closed"
    await office.deliver()
    found = await office.get_batch(batch)
    assert (found["paid"], found["returned"]) == ("83.00", "83.00")
    uuid = Ref.parse(Reference.PAYMENT_BATCH, batch).id.hex
    returned = {
        (entry["account"], entry["amount"])
        for event, voucher in office.peers.vouchers.items()
        if event.startswith("returned:") and uuid in event
        for entry in voucher["entries"]
        if entry["side"] == "credit"
    }
    assert returned == {("other_income", "41.00"), ("benefit.hospital", "42.00")}


async def test_a_contradiction_is_rejected_and_recorded_once(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("51.00"))
    (line,) = await office.lines(batch)
    await office.report(batch, [result(line)])
    for _ in range(2):
        answer = await office.report(
            batch,
            [
                result(line, "refused"),
                result(line, amount="50.00"),
                result(line, bank_serial="OTHER"),
                result(line | {"line": 99}),
            ],
        )
        assert [(one["line"], one["code"]) for one in answer.json()["rejected"]] == [
            (1, "CONTRADICTS_PAYMENT"),
            (1, "AMOUNT_DIFFERS"),
            (1, "PAYMENT_DIFFERS"),
            (99, "LINE_UNKNOWN"),
        ]
    async with office.app.state.db.transaction() as tx:
        rows = await tx.execute(
            text("""
                SELECT rejected, count(*) AS rows
                  FROM payment_result
                 WHERE batch_key = :key
                 GROUP BY rejected
            """),
            {"key": Ref.parse(Reference.PAYMENT_BATCH, batch).key},
        )
        recorded = {row.rejected: row.rows for row in rows}
    assert recorded == {
        None: 1,
        "CONTRADICTS_PAYMENT": 1,
        "AMOUNT_DIFFERS": 1,
        "PAYMENT_DIFFERS": 1,
        "LINE_UNKNOWN": 1,
    }


async def test_files_at_the_same_time_are_heard_one_after_another(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim(*[f"{cents}.00" for cents in range(1, 21)]))
    lines = await office.lines(batch)
    files = [[result(line) for line in lines[start::3]] for start in range(3)]
    answers = await asyncio.gather(*(office.report(batch, file) for file in files * 2))
    assert all(answer.status_code == 200 for answer in answers)
    assert sum(answer.json()["paid"] for answer in answers) == 20
    assert sum(answer.json()["replayed"] for answer in answers) == 20
    await office.deliver()
    found = await office.get_batch(batch)
    assert (found["status"], found["paid"]) == ("closed", "210.00")
    assert office.peers.hold_by_id(found["hold"])["remaining"] == 0


async def test_sending_every_message_again_changes_nothing(office: Office) -> None:
    await office.deliver()
    before = (dict(office.peers.vouchers), dict(office.peers.releases), office.peers.funds_fen)
    answer = await office.ask("POST", "/v1/outbox/replays", {}, role="fund_accountant")
    assert answer.json()["replayed"] > 0
    await office.deliver()
    assert (office.peers.vouchers, office.peers.releases, office.peers.funds_fen) == before
    stats = await office.ask("GET", "/v1/outbox", role="supervisor")
    assert stats.json() == {"waiting": 0, "refused": 0}


async def test_when_the_ledger_is_away_messages_wait(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("61.00"))
    await office.report(batch, [result(line) for line in await office.lines(batch)])
    office.peers.is_down = True
    with pytest.raises(Exception, match="down"):
        await office.deliver()
    office.peers.is_down = False
    office.peers.loses_answers = 1
    with pytest.raises(Exception, match="lost"):
        await office.deliver()
    await office.deliver()
    hold = office.peers.hold_by_id((await office.get_batch(batch))["hold"])
    assert hold["remaining"] == 0


async def test_totals_tie_by_fund_and_period(office: Office) -> None:
    period = "2020-05"
    batch = await office.ready_batch(
        hospital_claim("10.00", "20.00", period=period),
        hospital_claim("30.00", "40.00", period=period, district="nankai"),
    )
    lines = await office.lines(batch)
    await office.report(
        batch,
        [result(lines[0]), result(lines[1], "refused"), result(lines[2], value_date="2021-08-05")],
    )
    await office.report(batch, [result(lines[2], "returned", value_date="2021-08-06")])
    span = {"period_from": period, "period_to": period}
    assert await totals(office, **span) == {
        "medical": {
            "approved": "100.00",
            "paid": "40.00",
            "refused": "20.00",
            "returned": "30.00",
            "in_flight": "40.00",
        }
    }
    own = await office.ask("GET", "/v1/totals", role="district_clerk", district="heping", **span)
    assert own.json()["funds"]["medical"]["approved"] == "30.00"
