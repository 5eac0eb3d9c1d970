"""Allocation (分账): which line of which bill each fen of a receipt settles. Pure.

One ticket (一票征缴): a bill is paid as one; money that does not cover it is divided over ALL its
lines in proportion, so that no insurance falls behind the others. What exceeds the bill goes to
suspense: it may be anybody's mistake, and a person decides whose it is.

Part payments are divided by largest remainder, two parts at a time: line 1 against the rest, then
line 2 against the rest of the rest. Dividing all lines at once would not do: with three or more
parts the share of a line may shrink while the total grows, so two part payments would leave other
fen in other funds when they come in the other order. With two parts it never shrinks, and how much
of a line is settled depends only on how much of the bill is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.collection.domain.receipt import Receipt
from shared.money import allot


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One insurance × party of a bill."""

    line_no: int
    fund: str
    account: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill and how much of it is settled; `line_settled_fen` in the order of its lines."""

    unit_id: int
    id: UUID
    declaration_id: UUID
    credit_code: str
    district: str
    period: str
    issued_on: date
    lines: tuple[BillLine, ...]
    line_settled_fen: tuple[int, ...]

    @property
    def settled_fen(self) -> int:
        """What has been paid into it."""
        return sum(self.line_settled_fen)

    @property
    def total_fen(self) -> int:
        """What it asks for."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def open_fen(self) -> int:
        """What it still asks for."""
        return self.total_fen - self.settled_fen

    @property
    def status(self) -> str:
        """open, part or settled."""
        if self.open_fen == 0:
            return "settled"
        return "part" if self.settled_fen else "open"


@dataclass(frozen=True, slots=True)
class Share:
    """What one line gets of a receipt."""

    line: BillLine
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What became of one receipt: shares of one bill (none when there is none), and the excess."""

    receipt: Receipt
    bill: Bill | None
    shares: tuple[Share, ...]
    suspended_fen: int

    @property
    def allocated_fen(self) -> int:
        """What the bill got."""
        return sum(share.amount_fen for share in self.shares)


def settled_by_line(settled_fen: int, amounts_fen: Sequence[int]) -> list[int]:
    """How much of each line is settled when `settled_fen` of a bill is.

    Sums to `settled_fen`; no line exceeds its amount; no line shrinks when `settled_fen` grows.
    """
    rest_fen, owed_fen, settled = settled_fen, sum(amounts_fen), []
    if rest_fen == owed_fen:  # nearly every receipt: what follows would say the same, slower
        return list(amounts_fen)
    for amount_fen in amounts_fen:
        other_fen = owed_fen - amount_fen
        part_fen = allot(rest_fen, [amount_fen, other_fen])[0] if owed_fen else 0
        settled.append(part_fen)
        rest_fen, owed_fen = rest_fen - part_fen, other_fen
    assert rest_fen == 0
    return settled


def settle(bill: Bill, paid_fen: int) -> tuple[Bill, tuple[Share, ...], int]:
    """Pay into a bill: the bill afterwards, the shares of its lines, and what it did not need."""
    before_fen = bill.settled_fen
    taken_fen = min(paid_fen, bill.total_fen - before_fen)
    targets = settled_by_line(before_fen + taken_fen, [line.amount_fen for line in bill.lines])
    shares = tuple(
        Share(line, target_fen - settled_fen)
        for line, settled_fen, target_fen in zip(
            bill.lines, bill.line_settled_fen, targets, strict=True
        )
        if target_fen != settled_fen
    )
    assert all(share.amount_fen > 0 for share in shares)
    assert sum(share.amount_fen for share in shares) == taken_fen
    return replace(bill, line_settled_fen=tuple(targets)), shares, paid_fen - taken_fen


def bill_for(bills: Iterable[Bill], period: str, bill_id: UUID | None = None) -> Bill | None:
    """The bill that money is for: the one named; of its period; else the unit's oldest open one.

    A unit that has a bill of the period never has the money moved to another period: what exceeds
    that bill is for a person to look at.
    """
    known = list(bills)
    if bill_id is not None:
        return next((bill for bill in known if bill.id == bill_id), None)
    of_period = [bill for bill in known if bill.period == period]
    open_ones = [bill for bill in of_period or known if bill.open_fen > 0]
    return min(open_ones, key=lambda bill: (bill.period, bill.issued_on, bill.id), default=None)


def book(receipts: Iterable[Receipt], bills: Iterable[Bill]) -> tuple[list[Booking], list[Bill]]:
    """Settle bills with receipts, in order: what became of each, and the bills that changed."""
    purse: dict[int, dict[UUID, Bill]] = {}
    for known in bills:
        purse.setdefault(known.unit_id, {})[known.id] = known
    changed: dict[UUID, Bill] = {}
    bookings = []
    for receipt in receipts:
        own = purse.get(receipt.payer.unit_id, {}) if receipt.payer else {}
        arrival = receipt.arrival
        bill = bill_for(own.values(), arrival.period, arrival.bill_id)
        if bill is None or bill.open_fen == 0:
            bookings.append(Booking(receipt=receipt, bill=None, shares=(),
                                    suspended_fen=arrival.amount_fen))  # fmt: skip
            continue
        after, shares, excess_fen = settle(bill, arrival.amount_fen)
        own[bill.id] = changed[bill.id] = after
        bookings.append(Booking(receipt=receipt, bill=bill, shares=shares,
                                suspended_fen=excess_fen))  # fmt: skip
    return bookings, list(changed.values())
