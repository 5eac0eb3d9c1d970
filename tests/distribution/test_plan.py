"""The plan of a distribution: every table of the real schema has its place, and no fault hides."""

from __future__ import annotations

import re
from dataclasses import replace

import asyncpg
import pytest

from services.distribution import catalogue
from services.distribution.apply import distribute
from services.distribution.plan import plan
from services.distribution.schema import (
    Catalogue,
    Column,
    ColumnRight,
    ForeignKey,
    Placement,
    Trigger,
    UniqueIndex,
)
from services.distribution.tables import KEYS
from tests.places import WHOLE

BIG = Column("bigint")
TEXT = Column("text")
BILL_FUND = ForeignKey("bill", "bill_fund", ("fund",), "fund", ("code",), "FOREIGN KEY (fund) ...")
LINE_BILL = ForeignKey(
    "line", "line_bill", ("unit_id", "bill"), "bill", ("unit_id", "id"), "FOREIGN KEY (unit_id) ..."
)
SOUND = Catalogue(
    schema="collection",
    tables={
        "fund": {"code": TEXT},
        "bill": {"unit_id": BIG, "id": BIG, "fund": TEXT},
        "line": {"unit_id": BIG, "bill": BIG},
        "paper": {"unit_id": BIG, "id": BIG},
        "paper_line": {"unit_id": BIG, "paper": BIG},
        "lease": {"name": TEXT},
    },
    unique=[
        UniqueIndex("bill", "bill_pkey", ("unit_id", "id")),
        UniqueIndex("fund", "fund_pkey", ("code",)),
    ],
    foreign_keys=[
        BILL_FUND,
        LINE_BILL,
        ForeignKey("paper", "paper_bill", ("unit_id",), "bill", ("unit_id",), "..."),
        ForeignKey("paper_line", "line_paper", ("unit_id",), "paper", ("unit_id",), "..."),
    ],
    triggers=[
        Trigger("paper", "paper_recorded", False, "INSERT INTO lease SELECT name FROM met", True),
        Trigger("line", "line_fits", True, "PERFORM 1 FROM bill WHERE unit_id = NEW.unit_id", True),
    ],
    column_rights=[ColumnRight("bill", "wuxian_collection", "UPDATE", ("fund",))],
)
NAMES = {
    "fund": "reference",
    "bill": "unit_id",
    "line": "unit_id",
    "paper": "unit_id",
    "paper_line": "unit_id",
    "lease": "reference",
}
SEQUENCES = "GRANT USAGE ON ALL SEQUENCES IN SCHEMA collection TO wuxian_collection"


def test_each_table_has_its_place() -> None:
    found = plan(SOUND, NAMES, shards=8)
    assert found.faults == ()
    assert found.places == {
        "bill": Placement.SPREAD,
        "line": Placement.SPREAD,
        "fund": Placement.REFERENCE,
        "lease": Placement.COORDINATOR,
        "paper": Placement.COORDINATOR,
        "paper_line": Placement.COORDINATOR,
    }
    assert [key.name for key in found.unheld] == ["paper_bill"]


def test_foreign_keys_go_first_and_come_last_and_references_before_what_is_spread() -> None:
    found = plan(SOUND, NAMES, shards=8)
    assert list(found.statements) == [
        SEQUENCES,
        'ALTER TABLE collection.bill DROP CONSTRAINT "bill_fund"',
        'ALTER TABLE collection.line DROP CONSTRAINT "line_bill"',
        'ALTER TABLE collection.paper DROP CONSTRAINT "paper_bill"',
        "SELECT create_reference_table('collection.fund')",
        "SELECT create_distributed_table('collection.bill', 'unit_id', colocate_with => 'none',"
        " shard_count => 8)",
        "SELECT create_distributed_table('collection.line', 'unit_id',"
        " colocate_with => 'collection.bill')",
        'ALTER TABLE collection.bill ADD CONSTRAINT "bill_fund" FOREIGN KEY (fund) ...',
        'ALTER TABLE collection.line ADD CONSTRAINT "line_bill" FOREIGN KEY (unit_id) ...',
    ]
    assert len(found.rights) == 1
    assert "GRANT UPDATE (fund) ON %s TO wuxian_collection" in found.rights[0]


def test_a_second_run_moves_what_is_new_only() -> None:
    spread = (Placement.SPREAD, "unit_id")
    once = replace(SOUND, placed={"bill": spread, "fund": (Placement.REFERENCE, None)})
    assert list(plan(once, NAMES, shards=8).statements) == [
        SEQUENCES,
        'ALTER TABLE collection.line DROP CONSTRAINT "line_bill"',
        "SELECT create_distributed_table('collection.line', 'unit_id',"
        " colocate_with => 'collection.bill')",
        'ALTER TABLE collection.line ADD CONSTRAINT "line_bill" FOREIGN KEY (unit_id) ...',
    ]
    twice = replace(once, placed={**once.placed, "line": spread})
    assert plan(twice, NAMES, shards=8).statements == ()


