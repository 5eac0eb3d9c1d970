"""Quotes of a person and a unit over HTTP, from the answers of collection and the ledger."""

from typing import Any

import httpx

from shared.cn.credit_code import with_check_character
from shared.references import Reference
from tests.payout.support.office import Office

PERSON = Reference.PERSON.example
PATH = f"/v1/people/{PERSON}/benefit-quotes"
RECORD: dict[str, Any] = {
    "person": PERSON,
    "districts": ["heping"],
    "birth_month": "1965-11",
    "female": False,
    "years": [
        {"insurance": "pension", "year": 2024, "months": 12, "base_total": "110784.00"},
        {"insurance": "pension", "year": 2023, "months": 6, "base_total": "27048.00"},
        {"insurance": "unemployment", "year": 2024, "months": 12, "base_total": "110784.00"},
    ],
    "last_months": [{"insurance": "work_injury", "period": "2024-12", "base": "9232.00"}],
}
PENSION = {
    "on": "2025-12-31",
    "benefit": {"kind": "pension", "deemed_months": 300, "chosen_month": "2025-12"},
}


async def _asked(office: Office, body: dict[str, Any], **how: Any) -> httpx.Response:
    how = {"role": "district_clerk", "district": "heping"} | how
    return await office.ask("POST", PATH, body, **how)


async def test_a_person_is_quoted_from_the_records(office: Office) -> None:
    office.peers.records[PERSON] = RECORD
    office.peers.statements[PERSON] = [
        {"fund": "pension", "year": 2023, "closing": "1000.00"},
        {"fund": "pension", "year": 2024, "closing": "13840.00"},
        {"fund": "medical", "year": 2025, "closing": "7.00"},
    ]
    answer = await _asked(office, PENSION)
    quote = answer.json()
    assert answer.status_code == 200, answer.text
    lines = {line["id"]: line["amount"] for line in quote["lines"]}
    assert lines["account"] == "100.00"
    steps = {step["name"]: step["result"] for step in quote["steps"]}
    assert steps["退休月"] == "2025-12,60岁1个月"
    assert steps["平均缴费指数"] == "0.8333"
    other = await _asked(office, {"on": "2025-12-31", "benefit": {"kind": "unemployment"}})
    assert other.json()["facts"][0] == {"id": "months", "name": "领取月数", "value": "3"}


async def test_another_district_and_an_unknown_person_are_refused(office: Office) -> None:
    office.peers.records[PERSON] = RECORD
    assert (await _asked(office, PENSION, district="dongli")).status_code == 403
    del office.peers.records[PERSON]
    unknown = await _asked(office, PENSION)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "PERSON_UNKNOWN")
    office.peers.is_down = True
    down = await _asked(office, PENSION)
    office.peers.is_down = False
    assert (down.status_code, down.json()["code"]) == (503, "BENEFIT_RECORD_UNAVAILABLE")


UNIT = with_check_character("91120101MA0000017")
YEAR = {
    "paid": "10000.00",
    "paid_months": 12,
    "heads_before": 40,
    "heads_after": 40,
    "head_months": 480,
}
REFUND = {"on": "2022-07-01", "benefit": {"kind": "stable_job", "size": "other"}}


async def test_a_unit_is_quoted_from_its_last_year(office: Office) -> None:
    office.peers.paid_years[UNIT] = YEAR
    office.peers.average_wages[UNIT] = "6000.00"
    office.peers.arrears[UNIT] = "0.00"
    path = f"/v1/units/{UNIT}/benefit-quotes"
    how = {"role": "district_clerk", "district": "heping"}
    refund = await office.ask("POST", path, REFUND, **how)
    assert refund.status_code == 200, refund.text
    assert (refund.json()["total"], refund.json()["eligible"]) == ("9000.00", True)
    leave = {"on": "2022-07-01", "benefit": {"kind": "maternity", "difficult": True}}
    allowance = (await office.ask("POST", path, leave, **how)).json()
    # 98 + 15 + 60 days of Tianjin.
    assert allowance["total"] == "34600.00"
    for body in (REFUND, leave):
        other = await office.ask("POST", path, body, role="district_clerk", district="nankai")
        assert other.status_code == 403, other.text
    office.peers.arrears[UNIT] = "1.00"
    owing = (await office.ask("POST", path, REFUND, **how)).json()
    assert not owing["eligible"]
    assert [one["id"] for one in owing["conditions"] if not one["met"]] == ["no_arrears"]
    office.peers.average_wages[UNIT] = "0.00"
    nothing = await office.ask("POST", path, leave, **how)
    assert (nothing.status_code, nothing.json()["code"]) == (422, "VALIDATION_FAILED")
