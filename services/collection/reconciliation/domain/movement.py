"""Movements of our accounts in the books, read off the vouchers of the ledger's feed. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.collection.reconciliation.domain.statement import ACCOUNTS
from shared.entry import Book, Side
from shared.money import parse_yuan

_MARKS: Final = ("serial", "bank_serial", "settlement", "payment_batch")
"""References of a voucher under which a bank may name the same money, the best first."""
RETURN: Final = "receipt_return"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookMovement:
    """A voucher's effect on one of our accounts, in fen; `mark` is the reference it is known under."""

    account: str
    slot: int
    seq: int
    day: date
    value_day: date
    amount_fen: int
    mark: str
    paper: str | None
    of_receipt: bool
    kind: str
    summary: str


def movements_of(voucher: Mapping[str, Any]) -> Iterator[BookMovement]:
    """Yield a voucher's effects on our accounts; an effect of zero is none."""
    sums: dict[str, int] = defaultdict(int)
    for entry in voucher["entries"]:
        if entry["book"] == Book.STATUTORY and entry["account"] in ACCOUNTS:
            fen = parse_yuan(entry["amount"])
            sums[entry["account"]] += fen if entry["side"] == Side.DEBIT else -fen
    moved = {account: fen for account, fen in sums.items() if fen}
    if not moved:
        return
    references: Mapping[str, str] = voucher["references"]
    is_return = voucher["kind"] == RETURN
    day = date.fromisoformat(voucher["book_date"])
    for account, fen in moved.items():
        yield BookMovement(
            account=account,
            slot=voucher["slot"],
            seq=voucher["seq"],
            day=day,
            value_day=date.fromisoformat(voucher["value_date"]) if voucher["value_date"] else day,
            amount_fen=fen,
            mark=_return_mark(voucher["event_id"]) if is_return else _mark(voucher, references),
            paper=None if is_return else references.get("paper"),
            of_receipt="serial" in references and not is_return,
            kind=voucher["kind"],
            summary=voucher["summary"],
        )


def _mark(voucher: Mapping[str, Any], references: Mapping[str, str]) -> str:
    found = next((references[name] for name in _MARKS if name in references), None)
    return found or str(voucher["reverses"] or voucher["id"])


def _return_mark(event_id: str) -> str:
    """Write "receipt_return:<id>": the parts of one return share a mark."""
    return ":".join(event_id.split(":")[:2])
