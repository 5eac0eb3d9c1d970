"""A pension opened before the average of its year is published, and corrected once it is."""

from typing import Any

from shared.money import format_yuan, parse_yuan
from shared.references import Reference
from tests.payout.support.merging import merge, person_of
from tests.payout.support.office import Office
from tests.payout.support.recovering import look
from tests.payout.support.retiring import NAME, applicant, filed, meeting, three_steps

HERE, THERE = "hebei", "hexi"
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


async def recalculate(office: Office, district: str = HERE, **more: Any) -> Any:
    body = {"district": district, "document": "津人社发〔2026〕30号"} | more
    how = CLERK | {"district": district}
    return await office.ask("POST", "/v1/provisional-recalculations", body, **how)


async def changed_people(office: Office) -> dict[str, str]:
    """Open provisional pensions of people whose records change afterwards; application → change."""
    changes = ("merged", "unknown", "woman", "fewer", "second", "first")
    numbers = [applicant(office, THERE) for _ in changes]
    months = ["2026-05"] * 5 + ["2026-06"]
    papers = [
        (await filed(office, one, THERE, chosen_month=month))["id"]
        for one, month in zip(numbers, months, strict=True)
    ]
    await three_steps(office, papers, THERE)
    assert (await meeting(office, papers, THERE)).status_code == 201
    assert (await office.run_pensions("2026-06", THERE)).status_code == 201
    merged, unknown, woman, fewer, *twins = numbers
    await merge(office, merged, applicant(office, THERE), name=NAME)
    await merge(office, *twins, name=NAME)  # the second one's pension, of a later month, stays
    keys, records = office.app.state.person_keys, office.peers.records
    person = {
        one: person_of(keys, one).text(Reference.PERSON) for one in (merged, unknown, woman, fewer)
    }
    del records[person[merged]], records[person[unknown]]
    records[person[woman]]["female"] = True
    del records[person[fewer]]["years"][10:]
    return dict(zip(papers, changes, strict=True))


async def who_changed_is_left_out(office: Office, papers: dict[str, str]) -> None:
    """Correct the others, the survivor of a merger among them."""
    shown = await recalculate(office, THERE)
    assert shown.status_code == 201, shown.text
    corrected = [
        (papers[one["qualification"]], one["paid_months"]) for one in shown.json()["samples"]
    ]
    assert corrected == [("merged", 1)]
    skipped = shown.json()["skipped"]
    assert {(papers[one["qualification"]], one["reason"]) for one in skipped} == {
        ("unknown", "person_unknown"),
        ("woman", "facts_wrong"),
        ("fewer", "check_failed"),
        ("second", "entitlement_wrong"),
        ("first", "entitlement_wrong"),
    }
    assert (shown.json()["waiting"], shown.json()["following"]) == (0, None)
    done = await office.decide_change(shown.json()["entitlement_change"], district=THERE)
    assert (done.status_code, done.json()["applied"]) == (201, 1), done.text
    # They wait for people to look at them; a request may go on past them.
    nobody = (await recalculate(office, THERE)).json()
    assert (nobody["code"], len(nobody["errors"])) == ("NOTHING_PUBLISHED", 5)
    second, first = list(papers)[-2:]
    past = (await recalculate(office, THERE, after=second)).json()
    assert [one["qualification"] for one in past["samples"]] == [first]


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
    changed = await changed_people(office)

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
    await who_changed_is_left_out(office, changed)
