"""Failed payments: a refused or returned line is paid again, on the corrected account, once."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared import trail
from shared.ids import Ref
from shared.references import Reference
from tests.payout.support.office import Office
from tests.payout.support.papers import account, hospital_claim, pensioner, result
from tests.payout.support.recovering import came_back, died, pay

HOSPITAL = "天津市第一中心医院"


async def batch_of(office: Office, claim: str) -> str:
    """Form and fund a batch of one claim; return its id."""
    created = await office.batch([claim])
    assert created.status_code == 201, created.text
    await office.fund()
    return str(created.json()["id"])


async def failed(office: Office, **params: Any) -> list[dict[str, Any]]:
    answer = await office.ask("GET", "/v1/failed-payments", role="supervisor", limit=500, **params)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def correct(office: Office, claim: str, line: int, serial: int) -> httpx.Response:
    body = {"line": line, "bank_account": account(serial, HOSPITAL), "note": "账号有误"}
    path = f"/v1/claims/{claim}/account-corrections"
    return await office.ask("POST", path, body, role="district_clerk", district="heping")


async def decide(office: Office, correction: str, step: str, **how: Any) -> httpx.Response:
    how = {"role": "district_reviewer", "district": "heping"} | how
    body = {"note": "不符"} if step == "refusals" else {}
    return await office.ask("POST", f"/v1/account-corrections/{correction}/{step}", body, **how)


async def test_a_refused_and_a_returned_line_are_paid_again(office: Office) -> None:
    """The case of the report: 2100.00 returned, 2500.00 refused."""
    await office.register([pensioner(600, "2100.00"), pensioner(601, "2500.00")], "dongli")
    claim = await office.approve((await office.run_pensions("2021-07", "dongli")).json())
    first = await batch_of(office, claim)
    lines = await office.lines(first)
    by_amount = {line["amount"]: line for line in lines}
    await office.report(
        first,
        [
            result(by_amount["2100.00"]),
            result(by_amount["2100.00"], "returned", value_date="2021-08-08"),
            result(by_amount["2500.00"], "refused"),
        ],
    )
    assert {(row["outcome"], row["amount"]) for row in await failed(office, district="dongli")} == {
        ("returned", "2100.00"),
        ("refused", "2500.00"),
    }
    second = await batch_of(office, claim)
    again = await office.lines(second)
    assert sorted(line["amount"] for line in again) == ["2100.00", "2500.00"]
    assert await failed(office, district="dongli") == []
    await office.report(second, [result(line) for line in again])
    await office.deliver()
    shown = await office.get_batch(second)
    assert (shown["status"], shown["paid"]) == ("closed", "4600.00")
    assert office.peers.hold_by_id(shown["hold"])["remaining"] == 0
    third = await office.batch([claim])
    assert third.json()["errors"][0]["code"] == "CLAIM_IN_BATCH"
    funds = await office.ask("GET", "/v1/totals", role="supervisor", district="dongli")
    assert funds.json()["funds"]["pension"] == {
        "approved": "4600.00",
        "paid": "6700.00",
        "refused": "2500.00",
        "returned": "2100.00",
        "in_flight": "0.00",
    }


async def test_the_corrected_account_is_paid_after_two_people(office: Office) -> None:
    claim = await office.approved(hospital_claim("5.00", "6.00"))
    batch = await batch_of(office, claim)
    lines = await office.lines(batch)
    early = await correct(office, claim, 2, 700)
    assert (early.status_code, early.json()["code"]) == (409, "LINE_NOT_FAILED")
    await office.report(batch, [result(lines[0]), result(lines[1], "refused")])
    proposed = await correct(office, claim, 2, 700)
    assert proposed.status_code == 201, proposed.text
    correction = proposed.json()["id"]
    path = f"/v1/claims/{claim}/account-corrections"
    body = {"line": 2, "bank_account": account(701, "李四"), "note": "账号有误"}
    how = {"role": "district_clerk", "district": "heping"}
    for more, code in (
        ({}, "HOLDER_DIFFERS"),
        ({"holder_reason": "aunt"}, "HOLDER_REASON_UNKNOWN"),
    ):
        stranger = await office.ask("POST", path, body | more, **how)
        assert stranger.json()["errors"][0]["code"] == code, stranger.text
    guarded = await office.ask("POST", path, body | {"holder_reason": "guardian"}, **how)
    assert guarded.json()["code"] == "ACCOUNT_CORRECTION_WAITS"
    waiting = await correct(office, claim, 2, 701)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "ACCOUNT_CORRECTION_WAITS")
    same = await decide(office, correction, "approvals", subject="district_clerk.heping")
    assert (same.status_code, same.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await decide(office, correction, "approvals", district="nankai")).status_code == 403
    assert (await decide(office, correction, "approvals")).json()["status"] == "approved"
    decided = await decide(office, correction, "refusals")
    assert (decided.status_code, decided.json()["code"]) == (409, "ACCOUNT_CORRECTION_DECIDED")
    second = await batch_of(office, claim)
    (line,) = await office.lines(second)
    assert (line["amount"], line["bank_account"]) == ("6.00", account(700, HOSPITAL))
    none = await correct(office, claim, 1, 702)
    assert none.status_code == 409, "a line that was paid has no account to correct"


async def test_a_refused_correction_leaves_the_account(office: Office) -> None:
    claim = await office.approved(hospital_claim("7.00"))
    batch = await batch_of(office, claim)
    (line,) = await office.lines(batch)
    await office.report(batch, [result(line, "refused")])
    correction = (await correct(office, claim, 1, 710)).json()["id"]
    listed = await office.ask(
        "GET", "/v1/account-corrections", role="supervisor", status="proposed", limit=500
    )
    assert correction in [one["id"] for one in listed.json()["items"]]
    await decide(office, correction, "refusals")
    (again,) = await office.lines(await batch_of(office, claim))
    assert again["bank_account"] == line["bank_account"]


async def test_the_whole_account_is_shown_to_whom_it_is_meant_for_and_the_trail_keeps_it(
    office: Office,
) -> None:
    claim = await office.approved(hospital_claim("7.50"))
    batch = await batch_of(office, claim)
    await office.report(batch, [result((await office.lines(batch))[0], "refused")])
    proposed = (await correct(office, claim, 1, 712)).json()
    assert proposed["bank_account"]["number"] == "6222**********0712"
    path = f"/v1/account-corrections/{proposed['id']}/account"
    for role, district, status in (
        ("district_reviewer", "heping", 200),
        ("district_reviewer", "nankai", 403),
        ("district_clerk", "heping", 403),
        ("bank_gateway", "centre", 403),
    ):
        answer = await office.ask("GET", path, role=role, district=district)
        assert answer.status_code == status, answer.text
        assert status != 200 or answer.json() == account(712, HOSPITAL)
    ref = Ref.parse(Reference.ACCOUNT_CORRECTION, proposed["id"])
    async with office.app.state.db.transaction() as tx:
        steps = await trail.of_paper(tx, ref.key, ref.id)
    assert [(one["step"], one["role"]) for one in steps] == [
        ("proposed", "district_clerk"),
        ("account_read", "district_reviewer"),
    ]
    assert (await decide(office, proposed["id"], "approvals")).status_code == 201, (
        "a reader may sign"
    )


async def test_of_batches_at_the_same_time_one_pays_again(office: Office) -> None:
    claims = []
    for _ in range(3):
        claim = await office.approved(hospital_claim("8.00", "9.00"))
        batch = await batch_of(office, claim)
        await office.report(batch, [result(line, "refused") for line in await office.lines(batch)])
        claims.append(claim)
    answers = await asyncio.gather(
        office.batch(claims), office.batch(claims[::-1]), office.batch(claims[:1])
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_a_cancelled_retry_lets_the_lines_wait_again(office: Office) -> None:
    claim = await office.approved(hospital_claim("10.00", "11.00"))
    batch = await batch_of(office, claim)
    lines = await office.lines(batch)
    await office.report(batch, [result(lines[0]), result(lines[1], "refused")])
    retry = (await office.batch([claim])).json()["id"]
    full_fen, office.peers.funds_fen = office.peers.funds_fen, 0
    await office.fund()
    office.peers.funds_fen = full_fen
    path = f"/v1/payment-batches/{retry}/cancellations"
    cancelled = await office.ask("POST", path, {"note": "改日"}, role="centre_cashier")
    assert cancelled.status_code == 201
    (line,) = await office.lines(await batch_of(office, claim))
    assert line["amount"] == "11.00"


async def test_a_payment_returned_after_the_retry_is_paid_again_alone(office: Office) -> None:
    claim = await office.approved(hospital_claim("12.00", "13.00"))
    first = await batch_of(office, claim)
    lines = await office.lines(first)
    await office.report(first, [result(lines[0]), result(lines[1], "refused")])
    second = await batch_of(office, claim)
    await office.report(second, [result(line) for line in await office.lines(second)])
    await office.report(first, [result(lines[0], "returned", value_date="2021-08-20")])
    (third,) = await office.lines(await batch_of(office, claim))
    assert third["amount"] == "12.00"


@pytest.mark.parametrize("line", [0, 2**31])
async def test_a_malformed_correction_is_refused(office: Office, line: int) -> None:
    claim = Ref.new(1).text(Reference.CLAIM)
    assert (await correct(office, claim, line, 1)).status_code == 422
    assert (await correct(office, claim, 1, 1)).status_code == 409
    unknown = Ref.new(1).text(Reference.ACCOUNT_CORRECTION)
    assert (await decide(office, unknown, "approvals")).status_code == 404


async def test_failed_lines_are_listed_page_by_page(office: Office) -> None:
    claim = await office.approved(hospital_claim("1.00", "2.00", "3.00"))
    batch = await batch_of(office, claim)
    await office.report(batch, [result(line, "refused") for line in await office.lines(batch)])
    seen: list[tuple[str, int]] = []
    cursor = None
    while True:
        answer = await office.ask(
            "GET", "/v1/failed-payments", role="supervisor", limit=2, cursor=cursor
        )
        seen += [(row["claim"], row["line"]) for row in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == len(await failed(office))
    assert {line for of, line in seen if of == claim} == {1, 2, 3}
    bad = await office.ask("GET", "/v1/failed-payments", role="supervisor", cursor="W10")
    assert bad.status_code == 422


async def test_the_service_may_not_rewrite_what_failed(office: Office) -> None:
    for statement in ("DELETE FROM failed_payment", "UPDATE account_correction SET bank = 'x'"):
        with pytest.raises(Exception, match="permission denied"):
            async with office.app.state.db.transaction() as tx:
                await tx.execute(text(statement))


async def test_a_returned_pension_of_a_dead_person_waits_until_the_death_is_withdrawn(
    office: Office,
) -> None:
    here = "hexi"
    await office.register([pensioner(610, "1000.00", "2021-05")], here)
    claim = await office.approve((await office.run_pensions("2021-05", here)).json())
    batch = await pay(office, claim, "2021-05-08")
    assert (await died(office, 610, "2021-04-20", here)).status_code == 201
    (line,) = await office.lines(batch)
    await office.report(batch, [result(line, "returned", value_date="2021-05-10")])
    rows = [row for row in await failed(office) if row["claim"] == claim]
    assert [(row["amount"], row["is_due"]) for row in rows] == [("1000.00", False)]
    again = await office.batch([claim])
    assert again.json()["errors"][0]["code"] == "CLAIM_IN_BATCH", again.text
    assert (await correct(office, claim, 1, 703)).json()["code"] == "LINE_NOT_FAILED"
    assert (await came_back(office, 610, "2021-05", here)).status_code == 201
    assert [row["is_due"] for row in await failed(office) if row["claim"] == claim] == [True]
    await batch_of(office, claim)