@pytest.mark.parametrize(
    ("source", "is_row", "has_path", "place"),
    [
        (
            "IF NEW.total < 0 THEN RAISE EXCEPTION 'no row FROM paper'; END IF;",
            False,
            False,
            "spread",
        ),
        ("PERFORM 1 FROM bill WHERE unit_id = NEW.unit_id", True, False, "coordinator"),
        ("PERFORM 1 FROM collection.bill WHERE unit_id = NEW.unit_id", True, False, "spread"),
        ("PERFORM 1 FROM bill JOIN fresh USING (unit_id)", False, True, "coordinator"),
        ("INSERT INTO lease VALUES (NEW.unit_id)", True, True, "coordinator"),
        ("EXECUTE format('SELECT 1 FROM %I', TG_RELID)", True, True, "coordinator"),
    ],
)
def test_a_trigger_decides_whether_its_table_can_lie_in_shards(
    source: str, is_row: bool, has_path: bool, place: str
) -> None:
    triggers = [Trigger("line", "line_fits", is_row, source, has_path)]
    assert plan(replace(SOUND, triggers=triggers), NAMES, shards=8).places["line"] == place


def test_every_fault_is_named_at_once() -> None:
    broken = replace(
        SOUND,
        tables={
            **SOUND.tables,
            "bill": {"unit_id": replace(BIG, is_nullable=True), "id": BIG},
            "line": {"bill": BIG, "no": Column("integer", is_small_identity=True)},
            "stray": {"id": BIG},
        },
        unique=[*SOUND.unique, UniqueIndex("bill", "bill_number", ("id",))],
        foreign_keys=[
            ForeignKey("bill", "bill_line", ("id",), "line", ("bill",), "..."),
            ForeignKey(
                *("bill", "bill_again", ("unit_id", "id"), "bill", ("unit_id", "id")),
                "FOREIGN KEY … ON UPDATE CASCADE",
            ),
            ForeignKey("fund", "fund_bill", ("code",), "bill", ("fund",), "..."),
        ],
        triggers=[],
        placed={"fund": (Placement.SPREAD, "code"), "paper": (Placement.SPREAD, "id")},
    )
    found = plan(broken, {**NAMES, "gone": "unit_id"}, shards=8)
    assert found.statements == ()
    assert sorted(found.faults) == [
        "bill.unit_id: the key may be empty",
        "bill: bill_again leads to bill with an action that may change the key",
        "bill: bill_line leads to line without the keys of both",
        "bill: bill_number is unique without the key unit_id",
        "fund: fund_bill leads from a reference table to bill, which is spread",
        "fund: is placed as spread, and belongs as reference",
        "gone: is declared, and the schema does not have it",
        "line.no: counts up as an integer; a server needs bigint",
        "line: has no column unit_id, its key",
        "paper: is spread by id, and its key is unit_id",
        "stray: declares no key",
    ]


_MET = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE) ([a-z_]+)")
_OF_THE_OWNER = """
SELECT proname, prosrc FROM pg_proc
 WHERE prosecdef AND pronamespace = CAST($1 AS regnamespace)
"""

# --- the real schema ------------------------------------------------------------------------


@pytest.mark.parametrize("service", sorted(KEYS))
async def test_every_table_of_the_real_schema_is_placed_without_a_fault(
    database_url: str, service: str
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        found = plan(await catalogue.read(connection, service), KEYS[service], shards=32)
    finally:
        await connection.close()
    assert found.faults == ()
    assert set(found.places) == set(KEYS[service])
    for table, place in found.places.items():
        moved = [one for one in found.statements if f"_table('{service}.{table}'" in one]
        assert len(moved) == (place is not Placement.COORDINATOR), table


async def test_the_tables_that_grow_with_the_months_are_spread(database_url: str) -> None:
    report = await distribute(database_url, tuple(KEYS), dry_run=True)
    spread = {
        f"{one.schema}.{table}"
        for one in report.plans
        for table, place in one.places.items()
        if place is Placement.SPREAD
    }
    growing = {
        *(f"collection.{name}" for name in ("declaration_people", "bill_line", "enrolment")),
        *(f"collection.{name}" for name in ("bill", "debit_line", "allocation", "outbox")),
        *("ledger.voucher", "ledger.personal_credit", "ledger.idempotency"),
        *(f"payout.{name}" for name in ("claim_line", "payment_line", "pension_month", "outbox")),
    }
    assert growing - spread == set()


async def test_on_an_ordinary_postgresql_nothing_happens(database_url: str) -> None:
    report = await distribute(database_url)
    assert (report.is_citus, report.is_done, report.plans) == (False, False, ())


async def test_statements_take_no_spread_table_for_a_whole_one(database_url: str) -> None:
    report = await distribute(database_url, tuple(KEYS), dry_run=True)
    for one in report.plans:
        there = {table for table, place in one.places.items() if place is Placement.COORDINATOR}
        assert WHOLE[one.schema] & set(one.places) <= there


async def test_functions_with_their_owners_rights_change_no_shard(database_url: str) -> None:
    """A server takes the changes of one user in a transaction: the service's own."""
    report = await distribute(database_url, tuple(KEYS), dry_run=True)
    connection = await asyncpg.connect(database_url)
    try:
        for one in report.plans:
            spread = {table for table, place in one.places.items() if place is Placement.SPREAD}
            for source in await connection.fetch(_OF_THE_OWNER, one.schema):
                body = source["prosrc"]
                # A function that asks for Citus reads the trail of one PostgreSQL only.
                mine = spread - {"trail"} if "extname = 'citus'" in body else spread
                assert set(_MET.findall(body)) & mine == set(), source["proname"]
    finally:
        await connection.close()
