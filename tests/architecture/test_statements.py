"""The reader of statements sees what a sharded database would stumble over, and the list is honest."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.keyed_sql import read
from tests.recording import KEYS as SERVICES
from tests.recording import Recording, StatementsAreKeyed, place_of

ROOT = Path(__file__).parents[2]
KEYS = {"bill": "unit_id", "bill_line": "unit_id", "policy": "reference"}
BILL = "SELECT id FROM bill"


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        (f"{BILL} WHERE unit_id = $1", ("param", 1)),
        (f"{BILL} AS b WHERE $2 > 0 AND (b.unit_id = CAST($1 AS bigint))", ("param", 1)),
        (f"{BILL} WHERE unit_id = 0", ("constant", "0")),
        (f"{BILL} WHERE (unit_id, id) = ($1, $2)", ("param", 1)),
        (
            "SELECT 1 FROM bill AS b JOIN bill_line AS l ON l.unit_id = b.unit_id WHERE b.unit_id = $1",
            ("param", 1),
        ),
        (
            "SELECT 1 FROM bill JOIN bill_line USING (unit_id, id) WHERE bill.unit_id = $1",
            ("param", 1),
        ),
        (
            "SELECT 1 FROM bill AS b, LATERAL (SELECT 1 FROM bill_line WHERE unit_id = b.unit_id) AS l WHERE b.unit_id = $1",
            ("param", 1),
        ),
        (
            "SELECT 1 FROM (SELECT unit_id FROM bill WHERE unit_id = $1) AS b JOIN bill_line AS l ON l.unit_id = b.unit_id",
            ("param", 1),
        ),
        ("SELECT EXISTS (SELECT FROM bill WHERE unit_id = $1)", ("param", 1)),
        ("SELECT 1 FROM policy WHERE id = $1", None),
        ("SELECT 1 FROM policy AS p LEFT JOIN bill AS b ON b.unit_id = $1", ("param", 1)),
        ("UPDATE bill SET due_on = $2 WHERE unit_id = $1", ("param", 1)),
        ("DELETE FROM bill WHERE unit_id = $1", ("param", 1)),
        (f"{BILL} WHERE unit_id = $1 FOR UPDATE", ("param", 1)),
        ("INSERT INTO bill (unit_id, id) VALUES ($1, $2)", ("param", 1)),
        (
            "INSERT INTO bill (unit_id, id) SELECT $1, i FROM unnest($2) AS i ON CONFLICT (unit_id, id) DO NOTHING",
            ("param", 1),
        ),
        (
            "WITH b AS (UPDATE bill SET due_on = $2 WHERE unit_id = $1 RETURNING unit_id) INSERT INTO bill_line (unit_id) SELECT b.unit_id FROM b",
            ("param", 1),
        ),
        (
            "WITH b AS (UPDATE bill SET due_on = $2 WHERE unit_id = $1 RETURNING unit_id) UPDATE bill_line SET n = 1 FROM b WHERE bill_line.unit_id = b.unit_id",
            ("param", 1),
        ),
        (f"{BILL} WHERE unit_id = $1 UNION ALL {BILL} WHERE unit_id = $1", ("param", 1)),
    ],
)
def test_keyed(sql: str, key: tuple[str, object] | None) -> None:
    reading = read(sql, KEYS)
    assert (reading.problems, reading.unkeyed, reading.locks_unkeyed) == ([], [], False)
    assert reading.keys == ([key] if key else [])


@pytest.mark.parametrize(
    "sql",
    [
        BILL,
        f"{BILL} WHERE id = $1",
        f"{BILL} WHERE unit_id > $1",
        f"{BILL} WHERE unit_id = ANY($1)",
        f"{BILL} WHERE unit_id IN ($1, $2)",
        f"{BILL} WHERE unit_id = $1 OR id = $2",
        f"{BILL} WHERE NOT (unit_id = $1)",
        f"{BILL} WHERE unit_id = $1 UNION ALL {BILL}",
        "SELECT 1 FROM bill AS b JOIN bill_line AS l ON l.id = b.id WHERE b.unit_id = $1",
        "SELECT 1 FROM bill WHERE unit_id = $1 AND EXISTS (SELECT FROM bill_line WHERE id = $2)",
        "SELECT (SELECT MAX(id) FROM bill_line) FROM bill WHERE unit_id = $1",
        "SELECT 1 FROM unnest($1) AS k (unit_id) JOIN bill AS b ON b.unit_id = k.unit_id",
        "UPDATE bill SET due_on = $1",
        "UPDATE bill SET due_on = $1 FROM policy WHERE policy.id = bill.id",
        "UPDATE bill SET due_on = (SELECT MAX(id) FROM bill_line) WHERE unit_id = $1",
        "DELETE FROM bill USING policy WHERE policy.id = bill.id",
        "INSERT INTO bill (id) VALUES ($1)",
        "INSERT INTO bill VALUES ($1, $2)",
        "INSERT INTO policy (id) SELECT id FROM bill",
        "WITH b AS (SELECT MAX(unit_id) AS unit_id FROM bill) SELECT 1 FROM b WHERE b.unit_id = $1",
    ],
)
def test_not_keyed(sql: str) -> None:
    assert read(sql, KEYS).unkeyed


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("MERGE INTO policy USING x ON x.id = policy.id WHEN MATCHED THEN DELETE", "MERGE"),
        ("SELECT unit_id FROM policy GROUP BY ROLLUP (unit_id)", "ROLLUP"),
        ("SELECT unit_id FROM policy GROUP BY GROUPING SETS ((unit_id), ())", "ROLLUP"),
        ("SELECT pg_advisory_xact_lock(1)", "advisory"),
        ("SELECT pg_try_advisory_lock($1)", "advisory"),
        ("UPDATE bill SET at = clock_timestamp() WHERE unit_id = $1", "volatile"),
        ("UPDATE bill SET id = gen_random_uuid() WHERE unit_id = $1", "volatile"),
        ("UPDATE bill SET unit_id = $2 WHERE unit_id = $1", "changes the key"),
        ("DELETE FROM policy; DELETE FROM policy", "several statements"),
        (
            "INSERT INTO bill (unit_id, id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
            "ON CONFLICT",
        ),
        ("SELEC nonsense FROM", "cannot be read"),
    ],
)
def test_forbidden(sql: str, message: str) -> None:
    assert any(message in problem for problem in read(sql, KEYS).problems)


def test_a_lock_without_the_key_is_seen() -> None:
    assert read(f"{BILL} ORDER BY id FOR UPDATE", KEYS).locks_unkeyed
    inner = (
        "SELECT 1 FROM policy AS p, LATERAL (SELECT 1 FROM bill WHERE id = p.id) AS b FOR UPDATE"
    )
    assert read(inner, KEYS).locks_unkeyed


def test_the_ledgers_one_statement_a_batch_is_keyed_throughout() -> None:
    from services.ledger.posting.store.batch import _FULL_SQL

    reading = read(_FULL_SQL, SERVICES["ledger"])
    assert (reading.problems, reading.unkeyed) == ([], [])
    assert reading.keys == [("param", 1)]


# --- the recording --------------------------------------------------------------------------


class _Connection:
    """As much of a connection as the recording looks at."""

    def __init__(self) -> None:
        self._params = SimpleNamespace(server_settings={"application_name": "wuxian-ledger"})
        self._protocol = SimpleNamespace(is_in_transaction=lambda: True)


def test_a_transaction_of_two_keys_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.recording._caller", lambda *_, **__: "somewhere.somebody")
    recording, connection = Recording({}), _Connection()
    sql = "SELECT seq FROM slot_head WHERE slot = $1"
    for arguments in (("1",), ("1",)):
        recording.statement(connection, sql, [arguments])
    recording.bound(connection, "COMMIT;")
    recording.bound(connection, "BEGIN;")
    recording.statement(connection, sql, [("2",)])
    assert recording.faults == {}, "another transaction may touch another key"
    recording.bound(connection, "ROLLBACK TO savepoint_1;")
    recording.statement(connection, sql, [("3",)])
    assert list(recording.faults) == [
        "ledger somewhere.somebody: one transaction meets several keys"
    ]


def test_an_unlisted_statement_is_a_fault_and_a_listed_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.recording._caller", lambda *_, **__: "head.count")
    sql = "SELECT COUNT(*) FROM slot_head"
    strict, lenient = Recording({}), Recording({"ledger": {"statements": {"head.count": "why"}}})
    for recording in (strict, lenient):
        recording.statement(_Connection(), sql, [()])
    assert list(strict.faults) == ["ledger head.count: meets slot_head without the key"]
    assert lenient.faults == {}


def test_the_recording_of_this_very_run_has_met_statements(pytestconfig: pytest.Config) -> None:
    plugin: Any = pytestconfig.pluginmanager.getplugin("statements-are-keyed")
    assert isinstance(plugin, StatementsAreKeyed)


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_listed_function_exists_and_has_a_reason(
    service: str, pytestconfig: pytest.Config
) -> None:
    plugin: Any = pytestconfig.pluginmanager.getplugin("statements-are-keyed")
    defined = _functions("services", service) | _functions("shared")
    for kind, listed in plugin.recording.allowed[service].items():
        assert kind in {"statements", "locks", "transactions", "refused", "one_server"}
        assert list(listed) == sorted(listed), f"{service}.{kind} is not in order"
        for name, reason in listed.items():
            assert name in defined, f"{service}.{kind}: {name} is gone"
            assert len(reason) > 10, name


@cache
def _functions(*folder: str) -> set[str]:
    return {
        f"{place_of(path.relative_to(ROOT).parts)}.{node.name}"
        for path in ROOT.joinpath(*folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
