"""Stable-job refunds: computed from what collection says the unit has paid, once a year."""

from typing import Any

from shared.cn.credit_code import with_check_character
from tests.payout.support.office import Office
from tests.payout.support.papers import account

UNIT = with_check_character("91120101MA0000000")
PAID: dict[str, Any] = {
    "paid": "10000.00",
    "paid_months": 12,
    "heads_before": 100,
    "heads_after": 98,
    "head_months": 1190,
}


async def refund(office: Office, **changes: Any) -> Any:
    body = {
        "credit_code": UNIT,
        "district": "heping",
        "filed_on": "2022-05-10",
        "size": "other",
        "payee_name": "天津某公司",
        "bank_account": account(1, "天津某公司"),
    } | changes
    district = body["district"]
    return await office.ask(
        "POST", "/v1/stable-job-refunds", body, role="district_clerk", district=district
    )


async def test_a_refund_is_computed_and_filed_once_for_the_year(office: Office) -> None:
    office.peers.arrears[UNIT] = "0.00"
    office.peers.paid_years[UNIT] = PAID
    filed = await refund(office)
    assert filed.status_code == 201, filed.text
    claim = filed.json()
    assert (claim["total"], claim["period"], claim["account"]) == (
        "9000.00",
        "2021-12",
        "job_stabilisation",
    )
    trail = await office.ask("GET", f"/v1/claims/{claim['id']}/trail", role="supervisor")
    basis = trail.json()["items"][0]["detail"]["basis"]
    assert (basis["contributions"], basis["heads"], basis["year"]) == ("10000.00", [100, 98], 2021)
    assert any("stable_job_refund" in row for row in basis["rows"])
    again = await refund(office, payee_name="天津某公司二部")
    assert (again.status_code, again.json()["code"]) == (409, "EVENT_CLAIMED")
    assert (await office.approve(claim)) == claim["id"]


async def test_a_refund_is_filed_by_and_in_the_units_district(office: Office) -> None:
    office.peers.arrears[UNIT] = "0.00"
    office.peers.paid_years[UNIT] = PAID
    assert (await refund(office, district="nankai")).status_code == 403


async def test_a_refund_that_is_not_due_names_every_condition(office: Office) -> None:
    office.peers.arrears[UNIT] = "0.00"
    office.peers.paid_years[UNIT] = PAID | {"paid_months": 11, "heads_after": 60}
    refused = await refund(office, filed_on="2023-05-10")
    assert (refused.status_code, refused.json()["code"]) == (409, "REFUND_NOT_DUE")
    assert [one["code"] for one in refused.json()["errors"]] == ["CONDITION_NOT_MET"] * 2
    office.peers.arrears[UNIT] = "12.00"
    owing = await refund(office, filed_on="2023-05-10")
    assert (owing.status_code, owing.json()["code"]) == (409, "UNIT_IN_ARREARS")


async def test_a_year_before_the_first_is_refused(office: Office) -> None:
    assert (await refund(office, filed_on="1990-05-10")).status_code == 422
