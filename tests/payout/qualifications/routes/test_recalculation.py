"""A pension opened before the average of its year is published, and corrected once it is."""

from typing import Any

from shared.money import format_yuan, parse_yuan
from tests.payout.support.office import Office
from tests.payout.support.recovering import look
from tests.payout.support.retiring import applicant, filed, meeting, three_steps

HERE = "hebei"
CLERK = {"role": "district_clerk", "district": HERE}


async def published(office: Office, amount: str) -> None:
    """Let two people load the average of 2026."""
    row = {
        "rule": "pension_average",
        "place": "tianjin",
        "in_force_from": "2026-01-01",
        "in_force_to": "2026-12-31",
        "value": {"amount": amount},
        "source": "津人社发〔2026〕30号",
        "certain": True,
        "note": "公布",
    }
    made = await office.ask("POST", "/v1/formula-rows", row, role="centre_auditor")
    assert made.status_code == 201, made.text
    path = f"/v1/formula-rows/{made.json()['id']}/approvals"
    assert (await office.ask("POST", path, {}, role="department_head")).status_code == 201


async def recalculate(office: Office) -> Any:
    body = {"district": HERE, "document": "津人社发〔2026〕30号"}
    return await office.ask("POST", "/v1/provisional-recalculations", body, **CLERK)


async def test_a_provisional_pension_is_corrected_and_the_difference_paid(office: Office) -> None:
    number = applicant(office, HERE)
    paper = await filed(office, number, HERE, chosen_month="2026-05")
    assert paper["provisional"]
    await three_steps(office, [paper["id"]], HERE)
    assert (await meeting(office, [paper["id"]], HERE)).status_code == 201
    (listed,) = (await look(office, "/v1/provisional-pensions", district=HERE))["items"]
    assert listed["monthly_amount"] == paper["monthly_amount"]
    for month in ("2026-06", "2026-07"):
        assert (await office.run_pensions(month, HERE)).status_code == 201
    assert (await recalculate(office)).json()["code"] == "NOTHING_PUBLISHED"

    await published(office, "9900.00")
    answer = await recalculate(office)
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    (sample,) = shown["samples"]
    before, after = parse_yuan(sample["before"]), parse_yuan(sample["after"])
    assert (sample["before"], shown["people"], shown["waiting"]) == (paper["monthly_amount"], 1, 0)
    assert after > before
    assert shown["monthly"] == format_yuan(after - before)
    assert shown["arrears"] == format_yuan(2 * (after - before))
    assert any("9900.00" in step for step in sample["steps"]), sample
    assert (await look(office, "/v1/provisional-pensions", district=HERE))["items"] == []

    change = shown["entitlement_change"]
    same = await office.decide_change(change, district=HERE, subject=f"district_clerk.{HERE}")
    assert same.json()["code"] == "SAME_PERSON_TWICE"
    done = await office.decide_change(change, district=HERE)
    assert (done.status_code, done.json()["applied"]) == (201, 1), done.text
    run = (await office.run_pensions("2026-08", HERE)).json()
    assert (run["lines"], run["total"]) == (3, format_yuan(after + 2 * (after - before)))
