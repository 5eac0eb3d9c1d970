"""Restating billed months on reviewed bases: twice is once, and nothing but the difference is asked."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.db import Database
from shared.money import parse_yuan
from tests.collection.support.office import Office
from tests.collection.support.restating import Unit, assert_ties, bill, by_share, pay, shown
from tests.collection.support.reviews import adjust, confirmed, staffed

PERIOD = "2021-03"
wages = st.sampled_from(["3000.00", "4321.99", "5555.55", "17000.01", "26000.00"])


async def quoted(office: Office, people: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """Quote a month for people on these wages, per insurance and party (fen)."""
    body = {
        "on": PERIOD,
        "unit_kind": "enterprise",
        "injury_class": 1,
        "people": [{"ref": str(n), "wages": {"*": one["wage"]}} for n, one in enumerate(people)],
    }
    answer = await office.post("employer_portal", "/v1/quotes", body)
    sums: dict[tuple[str, str], int] = {}
    for line in answer.json()["lines"]:
        key = (line["insurance"], line["party"])
        sums[key] = sums.get(key, 0) + parse_yuan(line["amount"])
    return {key: fen for key, fen in sums.items() if fen}


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example([("5000.00", "5000.00")], True)
@given(st.lists(st.tuples(wages, wages), min_size=1, max_size=3), st.booleans())
async def test_a_month_is_restated_once_and_comes_to_what_the_reviewed_bases_levy(
    office: Office, db: Database, people: list[tuple[str, str]], is_paid: bool
) -> None:
    code, declared = await staffed(office, *(was for was, _ in people))
    unit = Unit(code, declared)
    answer = await office.declare(code, declared, period=PERIOD)
    assert answer.status_code == 201, answer.text
    first = answer.json()
    await bill(office, db, first)
    if is_paid:
        await pay(office, unit, first["total"], PERIOD, "2021-08-12")
    reviewed = [person | {"wage": wage} for person, (_, wage) in zip(declared, people, strict=True)]
    review = await confirmed(office, code, reviewed)
    should = await quoted(office, reviewed)
    found = (await adjust(office, review, PERIOD)).json()
    assert (await adjust(office, review, PERIOD)).json()["adjustment"] is None
    if found["adjustment"] is None:
        assert by_share(first["lines"]) == should
        return
    paper = await shown(office, {"id": found["adjustment"]})
    assert by_share(paper["lines"], "people", "unit", "relief") == should
    assert parse_yuan(paper["total"]) == sum(should.values()) - parse_yuan(first["total"])
    await bill(office, db, paper, bill_date="2021-08-20")
    assert (await adjust(office, review, PERIOD)).json()["adjustment"] is None
    await assert_ties(office, unit)
    path = f"/v1/declarations/{paper['id']}/lines"
    lines = await office.get("supervisor", path, explain=True)  # held against what was stored
    assert lines.status_code == 200, lines.text
    assert all(item["explain"] for item in lines.json()["items"])


async def test_two_runs_at_once_hand_in_one_paper(office: Office, db: Database) -> None:
    code, declared = await staffed(office, "5000.00")
    first = (await office.declare(code, declared, period=PERIOD)).json()
    await bill(office, db, first)
    review = await confirmed(office, code, [declared[0] | {"wage": "6000.00"}])
    answers = await asyncio.gather(*(adjust(office, review, PERIOD) for _ in range(3)))
    made = [answer.json()["adjustment"] for answer in answers if answer.status_code == 201]
    assert len([paper for paper in made if paper]) == 1
    papers = await office.get("supervisor", "/v1/declarations", period=PERIOD, kind="adjustment")
    assert [one["corrects"] for one in papers.json()["items"]].count(first["id"]) == 1
