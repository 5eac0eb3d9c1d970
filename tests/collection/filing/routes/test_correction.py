"""A billed month is restated by a paper of its own: the difference is billed, or credited."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.db import Database
from shared.money import format_yuan, parse_yuan
from tests.collection.support.office import Office, codes_of, control_of
from tests.collection.support.restating import (
    a_unit,
    assert_ties,
    bill,
    bill_of,
    by_share,
    correct,
    corrected,
    credits_of,
    declared,
    memo_of,
    pay,
    review,
    shown,
)


async def test_more_is_billed_as_the_difference_and_the_first_paper_stays(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00", "5000.00")
    await bill(office, db, first)
    paper = await corrected(
        office, first, unit, "7500.00", "5000.00", "4000.00", reason_code="PERSON_MISSING"
    )
    assert (paper["kind"], paper["corrects"], paper["status"]) == (
        "adjustment",
        first["id"],
        "submitted",
    )
    assert (paper["reason_code"], paper["note"]) == ("PERSON_MISSING", "工资报错")
    assert (paper["people"], paper["wages"]) == (3, "16500.00")
    own = by_share(paper["lines"], "people", "unit")
    before = by_share(first["lines"])
    net = {key: own[key] - before[key] for key in own}
    assert by_share(paper["lines"]) == net
    assert by_share(paper["lines"], "corrected") == {key: -fen for key, fen in before.items()}
    assert parse_yuan(paper["total"]) == sum(net.values())
    assert parse_yuan(paper["restated"]["total"]) == sum(own.values())
    await bill(office, db, paper, bill_date="2021-09-03")
    issued = await bill_of(office, paper)
    assert (issued["kind"], issued["total"], issued["credits"]) == (
        "adjustment",
        paper["total"],
        [],
    )
    assert (issued["issued_on"], issued["due_on"]) == ("2021-09-03", "2021-09-03")
    assert {
        (line["insurance"], line["party"]): parse_yuan(line["amount"]) for line in issued["lines"]
    } == net
    after = await shown(office, first)
    moved = {name: after[name] for name in ("status", "summary", "submitted_at")}
    assert after == first | moved
    assert moved["status"] == "billed"
    await assert_ties(office, unit)


async def test_less_is_credited_and_lowers_the_unpaid_bill_of_the_month_at_once(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00", "5000.00")
    await bill(office, db, first)
    issued = await bill_of(office, first)
    paper = await corrected(office, first, unit, "6500.00")
    assert paper["total"].startswith("-")
    await bill(office, db, paper, bill_date="2021-08-20")
    granted = await bill_of(office, paper)
    assert (granted["total"], granted["status"], granted["lines"]) == ("0.00", "settled", [])
    less = -parse_yuan(paper["total"])
    assert sum(parse_yuan(one["amount"]) for one in granted["credits"]) == less
    assert all(one["left"] == "0.00" for one in granted["credits"])
    lowered = await bill_of(office, first)
    assert parse_yuan(lowered["total"]) == parse_yuan(issued["total"]) - less
    assert parse_yuan(lowered["credited"]) == less
    assert lowered["total"] == paper["restated"]["total"]
    assert (await shown(office, paper))["status"] == "settled"
    assert (await shown(office, first))["status"] == "billed"
    await assert_ties(office, unit)
    taken = await pay(office, unit, lowered["total"], "2021-07", "2021-08-21")
    assert (taken["matched"], taken["suspended"]) == (1, 0)
    assert (await shown(office, first))["status"] == "settled"
    await assert_ties(office, unit)
    assert all(
        fen == 0
        for key, fen in (await memo_of(office, unit)).items()
        if key[0] == "memo_receivable"
    )


async def test_a_credit_of_a_paid_month_stays_open_and_lowers_the_next_bill(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00", "5000.00")
    await bill(office, db, first)
    await pay(office, unit, first["total"], "2021-07", "2021-08-13")
    paper = await corrected(office, first, unit, "6500.00", "4500.00")
    await bill(office, db, paper, bill_date="2021-08-20")
    less = -parse_yuan(paper["total"])
    credits = await credits_of(office, unit, standing=True)
    assert sum(parse_yuan(one["left"]) for one in credits) == less
    assert (await bill_of(office, first))["credited"] == "0.00"
    await assert_ties(office, unit)
    following = await declared(office, unit, "6500.00", "4500.00", period="2021-08")
    await bill(office, db, following, bill_date="2021-09-05")
    issued = await bill_of(office, following)
    assert parse_yuan(issued["total"]) == parse_yuan(following["total"]) - less
    assert parse_yuan(issued["credited"]) == less
    assert await credits_of(office, unit, standing=True) == []
    used = await credits_of(office, unit)
    assert {one["id"] for one in used} == {one["id"] for one in credits}
    await assert_ties(office, unit)


async def test_a_restated_month_that_comes_to_the_same_is_settled_when_billed(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00", "5000.00")
    await bill(office, db, first)
    paper = await corrected(office, first, unit, "6500.00", "5000.00")
    assert paper["total"] == "0.00"
    await bill(office, db, paper)
    assert (await shown(office, paper))["status"] == "settled"
    assert (await bill_of(office, paper))["status"] == "settled"
    assert await credits_of(office, unit) == []


async def test_any_paper_of_the_month_names_it_and_the_last_one_is_restated(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    second = await corrected(office, first, unit, "7000.00")
    await bill(office, db, second)
    third = await corrected(office, first, unit, "6000.00")
    assert third["corrects"] == second["id"]
    await bill(office, db, third)
    months = await office.fetch(
        """
        SELECT insurance, party, CAST(sum(amount_fen) AS bigint) AS fen
          FROM declaration
          JOIN declaration_line AS line
            ON line.unit_id = declaration.unit_id AND line.declaration_id = declaration.id
         WHERE declaration.unit_id = $1
         GROUP BY insurance, party
        """,
        unit.id,
    )
    own = by_share(third["lines"], "people", "unit")
    assert {(row["insurance"], row["party"]): row["fen"] for row in months} == own
    bills = [await bill_of(office, paper) for paper in (first, second, third)]
    assert sum(parse_yuan(one["total"]) for one in bills) == sum(own.values())
    await assert_ties(office, unit)


async def test_a_month_that_is_not_billed_is_sent_back_and_not_corrected(office: Office) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00")
    refused = await correct(office, first, unit, "7000.00")
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_BILLED_YET")
    await review(office, first)
    refused = await correct(office, first, unit, "7000.00")
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_BILLED_YET")


async def test_one_correction_at_a_time_which_may_be_withdrawn_until_it_is_accepted(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    paper = await corrected(office, first, unit, "7000.00")
    again = await correct(office, first, unit, "7100.00")
    assert (again.status_code, again.json()["code"]) == (409, "CORRECTION_PENDING")
    path = f"/v1/declarations/{paper['id']}/withdrawals"
    withdrawn = await office.post("employer_portal", path, {"note": "报错"})
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (201, "withdrawn")
    twice = await office.post("employer_portal", path)
    assert twice.status_code == 409
    other = await corrected(office, paper, unit, "7100.00")
    assert other["corrects"] == first["id"]
    await review(office, other)
    late = await office.post("employer_portal", f"/v1/declarations/{other['id']}/withdrawals")
    assert late.status_code == 409
    never = await office.post("employer_portal", f"/v1/declarations/{first['id']}/withdrawals")
    assert (never.status_code, never.json()["code"]) == (409, "NOT_A_CORRECTION")


async def test_a_returned_correction_is_submitted_again_as_its_next_round(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    paper = await corrected(office, first, unit, "7000.00")
    back = await office.post(
        "district_clerk",
        f"/v1/declarations/{paper['id']}/returns",
        {"codes": ["BASE_UNDER_REPORTED"], "note": "请核对"},
    )
    assert back.status_code == 201, back.text
    again = await corrected(office, first, unit, "6800.00", note="已核对")
    assert (again["id"], again["round"], again["corrects"], again["note"]) == (
        paper["id"],
        2,
        first["id"],
        "已核对",
    )
    await bill(office, db, again)
    assert (await bill_of(office, again))["total"] == again["total"]
    await assert_ties(office, unit)


async def test_every_fault_of_a_correction_is_named_as_of_a_declaration(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, people=2)
    stranger = (await a_unit(office, people=1)).people[0]
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    people = [*unit.at("6500.00", "5000.00"), stranger, unit.people[0]]
    body = {"note": "x", "people": people, "control": control_of(people) | {"people": 3}}
    path = f"/v1/declarations/{first['id']}/corrections"
    refused = await office.post("employer_portal", path, body)
    assert refused.status_code == 422
    assert codes_of(refused) == {
        "/control/people": "CONTROL_TOTALS_DIFFER",
        "/people/2/identity_number": "PERSON_NOT_ENROLLED",
        "/people/3/identity_number": "PERSON_REPEATED",
    }
    unknown = await correct(office, first, unit, "6500.00", reason_code="NO_REASON")
    assert codes_of(unknown) == {"/reason_code": "CORRECTION_REASON_UNKNOWN"}
    other = await office.post("district_clerk", path, body, district="nankai")
    assert other.status_code == 403


async def test_a_correction_walks_both_levels_and_every_total_adds_up(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, district="hexi")
    other = await a_unit(office, district="hexi")
    first = await declared(office, unit, "6500.00", "5000.00")
    await bill(office, db, first)
    less = await corrected(office, first, unit, "6500.00")
    more = await declared(office, other, "4000.00")
    waiting = await office.get("district_clerk", "/v1/inbox", district="hexi")
    kinds = {item["id"]: (item["kind"], item["total"]) for item in waiting.json()["items"]}
    assert kinds[less["id"]] == ("adjustment", less["total"])
    listed = await office.get(
        "district_clerk", "/v1/declarations", district="hexi", kind="adjustment"
    )
    assert [paper["id"] for paper in listed.json()["items"]] == [less["id"]]
    await bill(office, db, less, more)
    summaries = await office.get("district_reviewer", "/v1/summaries", district="hexi")
    last = summaries.json()["items"][-1]
    both = parse_yuan(less["total"]) + parse_yuan(more["total"])
    assert last["control"]["total"] == format_yuan(both)
    assert last["control"]["funds"] == {
        fund: format_yuan(
            parse_yuan(less["totals"]["by_fund"].get(fund, "0.00"))
            + parse_yuan(more["totals"]["by_fund"].get(fund, "0.00"))
        )
        for fund in last["control"]["funds"]
    }


async def test_repeating_the_same_request_makes_one_correction(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    people = unit.at("7000.00")
    body: dict[str, Any] = {"note": "x", "people": people, "control": control_of(people)}
    path = f"/v1/declarations/{first['id']}/corrections"
    one = await office.post("employer_portal", path, body, key="correct-once")
    two = await office.post("employer_portal", path, body, key="correct-once")
    assert (one.status_code, two.json()["id"]) == (201, one.json()["id"])


async def test_of_two_corrections_at_once_one_is_taken(office: Office, db: Database) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    answers = await asyncio.gather(
        *(correct(office, first, unit, wage) for wage in ("7000.00", "7100.00", "7200.00"))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
