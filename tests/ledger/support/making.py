"""Vouchers and drafts for the ledger's tests, and the shipped rules read from their files."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

import services
from services.ledger.common.store.tables import KEYS
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.voucher import GENESIS, Draft, draft, slot_of
from services.ledger.posting.flows.books import Books
from services.ledger.rules.domain.chart import Account, Catalogue, Flow, Fund
from shared.entry import Book, Side
from tests.coordinator import truncate

DATA = Path(services.__file__ or "").parent / "ledger" / "data"
UNIT = "91120101MA06TEST0X"
DAY = date(2021, 7, 15)
FIVE = ("pension", "medical", "unemployment", "work_injury", "maternity")
_numbers = count(1)


def fresh(prefix: str = "event") -> str:
    """An event id that nobody has used."""
    return f"{prefix}-{next(_numbers)}"


async def empty_books(admin: asyncpg.Connection[Any], books: Books) -> None:
    """Books as on their first day: what no role may do, by a superuser with the triggers off."""
    kept = {"slot_head", "book_checkpoint"}
    tables = [name for name, key in KEYS.items() if key != "reference" and name not in kept]
    async with admin.transaction():
        await truncate(admin, tables)
        await admin.execute(
            "UPDATE slot_head SET revision = 0, seq = 0, hash = $1, closed_until = NULL", GENESIS
        )
        await admin.execute("UPDATE book_checkpoint SET seq = 0")
    for writer in books.writers:
        writer._state = None


def entry(
    fund: str,
    account: str,
    side: str,
    amount: str,
    district: str = "heping",
    book: str = "statutory",
) -> dict[str, str]:
    return {
        "book": book,
        "fund": fund,
        "account": account,
        "side": side,
        "amount": amount,
        "district": district,
    }


def pair(
    fund: str,
    debit: str,
    credit: str,
    amount: str,
    district: str = "heping",
    book: str = "statutory",
) -> list[dict[str, str]]:
    return [
        entry(fund, debit, "debit", amount, district, book),
        entry(fund, credit, "credit", amount, district, book),
    ]


def receipt(amount: str = "100.00", **changes: Any) -> dict[str, Any]:
    """A receipt of one fund, unless changed."""
    body: dict[str, Any] = {
        "event_id": fresh("receipt"),
        "owner": UNIT,
        "kind": "receipt",
        "book_date": DAY.isoformat(),
        "summary": "2021-07 社会保险费到账",
        "period": "2021-07",
        "entries": pair("pension", "income_deposit", "contribution_income.pooled", amount),
    }
    return body | changes


def line(
    account: str,
    debit_fen: int,
    credit_fen: int,
    fund: str = "pension",
    district: str = "heping",
    book: str = "statutory",
) -> Line:
    return Line(book, fund, account, district, debit_fen, credit_fen)


def lines(
    debit: str,
    credit: str,
    amount_fen: int,
    fund: str = "pension",
    district: str = "heping",
    book: str = "statutory",
) -> tuple[Line, ...]:
    return (
        line(debit, amount_fen, 0, fund, district, book),
        line(credit, 0, amount_fen, fund, district, book),
    )


def receipt_draft(amount_fen: int = 10_000, **changes: Any) -> Draft:
    """A receipt of one fund as a draft, unless changed."""
    is_payment = str(changes.get("kind", "")).startswith("payment")
    values: dict[str, Any] = {
        "source": "payout_service" if is_payment else "collection_service",
        "event_id": fresh("receipt"),
        "owner": UNIT,
        "kind": "receipt",
        "book_date": DAY,
        "summary": "到账",
        "lines": lines("income_deposit", "contribution_income.pooled", amount_fen),
    } | changes
    values.setdefault("slot", slot_of(values["owner"], 4))
    return draft(**values)


def centre_draft(kind: str, debit: str, credit: str, amount_fen: int, **changes: Any) -> Draft:
    """A draft of the centre between two accounts of a fund."""
    fund = changes.pop("fund", "pension")
    values = {"owner": "centre", "kind": kind, "district": "centre"} | changes
    district = values.pop("district")
    return receipt_draft(
        amount_fen, lines=lines(debit, credit, amount_fen, fund, district), **values
    )


def shipped() -> Catalogue:
    """The chart, funds and flow matrix as they are shipped."""
    return Catalogue(
        [_account(row) for row in _rows("accounts")],
        [Fund(**_dated(row)) for row in _rows("funds")],
        [
            Flow(**(_dated(row) | {"book": Book(row["book"]), "by": _senders(row)}))
            for row in _rows("flow_matrix")
        ],
    )


def _senders(flow: dict[str, str]) -> str:
    """Name the senders of a shipped flow, as the migration of the senders does."""
    senders = {(row["kind"], row["book"], row["debit"]): row["senders"] for row in _kind_senders()}
    for debit in (flow["debit"], "*"):
        found = senders.get((flow["kind"], flow["book"], debit))
        if flow["by"] == "any" and found:
            return found
    return flow["by"]


@cache
def _kind_senders() -> list[dict[str, str]]:
    return _rows("kind_senders")


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _dated(row: dict[str, str]) -> dict[str, Any]:
    to = row["in_force_to"]
    return row | {
        "in_force_from": date.fromisoformat(row["in_force_from"]),
        "in_force_to": date.fromisoformat(to) if to else None,
    }


def _account(row: dict[str, str]) -> Account:
    typed = _dated(row)
    typed["account_class"] = typed.pop("class")
    return Account(
        **(
            typed
            | {
                "normal_side": Side(row["normal_side"]),
                "parent": row["parent"] or None,
                "book": Book(row["book"]),
                "postable": row["postable"] == "true",
                "floored": row["floored"] == "true",
                "funds": frozenset() if row["funds"] == "*" else frozenset(row["funds"].split()),
            }
        )
    )
