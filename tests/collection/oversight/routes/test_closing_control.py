"""A row that somebody changed is named by the totals of a closing, with the papers behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from shared.db import Database
from shared.money import format_yuan, parse_yuan
from tests.collection.support.office import Office
from tests.collection.support.restating import Unit, a_unit, bill, corrected, declared, pay
from tests.collection.support.totals import apart

DAY = "2021-12-20"
PAPERS = "/v1/closing-control/papers"


async def control_of(office: Office, path: str = "/v1/closing-control", **params: Any) -> Any:
    answer = await office.get("supervisor", path, as_of=DAY, **params)
    assert answer.is_success, answer.text
    return answer.json()


@asynccontextmanager
async def tampered(url: str, change: str, back: str, *values: Any) -> AsyncIterator[None]:
    """Change rows directly, past the triggers, and change them back."""
    admin = await asyncpg.connect(url, server_settings={"search_path": "collection"})
    try:
        await admin.execute("SET session_replication_role = replica")
        await admin.execute(change, *values)
        yield
        await admin.execute(back, *values)
    finally:
        await admin.close()


async def late(office: Office, db: Database) -> Unit:
    """A unit that paid a part late, restated its month upwards and downwards, and paid too much."""
    unit = await a_unit(office)
    paper = await declared(office, unit, "10000.00", "8000.00", period="2021-07")
    await bill(office, db, paper, bill_date="2021-08-12")
    part = format_yuan(parse_yuan(paper["total"]) // 2)
    await pay(office, unit, part, "2021-07", "2021-10-20")
    less = await corrected(office, paper, unit, "9000.00", "8500.00")
    await bill(office, db, less, bill_date="2021-11-12")
    await pay(office, unit, paper["total"], "2021-07", "2021-11-20")
    return unit


ADD = "UPDATE {0} SET {1} = {1} + {2} WHERE unit_id = $1"
OTHERWISE = "UPDATE bill_line SET settled_fen = amount_fen - settled_fen WHERE unit_id = $1"
CASES = {
    "business: a bill asks for more": ("bill_line", "amount_fen", "levied"),
    "business: another part is settled": ("bill_line", "settled_fen", "collected"),
    "statistics: more was declared": ("declaration_levy", "amount_fen[1]", "levied"),
    "statistics: more was allocated": ("allocation", "amount_fen", "collected"),
    "statistics: more was charged": ("charge", "amount_fen", "late_fees_charged"),
}


@pytest.mark.parametrize("case", list(CASES))
async def test_a_changed_row_is_named_with_its_paper(
    office: Office, db: Database, case: str
) -> None:
    unit = await late(office, db)
    table, column, item = CASES[case]
    assert apart(await control_of(office)) == {}
    change, back = ADD.format(table, column, 1), ADD.format(table, column, -1)
    if column == "settled_fen":
        change = back = OTHERWISE
    async with tampered(office.database_url, change, back, unit.id):
        found = apart(await control_of(office))
        fund = next(fund for fund, one in found if one == item)
        page = await control_of(office, PAPERS, item=item, fund=fund, limit=1)
        [paper] = page["items"]
        listed = await office.get("supervisor", "/v1/bills", credit_code=unit.code)
        assert paper["paper"] in {one["id"] for one in listed.json()["items"]}
        apart_fen = parse_yuan(paper["business"]) - parse_yuan(paper["statistics"])
        assert apart_fen == parse_yuan(paper["difference"]) != 0
        other = await control_of(office, PAPERS, item=item, fund=fund, period="2000-01")
        assert other["items"] == []
    assert apart(await control_of(office)) == {}


async def test_suspense_is_what_was_received_and_not_allocated(
    office: Office, db: Database
) -> None:
    unit = await late(office, db)
    suspense = (await control_of(office))["funds"]["pension"]["items"]["suspense"]
    assert parse_yuan(suspense["business"]) > 0
    change = "UPDATE receipt SET amount_fen = amount_fen + {} WHERE unit_id = $1"
    async with tampered(office.database_url, change.format(1), change.format(-1), unit.id):
        found = apart(await control_of(office))
        assert {item for _, item in found} == {"suspense"}
        papers = [
            paper["paper"][:3]
            for fund, _ in found
            for paper in (await control_of(office, PAPERS, item="suspense", fund=fund))["items"]
        ]
        assert papers == ["rcp", "rcp"]


async def test_all_papers_of_an_item_are_listed_in_pages(office: Office, db: Database) -> None:
    for _ in range(2):
        await late(office, db)
    query = {"item": "levied", "fund": "pension", "differing": "false"}
    whole = await control_of(office, PAPERS, **query)
    pages, cursor = [], {}
    while True:
        page = await control_of(office, PAPERS, **query, **cursor, limit=1)
        pages += page["items"]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert pages == whole["items"]
    levied = (await control_of(office))["funds"]["pension"]["items"]["levied"]
    assert sum(parse_yuan(one["business"]) for one in pages) == parse_yuan(levied["business"])


async def test_only_the_centre_reads_them_and_payouts_item_is_not_collections(
    office: Office,
) -> None:
    answer = await office.get("district_clerk", PAPERS, item="levied", fund="pension")
    assert answer.status_code == 403
    other = await office.get("supervisor", PAPERS, item="benefits", fund="pension")
    assert other.status_code == 422
