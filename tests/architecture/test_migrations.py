"""New migrations run on a database that is distributed already; those of before are let be."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from services.distribution.tables import KEYS
from shared.process.spread import place
from tests.migration_sql import faults, statements_of
from tests.places import WHOLE

ROOT = Path(__file__).parents[2] / "migrations"
NEWER_THAN = {"collection": 59, "ledger": 38, "payout": 49}
"""The last migration of each service from before this rule. Databases were distributed later."""
NEW = [
    path
    for service, last in NEWER_THAN.items()
    for path in sorted((ROOT / service).glob("[0-9]*.py"))
    if int(path.name[:4]) > last
]
TABLES = {"bill": "unit_id", "line": "unit_id", "paper": "unit_id", "fund": "reference"}


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"migration_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", NEW, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_new_migration_runs_on_a_distributed_database(path: Path) -> None:
    service = path.parent.name
    said = statements_of(_loaded(path))
    assert said
    assert list(faults(said, KEYS[service], WHOLE[service])) == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER TABLE bill ADD COLUMN a int, ADD COLUMN b int", "2 subcommands in one ALTER"),
        (
            "ALTER TABLE bill DROP CONSTRAINT x, ADD CONSTRAINT x CHECK (a IN (1, 2))",
            "2 subcommands",
        ),
        ("ALTER TABLE bill ADD COLUMN a int NOT NULL DEFAULT 0 CHECK (a > 0)", "CHECK inside ADD"),
        ("ALTER TABLE bill ADD COLUMN a text REFERENCES fund (code)", "REFERENCES inside ADD"),
        ("ALTER TABLE ONLY collection.bill ADD COLUMN a int UNIQUE", "UNIQUE inside ADD COLUMN"),
        ("DROP INDEX a; DROP INDEX b", "several commands in one execute"),
        (
            "CREATE TABLE new (unit_id bigint REFERENCES bill (unit_id))",
            "before its table is placed",
        ),
        ("UPDATE bill SET a = CASE WHEN b THEN now() END", "CASE or COALESCE"),
        ("SELECT 1 FROM bill ORDER BY unit_id FOR UPDATE", "locks rows of bill"),
    ],
)
def test_a_planted_fault_is_found(statement: str, message: str) -> None:
    found = list(faults([statement], TABLES, frozenset({"paper"})))
    assert [one for one in found if message in one], found


def test_a_foreign_key_comes_after_its_table_was_placed() -> None:
    made = "CREATE TABLE new (unit_id bigint NOT NULL, id bigint, PRIMARY KEY (unit_id, id))"
    tied = "ALTER TABLE new ADD CONSTRAINT new_bill FOREIGN KEY (unit_id) REFERENCES bill (unit_id)"
    placed = place("new", "unit_id", beside="bill")
    assert [one for one in faults([made, tied], TABLES, frozenset()) if "before its table" in one]
    assert list(faults([made, placed, tied], TABLES, frozenset())) == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE bill ADD COLUMN a int NOT NULL DEFAULT 0",
        "ALTER TABLE bill ADD CONSTRAINT a CHECK (a IN (1, 2, 3))",
        "ALTER TABLE line ADD FOREIGN KEY (unit_id) REFERENCES bill (unit_id)",
        "CREATE TABLE new (unit_id bigint, fund text REFERENCES fund (code), p int REFERENCES paper)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN a; b; END $$",
        "COMMENT ON TABLE bill IS 'one; two, three'",
        place("line", "unit_id", beside="bill"),
    ],
)
def test_what_a_distributed_database_takes_is_no_fault(statement: str) -> None:
    assert list(faults([statement], TABLES, frozenset({"paper"}))) == []
