"""Doors of ends of entitlements: two people end a pension; later runs pay no month after it."""

from typing import Any

import httpx
import pytest

from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner


async def propose(
    office: Office, serial: int, last_period: str, district: str = "heping", **changes: Any
) -> httpx.Response:
    body = {
        "district": district,
        "identity_number": number(serial),
        "last_period": last_period,
        "reason": "death",
    } | changes
    how = {"role": "district_clerk", "district": district}
    return await office.ask("POST", "/v1/entitlement-ends", body, **how)


async def decide(
    office: Office, end: str, step: str = "approvals", district: str = "heping", **how: Any
) -> httpx.Response:
    how = {"role": "district_reviewer", "district": district} | how
    body = {"note": "材料不全"} if step == "refusals" else {}
    return await office.ask("POST", f"/v1/entitlement-ends/{end}/{step}", body, **how)


async def ended(office: Office, serial: int, last_period: str, district: str) -> dict[str, Any]:
    proposed = await propose(office, serial, last_period, district)
    assert proposed.status_code == 201, proposed.text
    answer = await decide(office, proposed.json()["end"]["id"], district=district)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_run_pays_no_month_after_the_end(office: Office) -> None:
    """The case of the report: died on 2021-09-15, the run of 2021-10 has no line."""
    await office.register([pensioner(500, "3000.00"), pensioner(501, "1.00")], "dongli")
    proposed = await propose(office, 500, "2021-09", "dongli")
    assert proposed.json()["end"]["status"] == "proposed"
    before = await office.run_pensions("2021-08", "dongli")
    assert before.json()["total"] == "3001.00", "a proposed end has no effect"
    await decide(office, proposed.json()["end"]["id"], district="dongli")
    assert (await office.run_pensions("2021-09", "dongli")).json()["total"] == "3001.00"
    assert (await office.run_pensions("2021-10", "dongli")).json()["total"] == "1.00"


async def test_an_approval_names_the_months_paid_after_the_end(office: Office) -> None:
    await office.register([pensioner(510, "1000.00")], "xiqing")
    for period in ("2021-07", "2021-08", "2021-09"):
        await office.run_pensions(period, "xiqing")
    answer = await ended(office, 510, "2021-07", "xiqing")
    assert answer["end"]["status"] == "approved"
    assert answer["paid_after"] == [
        {"period": "2021-08", "amount": "1000.00"},
        {"period": "2021-09", "amount": "1000.00"},
    ]
    shown = await office.ask(
        "GET", f"/v1/entitlement-ends/{answer['end']['id']}", role="supervisor"
    )
    assert shown.json() == answer
    assert number(510) not in shown.text


async def test_an_ended_pension_begins_again_when_two_people_resume_it(office: Office) -> None:
    await office.register([pensioner(520, "1000.00")], "jinnan")
    await office.run_pensions("2021-07", "jinnan")
    await ended(office, 520, "2021-07", "jinnan")
    assert (await office.run_pensions("2021-08", "jinnan")).status_code == 422
    late = await office.register([pensioner(520, "1000.00", "2021-09")], "jinnan")
    assert late.json()["errors"][0]["code"] == "ENTITLEMENT_ENDED"
    again = [{"identity_number": number(520), "from": "2021-09"}]
    resumed = await office.change("resume", again, "jinnan", reason="death")
    assert resumed.status_code == 201, resumed.text
    assert (await office.run_pensions("2021-09", "jinnan")).json()["total"] == "1000.00"


async def test_a_raise_of_earlier_months_does_not_revive_an_ended_pension(office: Office) -> None:
    await office.register([pensioner(530, "1000.00")], "beichen")
    for period in ("2021-07", "2021-08"):
        await office.run_pensions(period, "beichen")
    await ended(office, 530, "2021-08", "beichen")
    await office.register([pensioner(530, "1010.00", "2021-07")], "beichen")
    run = await office.run_pensions("2021-09", "beichen")
    assert (run.json()["lines"], run.json()["total"]) == (2, "20.00"), "arrears of 07 and 08 only"


async def test_a_row_that_begins_after_the_end_was_approved_too_late_is_ended(
    office: Office,
) -> None:
    await office.register([pensioner(535, "1000.00", "2021-08")], "wuqing")
    await ended(office, 535, "2021-07", "wuqing")
    assert (await office.run_pensions("2021-08", "wuqing")).status_code == 422


async def test_an_end_needs_two_people_of_the_paying_district(office: Office) -> None:
    await office.register([pensioner(540)])
    proposed = await propose(office, 540, "2021-09")
    end = proposed.json()["end"]["id"]
    same = await decide(office, end, subject="district_clerk.heping")
    assert (same.status_code, same.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await decide(office, end, district="nankai")).status_code == 403
    assert (await decide(office, end, role="district_clerk")).status_code == 403
    elsewhere = await propose(office, 540, "2021-09", "nankai")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "ENTITLEMENT_ELSEWHERE")
    refused = await decide(office, end, "refusals")
    assert refused.json()["end"]["status"] == "refused"
    late = await decide(office, end)
    assert (late.status_code, late.json()["code"]) == (409, "ENTITLEMENT_END_DECIDED")
    again = await propose(office, 540, "2021-09")
    assert again.status_code == 201
    twice = await propose(office, 540, "2021-08")
    assert (twice.status_code, twice.json()["code"]) == (409, "ENTITLEMENT_END_EXISTS")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"identity_number": "1"}, "/identity_number"),
        ({"reason": "other"}, "/note"),
        ({"last_period": "2099-01"}, "/last_period"),
        ({"last_period": "2021-13"}, "/last_period"),
        ({"reason": "gone"}, "/reason"),
        ({"extra": 1}, "/extra"),
    ],
)
async def test_every_fault_of_an_end_is_named(
    office: Office, changes: dict[str, Any], pointer: str
) -> None:
    changes = dict(changes)
    last_period = changes.pop("last_period", "2021-09")
    answer = await propose(office, 550, last_period, **changes)
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]


async def test_an_unknown_person_or_end_is_not_found(office: Office) -> None:
    assert (await propose(office, 560, "2021-09")).status_code == 404
    unknown = "ene_" + "0" * 48
    assert (await decide(office, unknown)).status_code == 404
    shown = await office.ask("GET", f"/v1/entitlement-ends/{unknown}", role="supervisor")
    assert shown.status_code == 404


async def test_ends_are_listed_by_status(office: Office) -> None:
    shown = await office.ask(
        "GET", "/v1/entitlement-ends", role="supervisor", status="approved", limit=500
    )
    assert {end["status"] for end in shown.json()["items"]} == {"approved"}
    own = await office.ask("GET", "/v1/entitlement-ends", role="district_clerk", district="xiqing")
    assert {end["district"] for end in own.json()["items"]} <= {"xiqing"}
