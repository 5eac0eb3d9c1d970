"""The chart of accounts, the funds, the flow matrix and the lines of statements, loaded whole."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.rules.domain.chart import Account, Catalogue, Flow, Fund, ReportLine
from shared.entry import Book, Side

_LIMIT = 100_000


async def load(tx: AsyncConnection) -> Catalogue:
    """Load the catalogue."""
    return Catalogue(
        await accounts(tx), await _funds(tx), await _flows(tx), await _report_lines(tx)
    )


async def accounts(tx: AsyncConnection) -> list[Account]:
    """Load every version of every account, an account's newest first."""
    rows = await tx.execute(
        text("""
            SELECT key, code, name, class, normal_side, parent, book, postable, funds, floored,
                   in_force_from, in_force_to, source, certainty
              FROM chart_account
             ORDER BY key, in_force_from DESC
             LIMIT :limit
        """),
        {"limit": _LIMIT},
    )
    return [_account(dict(row._mapping)) for row in rows]


def _account(row: dict[str, Any]) -> Account:
    funds = frozenset() if row["funds"] == "*" else frozenset(row["funds"].split())
    typed = {
        "account_class": row.pop("class"),
        "normal_side": Side(row["normal_side"]),
        "book": Book(row["book"]),
        "funds": funds,
    }
    return Account(**(row | typed))


async def _funds(tx: AsyncConnection) -> list[Fund]:
    rows = await tx.execute(
        text("""
            SELECT code, name, in_force_from, in_force_to, source, certainty
              FROM fund
             ORDER BY code, in_force_from DESC
             LIMIT :limit
        """),
        {"limit": _LIMIT},
    )
    return [Fund(**row._mapping) for row in rows]


async def _flows(tx: AsyncConnection) -> list[Flow]:
    rows = await tx.execute(
        text("""
            SELECT kind, book, debit, credit, by, in_force_from, in_force_to, source, certainty
              FROM flow_matrix
             ORDER BY kind, book, debit, credit, in_force_from
             LIMIT :limit
        """),
        {"limit": _LIMIT},
    )
    return [Flow(**(dict(row._mapping) | {"book": Book(row.book)})) for row in rows]


async def _report_lines(tx: AsyncConnection) -> list[ReportLine]:
    rows = await tx.execute(
        text("""
            SELECT report, line, name, place, in_force_from, in_force_to, source, certainty
              FROM report_line
             ORDER BY report, line, in_force_from
             LIMIT :limit
        """),
        {"limit": _LIMIT},
    )
    return [ReportLine(**row._mapping) for row in rows]
