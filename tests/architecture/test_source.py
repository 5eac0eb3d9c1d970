"""Rules of the source that a reviewer can rely on: no float, no stray SQL, no stray commit."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("collection", "identity", "ledger", "payout")
SQL_HEADS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH ", "COPY ")


def modules(*roots: str) -> Iterator[tuple[str, ast.Module]]:
    for root in roots:
        for path in sorted((ROOT / root).rglob("*.py")):
            yield str(path.relative_to(ROOT)), tree_of(path)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def money_modules() -> list[tuple[str, ast.Module]]:
    services = modules(*(f"services/{service}" for service in SERVICES if service != "identity"))
    found = [(name, tree) for name, tree in services if room_of(name) in {"domain", "store"}]
    assert len(found) > 200, "the rooms have moved: this test would guard nothing"
    return found


def room_of(name: str) -> str | None:
    """The room of a service's file: "services/collection/billing/store/bill.py" is in "store"."""
    parts = Path(name).with_suffix("").parts
    return parts[3] if len(parts) > 3 else None


def test_no_float_in_the_rules_or_the_store() -> None:
    for name, tree in money_modules():
        for node in ast.walk(tree):
            is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            is_type = isinstance(node, ast.Name) and node.id == "float"
            # In a store "/" joins paths; in a rule it could only divide.
            divides = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
            divides = divides and room_of(name) == "domain"
            assert not any((is_literal, is_type, divides)), f"{name}:{node.lineno}"


def test_sql_is_only_in_stores_and_in_shared() -> None:
    for name, tree in modules(
        "services/collection", "services/identity", "services/ledger", "services/payout"
    ):
        if room_of(name) == "store":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.lstrip().startswith(SQL_HEADS), f"{name}:{node.lineno}"


def test_only_the_database_shell_commits() -> None:
    for name, tree in modules(
        "services/collection", "services/identity", "services/ledger", "services/payout", "shared"
    ):
        if name == "shared/db.py":
            continue
        for node in ast.walk(tree):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            assert not (called and node.func.attr == "commit"), f"{name}:{node.lineno}"  # type: ignore[attr-defined]


@pytest.mark.parametrize("service", SERVICES)
def test_every_module_says_what_it_is_for(service: str) -> None:
    for name, tree in modules(f"services/{service}", "shared"):
        if tree.body:
            assert ast.get_docstring(tree), name


def test_nothing_reads_the_clock_but_the_clock() -> None:
    for name, tree in modules(
        "services/collection", "services/identity", "services/ledger", "services/payout", "shared"
    ):
        if name == "shared/clock.py":
            continue
        for node in ast.walk(tree):
            reads = isinstance(node, ast.Attribute) and node.attr in {"utcnow", "today"}
            assert not (
                reads and ast.unparse(node).split(".")[-2:-1] in (["date"], ["datetime"])
            ), (
                f"{name}:{node.lineno}"  # type: ignore[attr-defined]
            )
