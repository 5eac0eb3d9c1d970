"""The chart of accounts, the funds and the flow matrix: read whole, corrected by row."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.chart import Account, Catalogue, Flow, Fund
from shared.entry import Book, Side

_LIMIT = 100_000


async def load(tx: AsyncConnection) -> Catalogue:
    """Everything that the ledger knows about accounts, funds and flows."""
    return Catalogue(await accounts(tx), await _funds(tx), await _flows(tx))


async def accounts(tx: AsyncConnection) -> list[Account]:
    """Every version of every account, an account's newest first."""
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


async def put_account(tx: AsyncConnection, account: Account) -> None:
    """Add or correct one dated row of the chart. Needs an administrator's connection."""
    values = asdict(account)
    values["class"] = values.pop("account_class")
    values["funds"] = " ".join(sorted(account.funds)) or "*"
    await tx.execute(
        text("""
            INSERT INTO chart_account (key, code, name, class, normal_side, parent, book, postable,
                                       funds, floored, in_force_from, in_force_to, source,
                                       certainty)
            VALUES (:key, :code, :name, :class, :normal_side, :parent, :book, :postable, :funds,
                    :floored, :in_force_from, :in_force_to, :source, :certainty)
            ON CONFLICT (key, in_force_from) DO UPDATE
               SET code = excluded.code, name = excluded.name, class = excluded.class,
                   normal_side = excluded.normal_side, parent = excluded.parent,
                   book = excluded.book, postable = excluded.postable, funds = excluded.funds,
                   floored = excluded.floored, in_force_to = excluded.in_force_to,
                   source = excluded.source, certainty = excluded.certainty
        """),
        values | {"normal_side": account.normal_side.value, "book": account.book.value},
    )


async def put_fund(tx: AsyncConnection, fund: Fund) -> None:
    """Add or correct one dated row of the funds. Needs an administrator's connection."""
    await tx.execute(
        text("""
            INSERT INTO fund (code, name, in_force_from, in_force_to, source, certainty)
            VALUES (:code, :name, :in_force_from, :in_force_to, :source, :certainty)
            ON CONFLICT (code, in_force_from) DO UPDATE
               SET name = excluded.name, in_force_to = excluded.in_force_to,
                   source = excluded.source, certainty = excluded.certainty
        """),
        asdict(fund),
    )


async def put_flow(tx: AsyncConnection, flow: Flow) -> None:
    """Add or correct one dated row of the flow matrix. Needs an administrator's connection."""
    await tx.execute(
        text("""
            INSERT INTO flow_matrix (kind, book, debit, credit, by, in_force_from, in_force_to,
                                     source, certainty)
            VALUES (:kind, :book, :debit, :credit, :by, :in_force_from, :in_force_to, :source,
                    :certainty)
            ON CONFLICT (kind, book, debit, credit, in_force_from) DO UPDATE
               SET by = excluded.by, in_force_to = excluded.in_force_to,
                   source = excluded.source, certainty = excluded.certainty
        """),
        asdict(flow) | {"book": flow.book.value},
    )
