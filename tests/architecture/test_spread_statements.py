"""Planted statements: what a distributed database refuses is found on an ordinary PostgreSQL."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.distribution.tables import KEYS as KEYS_OF
from tests.keyed_sql import read
from tests.recording import ALLOWED, Recording

KEYS = {
    "bill": "unit_id",
    "bill_line": "unit_id",
    "receipt": "receipt_key",
    "paper": "unit_id",
    "policy": "reference",
}
WHOLE = frozenset({"paper"})
ROOT = Path(__file__).parents[2]
_SENT = re.compile(r"INSERT INTO[^;]*?\)\s+SELECT\b.*?ON CONFLICT", re.DOTALL)
UNITS = "unnest(CAST($1 AS bigint[])) AS wanted (unit_id)"


def refused(sql: str, *, key_by_key: bool = False) -> list[str]:
    """Refusals of a statement."""
    reading = read(sql, KEYS, WHOLE, key_by_key=key_by_key)
    assert not [one for one in reading.problems if "cannot be read" in one]
    return reading.refused


@pytest.mark.parametrize(
    "sql",
    [
        # One key: whatever PostgreSQL can.
        "SELECT 1 FROM bill JOIN bill_line USING (unit_id) WHERE bill.unit_id = $1 FOR UPDATE",
        "WITH RECURSIVE b AS (SELECT 1 AS n FROM bill WHERE unit_id = $1 UNION ALL SELECT n FROM b) SELECT n FROM b",
        "SELECT 1 FROM policy AS p, LATERAL (SELECT 1 FROM bill WHERE unit_id = $1 AND id = p.id LIMIT 1) AS b",
        # Several keys: joined by the key, or after it was collected.
        "SELECT 1 FROM bill JOIN bill_line USING (unit_id, id)",
        "SELECT 1 FROM bill AS b WHERE EXISTS (SELECT FROM bill_line AS l WHERE l.unit_id = b.unit_id)",
        f"SELECT 1 FROM {UNITS} JOIN bill AS b ON b.unit_id = wanted.unit_id LEFT JOIN bill_line AS l ON l.unit_id = b.unit_id",
        "SELECT 1 FROM bill AS b CROSS JOIN LATERAL (SELECT 1 FROM bill_line AS l WHERE l.unit_id = b.unit_id LIMIT 1) AS one",
        f"SELECT 1 FROM {UNITS} JOIN bill AS b ON b.unit_id = wanted.unit_id JOIN bill_line AS l ON l.unit_id = wanted.unit_id",
        "WITH known AS MATERIALIZED (SELECT unit_id FROM receipt WHERE receipt_key = $1) SELECT 1 FROM known JOIN bill ON bill.unit_id = known.unit_id",
        "WITH paid AS (SELECT bill_id FROM receipt) SELECT 1 FROM paid JOIN bill ON bill.id = paid.bill_id",
        "SELECT 1 FROM bill WHERE id IN (SELECT bill_id FROM receipt)",
        "WITH merged AS MATERIALIZED (SELECT * FROM personal_holder) SELECT 1 FROM bill JOIN merged ON merged.person_id = bill.unit_id",
        # Tables at the coordinator are PostgreSQL's own.
        "SELECT 1 FROM paper ORDER BY unit_id FOR UPDATE",
        "SELECT 1 FROM paper AS p JOIN paper AS q ON q.id = p.id",
        "INSERT INTO paper (unit_id, at) VALUES ($1, now()) ON CONFLICT (unit_id) DO UPDATE SET at = now()",
        # Changes with times that come from elsewhere.
        "INSERT INTO bill (unit_id, at) VALUES ($1, now()) ON CONFLICT (unit_id) DO UPDATE SET at = excluded.at",
        "UPDATE bill SET at = now() WHERE unit_id = $1 AND due < now()",
        "WITH told AS MATERIALIZED (SELECT unit_id, n, now() AS at FROM unnest($1) AS x (unit_id, n)) UPDATE bill SET at = CASE WHEN told.n > 0 THEN told.at END FROM told WHERE told.unit_id = bill.unit_id",
    ],
)
def test_what_works_on_both_is_not_refused(sql: str) -> None:
    assert refused(sql) == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 FROM bill ORDER BY unit_id FOR UPDATE", "locks rows of bill"),
        (
            f"SELECT 1 FROM {UNITS} JOIN bill USING (unit_id) FOR SHARE OF bill",
            "locks rows of bill",
        ),
        (
            "WITH due AS MATERIALIZED (SELECT unit_id FROM bill FOR UPDATE) SELECT 1 FROM due",
            "locks rows of bill",
        ),
        ("SELECT 1 FROM bill JOIN bill_line ON bill_line.id = bill.id", "joins bill, bill_line"),
        ("SELECT 1 FROM bill JOIN receipt ON receipt.bill_id = bill.id", "joins bill, receipt"),
        (
            "SELECT 1 FROM bill AS b LEFT JOIN LATERAL (SELECT n FROM paper WHERE paper.id = b.id) AS p ON true",
            "paper is looked up",
        ),
        (
            "SELECT 1 FROM bill AS b WHERE EXISTS (SELECT FROM receipt AS r WHERE r.bill_id = b.id)",
            "joins bill, receipt",
        ),
        (
            "SELECT (SELECT MAX(l.n) FROM bill_line AS l WHERE l.id = b.id) FROM bill AS b",
            "joins bill, bill_line",
        ),
        (
            "SELECT 1 FROM bill WHERE unit_id = $1 AND EXISTS (SELECT FROM bill_line AS l WHERE l.unit_id = $2 AND l.id = bill.id)",
            "joins bill, bill_line",
        ),
        (
            f"SELECT 1 FROM {UNITS} JOIN bill AS b ON b.unit_id = wanted.unit_id LEFT JOIN bill_line AS l ON l.unit_id = wanted.unit_id",
            "bill_line is joined by wanted, not by b",
        ),
        (
            f"SELECT 1 FROM {UNITS} JOIN bill AS b ON b.unit_id = wanted.unit_id WHERE NOT EXISTS (SELECT FROM bill_line AS l WHERE l.unit_id = wanted.unit_id)",
            "bill_line is joined by wanted, not by b",
        ),
        (
            f"SELECT 1 FROM {UNITS} CROSS JOIN LATERAL (SELECT 1 FROM bill AS b WHERE b.unit_id = wanted.unit_id LIMIT 1) AS one",
            "a limit, DISTINCT or total of bill",
        ),
        (
            f"SELECT 1 FROM {UNITS} CROSS JOIN LATERAL (SELECT SUM(b.fen) AS fen FROM bill AS b WHERE b.unit_id = wanted.unit_id) AS one",
            "a limit, DISTINCT or total of bill",
        ),
        (
            f"SELECT 1 FROM {UNITS} WHERE EXISTS (SELECT FROM bill AS b WHERE b.unit_id = wanted.unit_id)",
            "bill is looked up for each row",
        ),
        (
            "SELECT 1 FROM bill LEFT JOIN personal_holder AS h ON h.person_id = bill.unit_id",
            "personal_holder beside rows of several keys",
        ),
        (
            "WITH RECURSIVE b AS (SELECT unit_id FROM bill UNION ALL SELECT unit_id FROM b) SELECT 1 FROM b",
            "a recursive query",
        ),
        (
            "INSERT INTO bill (unit_id, at) VALUES ($1, $2) ON CONFLICT (unit_id) DO UPDATE SET at = now()",
            "in DO UPDATE",
        ),
        (
            "INSERT INTO policy (id, at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET at = $2 WHERE policy.at < now()",
            "in DO UPDATE",
        ),
        ("INSERT INTO bill (unit_id, at) VALUES ($1, COALESCE($2, now()))", "CASE or COALESCE"),
        (
            "INSERT INTO bill (unit_id, n) VALUES ($1, (SELECT MAX(n) FROM policy))",
            "a subquery in VALUES",
        ),
        (
            "UPDATE bill SET at = CASE WHEN n > $2 THEN now() END WHERE unit_id = $1",
            "CASE or COALESCE",
        ),
        ("UPDATE bill SET at = COALESCE(at, now()) WHERE unit_id = $1", "CASE or COALESCE"),
        (
            "UPDATE bill SET at = told.at FROM (SELECT unit_id, CASE WHEN n > 0 THEN now() END AS at FROM unnest($1) AS x (unit_id, n)) AS told WHERE told.unit_id = bill.unit_id",
            "CASE or COALESCE",
        ),
        (
            "UPDATE bill SET n = $2 WHERE unit_id = $1 AND convert_from(payload, 'UTF8') = $3",
            "convert_from of a column",
        ),
        (
            "UPDATE bill SET n = $2 WHERE unit_id = $1 AND to_jsonb(bill.n) = $3",
            "to_jsonb of a column",
        ),
        (
            "DELETE FROM bill WHERE unit_id = $1 AND random() < $2",
            "a volatile function in a change",
        ),
        ("UPDATE bill SET n = $2 WHERE unit_id = $1 RETURNING now()", "in RETURNING"),
    ],
)
def test_what_a_distributed_database_refuses_is_found(sql: str, message: str) -> None:
    assert [one for one in refused(sql) if message in one], refused(sql)


def test_a_statement_that_is_sent_key_after_key_may_lock() -> None:
    """As `shared.db` does, which names the keys by ANY."""
    by_key = "SELECT 1 FROM bill WHERE unit_id = ANY(CAST($1 AS bigint[])) ORDER BY id FOR UPDATE"
    assert refused(by_key)
    assert refused(by_key, key_by_key=True) == []
    by_id = "SELECT 1 FROM bill WHERE id = ANY(CAST($1 AS bigint[])) ORDER BY id FOR UPDATE"
    assert refused(by_id, key_by_key=True)


def test_a_refused_statement_is_a_fault_unless_it_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.recording._caller", lambda *_, **__: "head.find")
    connection = SimpleNamespace(
        _params=SimpleNamespace(server_settings={"application_name": "wuxian-ledger"}),
        _protocol=SimpleNamespace(is_in_transaction=lambda: True),
    )
    sql = "SELECT 1 FROM voucher WHERE slot = $1 UNION ALL SELECT 1 FROM slot_head FOR UPDATE"
    kinds = {kind: {"head.find": "a reason"} for kind in ("statements", "locks")}
    strict = Recording({"ledger": kinds})
    lenient = Recording({"ledger": {**kinds, "refused": {"head.find": "a reason"}}})
    for recording in (strict, lenient):
        recording.statement(connection, sql, [(1,)])
    assert [one for one in strict.faults if "Citus refuses: locks rows" in one]
    assert lenient.faults == {}


def test_a_plan_that_is_fixed_for_every_key_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.recording._caller", lambda *_, **__: "batch.prepare")
    connection = SimpleNamespace(
        _params=SimpleNamespace(server_settings={"application_name": "wuxian-ledger"})
    )
    recording = Recording({})
    recording.statement(connection, "SET plan_cache_mode = force_generic_plan", [()])
    assert [one for one in recording.faults if "its key's server" in one]


def test_rows_that_were_inserted_are_counted_by_what_they_return() -> None:
    """On a distributed database an INSERT … SELECT reports the rows that it sent, conflicts too."""
    found = []
    for path in sorted(ROOT.joinpath("services").rglob("*.py")):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "rowcount" in text else ():
            if isinstance(node, ast.AsyncFunctionDef):
                source = ast.get_source_segment(text, node) or ""
                if "rowcount" in source and _SENT.search(source):
                    found.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert found == []


def test_nothing_is_refused_of_any_service() -> None:
    listed = tomllib.loads(ALLOWED.read_text())
    assert [name for name in KEYS_OF if listed[name].get("refused")] == []
