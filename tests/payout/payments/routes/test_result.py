"""Doors of the bank's results and of the totals."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from shared.ids import Ref
from shared.money import parse_yuan
from shared.references import Reference
from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, result


async def totals(office: Office, **params: str) -> dict[str, Any]:
    answer = await office.ask("GET", "/v1/totals", role="supervisor", **params)
    funds: dict[str, Any] = answer.json()["funds"]
    return funds


async def test_paid_lines_draw_refused_lines_release_and_the_batch_closes(office: Office) -> None:
    batch = await office.ready_batch(
        hospital_claim("100.00", "20.00", "3.00"), hospital_claim("7.00", district="nankai")
    )
    lines = await office.lines(batch)
    answer = await office.report(
        batch, [result(lines[0]), result(lines[1], "refused"), result(lines[2], "unknown")]
    )
    assert answer.json() == {
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
    shown = await office.get_batch(batch)
    assert (shown["paid"], shown["refused"], shown["open_lines"]) == ("110.00", "20.00", 0)
    hold = office.peers.hold_by_id(shown["hold"])
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


async def test_a_return_is_booked_even_when_it_was_reported_first(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("41.00"), hospital_claim("42.00"))
    early, late = await office.lines(batch)
    back = {"value_date": "2022-01-04"}
    first = await office.report(batch, [result(early, "returned", **back), result(late)])
    assert first.json()["batch_status"] == "ready"
    await office.report(batch, [result(early)])
    closed = await office.report(batch, [result(late, "returned", value_date="2021-08-09")])
    assert closed.json()["batch_status"] == "closed"
    await office.deliver()
    shown = await office.get_batch(batch)
    assert (shown["paid"], shown["returned"]) == ("83.00", "83.00")
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
        assert [
            (rejection["line"], rejection["code"]) for rejection in answer.json()["rejected"]
        ] == [
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


async def test_concurrent_files_are_taken_one_after_another(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim(*[f"{cents}.00" for cents in range(1, 21)]))
    lines = await office.lines(batch)
    files = [[result(line) for line in lines[start::3]] for start in range(3)]
    answers = await asyncio.gather(*(office.report(batch, file) for file in files * 2))
    assert all(answer.status_code == 200 for answer in answers)
    assert sum(answer.json()["paid"] for answer in answers) == 20
    assert sum(answer.json()["replayed"] for answer in answers) == 20
    await office.deliver()
    shown = await office.get_batch(batch)
    assert (shown["status"], shown["paid"]) == ("closed", "210.00")
    assert office.peers.hold_by_id(shown["hold"])["remaining"] == 0


async def test_sending_every_message_again_changes_nothing(office: Office) -> None:
    await office.deliver()
    before = (dict(office.peers.vouchers), dict(office.peers.releases), office.peers.funds_fen)
    answer = await office.ask("POST", "/v1/outbox/replays", {}, role="fund_accountant")
    assert answer.json()["replayed"] > 0
    await office.deliver()
    assert (office.peers.vouchers, office.peers.releases, office.peers.funds_fen) == before
    stats = await office.ask("GET", "/v1/outbox", role="supervisor")
    assert stats.json() == {"waiting": 0, "refused": 0}


async def test_messages_wait_while_the_ledger_is_down(office: Office) -> None:
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


async def test_totals_add_up_by_fund_and_period(office: Office) -> None:
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


async def test_a_bank_day_that_is_closed_keeps_its_value_date(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("71.00", "72.00"))
    first, second = await office.lines(batch)
    await office.close_books("2021-08-31")
    try:
        answer = await office.report(
            batch, [result(first), result(second), result(second, "returned")]
        )
        assert answer.json()["batch_status"] == "closed"
        claim = await office.approved(hospital_claim("73.00"))
        refused = await office.batch([claim], pay_date="2021-08-31")
        assert (refused.status_code, refused.json()["code"]) == (409, "DAY_CLOSED")
        assert "2021-09-01" in refused.text
        assert (await office.batch([claim], pay_date="2021-09-01")).status_code == 201
    finally:
        await office.close_books(None)
    await office.deliver()
    uuid = Ref.parse(Reference.PAYMENT_BATCH, batch).id.hex
    days = {
        (voucher["kind"], voucher["book_date"], voucher["value_date"])
        for event, voucher in office.peers.vouchers.items()
        if uuid in event
    }
    assert days == {
        ("payment", "2021-09-01", "2021-08-05"),
        ("payment_return", "2021-09-01", "2021-08-05"),
    }
    controls = {}
    for day in ("2021-08-31", "2021-09-01"):
        control = await office.ask("GET", "/v1/closing-control", role="supervisor", as_of=day)
        controls[day] = control.json()["funds"].get("medical", {"benefits": "0.00"})["benefits"]
    late_fen = parse_yuan(controls["2021-09-01"]) - parse_yuan(controls["2021-08-31"])
    assert late_fen >= 71_00


async def test_a_payment_dated_before_its_batch_is_booked_on_the_day_of_the_batch(
    office: Office,
) -> None:
    batch = await office.ready_batch(hospital_claim("74.00"))
    (line,) = await office.lines(batch)
    answer = await office.report(batch, [result(line, value_date="2020-12-31")])
    assert (answer.json()["paid"], answer.json()["batch_status"]) == (1, "closed")
    await office.deliver()
    uuid = Ref.parse(Reference.PAYMENT_BATCH, batch).id.hex
    assert [
        (voucher["kind"], voucher["book_date"], voucher["value_date"])
        for event, voucher in office.peers.vouchers.items()
        if uuid in event
    ] == [("payment", "2021-08-05", "2020-12-31")], "the money is held from that day on"


async def test_paid_claims_add_up_to_the_closing_control(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("61.00", "62.00"))
    first, second = await office.lines(batch)
    await office.report(batch, [result(first), result(second)])
    day = {"role": "supervisor", "as_of": "2100-12-31"}
    control = await office.ask("GET", "/v1/closing-control", **day)
    item = control.json()["funds"]["medical"]["items"]["benefits"]
    path = "/v1/closing-control/papers"
    papers = await office.ask("GET", path, fund="medical", differing=False, limit=500, **day)
    assert papers.json()["next_cursor"] is None
    for name in ("business", "statistics"):
        sum_fen = sum(parse_yuan(paper[name]) for paper in papers.json()["items"])
        assert sum_fen == parse_yuan(item[name])
    differing = await office.ask("GET", path, fund="medical", **day)
    assert differing.json()["items"] == []
