"""The difference between a unit's account as it is recorded and as it follows from its facts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from services.collection.allocation.domain.allocation import Bill, BillLine
from services.collection.arrears.domain.late import Charge, LateAssessment
from services.collection.billing.domain.bill import CHARGE
from services.collection.policy.domain.charge import ChargeKind
from services.collection.reallocation.domain.replay import LineKey, Position, ShareKey

Key = TypeVar("Key")
ChargedKey = tuple[UUID, UUID, int, ChargeKind]
"""Payment, charged bill, number of its line, kind of the charge."""
UseKey = tuple[UUID, UUID, int]
"""Credit, bill and number of its line."""


@dataclass(frozen=True, slots=True)
class ChargedAmount:
    """The fixed amount of one charge: its principal, exact parts, and fen as billed."""

    principal_fen: int = 0
    parts: int = 0
    amount_fen: int = 0


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """The recorded amounts of a line, in fen."""

    amount_fen: int
    settled_fen: int
    credited_fen: int
    waived_fen: int

    @property
    def issued_fen(self) -> int:
        """Return the amount that the line was issued over."""
        return self.amount_fen + self.credited_fen + self.waived_fen


NO_LINE = RecordedLine(0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAccount:
    """A unit's account as it is recorded; amounts in fen.

    bills: every bill, charge bills too, with its lines as they stand.
    lines: (bill, line) → what is recorded of it.
    shares: what each payment settled of each line.
    payments: what is entrusted by each payment, less what was taken of it.
    left: what of each payment is in suspense; payments that are not booked yet are left out.
    """

    bills: Mapping[UUID, Bill]
    lines: Mapping[LineKey, RecordedLine]
    shares: Mapping[ShareKey, int]
    left: Mapping[UUID, int]
    charged: Mapping[ChargedKey, ChargedAmount]
    uses: Mapping[UseKey, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """A line that asks for another amount, or of which another amount is settled (fen)."""

    bill: Bill
    line: BillLine
    before: RecordedLine
    after: RecordedLine

    @property
    def issued_fen(self) -> int:
        """Return the change of the issued amount; only lines of charge bills change so."""
        return self.after.issued_fen - self.before.issued_fen

    @property
    def waived_fen(self) -> int:
        """Return the change of the waived amount."""
        return self.after.waived_fen - self.before.waived_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeChange:
    """A charge that is more (less) than was fixed; `charge` is the charge as it is now, None when
    nothing is charged any more."""

    key: ChargedKey
    assessment: LateAssessment | None
    charge: Charge | None
    change: ChargedAmount


@dataclass(slots=True, kw_only=True)
class AccountDifference:
    """All by which an account differs from what is recorded; empty when it does not.

    bills, line_of: every bill and line of the account, as they are now.
    new_bills: charge bills to issue. new_lines: lines to add to charge bills that were issued.
    lines: lines that ask for another amount, or of which another amount is settled.
    shares, left, uses: by how much each changes, never zero.
    """

    bills: dict[UUID, Bill] = field(default_factory=dict)
    line_of: dict[LineKey, BillLine] = field(default_factory=dict)
    new_bills: list[LateAssessment] = field(default_factory=list)
    new_lines: list[tuple[Bill, BillLine]] = field(default_factory=list)
    lines: list[LineChange] = field(default_factory=list)
    shares: dict[ShareKey, int] = field(default_factory=dict)
    left: dict[UUID, int] = field(default_factory=dict)
    charges: list[ChargeChange] = field(default_factory=list)
    uses: dict[UseKey, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        parts = (
            self.new_bills,
            self.new_lines,
            self.lines,
            self.shares,
            self.left,
            self.charges,
            self.uses,
        )
        return any(parts)

    @property
    def changed_bills(self) -> set[UUID]:
        """Bills of which a line changes."""
        return {one.bill.id for one in self.lines} | {bill.id for bill, _ in self.new_lines}


def difference(recorded: RecordedAccount, position: Position) -> AccountDifference:
    """Compare an account with what is recorded of it."""
    found = AccountDifference(bills={**recorded.bills, **position.bills})
    for bill in (*recorded.bills.values(), *position.bills.values()):
        found.line_of |= {(bill.id, line.line_no): line for line in bill.lines}
    found.shares = _less(position.shares, recorded.shares)
    found.left = _less(position.left, recorded.left)
    found.uses = _less(position.uses, recorded.uses)
    found.new_bills = [
        one
        for one in position.assessments
        if one.charge_bill and one.charge_bill.id not in recorded.bills
    ]
    found.charges = list(_charge_changes(recorded, position))
    for bill_id, before in recorded.bills.items():
        _compare_bill(found, recorded, position, bill_id, before)
    for one in found.new_bills:
        assert one.charge_bill is not None
        bill = position.bills[one.charge_bill.id]
        found.lines += _settled_of_new(bill, position)
    return found


def _less(after: Mapping[Key, int], before: Mapping[Key, int]) -> dict[Key, int]:
    changes = {key: after.get(key, 0) - before.get(key, 0) for key in {*after, *before}}
    return {key: change for key, change in changes.items() if change}


def _compare_bill(
    found: AccountDifference,
    recorded: RecordedAccount,
    position: Position,
    bill_id: UUID,
    before: Bill,
) -> None:
    after = position.bills.get(bill_id)
    if after is None:
        assert before.kind == CHARGE, "bills over contributions are facts"
    now = {} if after is None else _lines_of(after, position)
    bill = after or before
    for line_no in sorted({line.line_no for line in before.lines} | set(now)):
        was = recorded.lines.get((bill_id, line_no))
        is_now = now.get(line_no, NO_LINE)
        line = found.line_of[bill_id, line_no]
        if was is None:
            found.new_lines.append((bill, line))
            was = NO_LINE
        if was != is_now:
            found.lines.append(LineChange(bill=bill, line=line, before=was, after=is_now))


def _lines_of(bill: Bill, position: Position) -> dict[int, RecordedLine]:
    return {
        line.line_no: RecordedLine(
            line.amount_fen,
            settled_fen,
            position.credited.get((bill.id, line.line_no), 0),
            position.waived.get((bill.id, line.line_no), 0),
        )
        for line, settled_fen in zip(bill.lines, bill.line_settled_fen, strict=True)
    }


def _settled_of_new(bill: Bill, position: Position) -> Iterator[LineChange]:
    """Return what is settled or waived of a new charge bill at once; it was issued unpaid."""
    now = _lines_of(bill, position)
    for line in bill.lines:
        issued = RecordedLine(now[line.line_no].issued_fen, 0, 0, 0)
        if now[line.line_no] != issued:
            yield LineChange(bill=bill, line=line, before=issued, after=now[line.line_no])


def _charge_changes(recorded: RecordedAccount, position: Position) -> Iterator[ChargeChange]:
    now: dict[ChargedKey, tuple[LateAssessment, Charge]] = {}
    for one in position.assessments:
        for charge in one.charges:
            key = (one.payment.event_id, one.paid_bill.id, charge.line_no, charge.accrual.kind)
            now[key] = (one, charge)
    for key in sorted({*now, *recorded.charged}, key=str):
        was = recorded.charged.get(key, ChargedAmount())
        assessment, made = now.get(key, (None, None))
        is_now = ChargedAmount()
        if made is not None:
            is_now = ChargedAmount(made.accrual.principal_fen, made.accrual.parts, made.amount_fen)
        if was != is_now:
            change = ChargedAmount(
                is_now.principal_fen - was.principal_fen,
                is_now.parts - was.parts,
                is_now.amount_fen - was.amount_fen,
            )
            yield ChargeChange(key=key, assessment=assessment, charge=made, change=change)


def by_bill(lines: list[LineChange]) -> dict[UUID, list[LineChange]]:
    """Changes of lines, by bill."""
    found: dict[UUID, list[LineChange]] = defaultdict(list)
    for one in lines:
        found[one.bill.id].append(one)
    return dict(found)
