"""Rules of waivers (减免): a late charge is lowered, in full or in part, for a reason. Pure.

Only the open part of a charge bill can be waived; a paid charge is refunded instead. Late fee and
interest are kept apart, because a reason may allow only one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.collection.arrears.domain.charge_books import NAMES
from services.collection.policy.domain.charge import ChargeKind
from shared.effective import in_force
from shared.entry import Account, Book, Voucher, transfer
from shared.errors import Fault, NotFound, StateConflict
from shared.money import allot, format_yuan


class WaiverState(StrEnum):
    """Status of a waiver."""

    FILED = "filed"
    APPROVED = "approved"
    REFUSED = "refused"


class WaiverUnknown(NotFound):
    """无此减免申请 (no such waiver)"""

    code = "WAIVER_UNKNOWN"


class NotAChargeBill(StateConflict):
    """该单为缴费通知单,只有加收的滞纳金、利息可以减免 (only bills of late charges can be waived)"""

    code = "NOT_A_CHARGE_BILL"


class WaiverPending(StateConflict):
    """该单已有待批的减免申请 (a waiver of this bill waits for its decision)"""

    code = "WAIVER_WAITS"


class BillBeingDebited(StateConflict):
    """该单正在托收,待银行回执后再办理 (the bill is with the bank: wait for its answer)"""

    code = "BILL_BEING_DEBITED"


class WaiverExceedsOpen(StateConflict):
    """申请后已有缴费,未缴部分少于申请减免额 (less is open now than was asked to be waived)"""

    code = "OPEN_LESS_THAN_WAIVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverReason:
    """A reason of the catalogue: the kinds of charge it may waive, and the days it is in force."""

    code: str
    text: str
    kinds: tuple[ChargeKind, ...]
    in_force_from: date
    in_force_to: date | None
    source: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChargeLine:
    """A line of a charge bill and its open amount, in fen."""

    line_no: int
    kind: ChargeKind
    insurance: str
    fund: str
    open_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverLine:
    """The amount waived of one line; positive, in fen."""

    line_no: int
    kind: ChargeKind
    insurance: str
    fund: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A waiver of a charge bill, requested on one day and decided on another."""

    unit_id: int
    id: UUID
    bill_id: UUID
    credit_code: str
    district: str
    period: str
    reason: str
    evidence: str
    note: str
    asked_on: date
    amount_fen: int
    status: WaiverState
    decided_on: date | None
    lines: tuple[WaiverLine, ...]


def faults_in(
    reason: str,
    kinds: Iterable[ChargeKind],
    amount_fen: int | None,
    on: date,
    lines: Sequence[OpenChargeLine],
    catalogue: Iterable[WaiverReason],
) -> Iterator[Fault]:
    """Find the faults of a waiver request for some kinds of a bill's open lines."""
    requested = tuple(kinds)
    named = [row for row in catalogue if row.code == reason]
    if not named:
        yield Fault("/reason", "REASON_UNKNOWN", f"无此减免原因代码 (no such code): {reason}")
    elif not (known := in_force(named, on)):
        yield Fault("/reason", "REASON_NOT_IN_FORCE", f"该原因当日不适用 (not in force on {on})")
    else:
        for kind in requested:
            if kind not in known[0].kinds:
                message = f"该原因不得减免{NAMES[kind]} (this reason does not waive {kind})"
                yield Fault("/kind", "REASON_OF_ANOTHER_KIND", message)
    open_fen = sum(line.open_fen for line in lines if line.kind in requested)
    if not open_fen:
        yield Fault("/kind", "NOTHING_OPEN", "无未缴的加收额 (nothing of it is open)")
    elif amount_fen is not None and amount_fen > open_fen:
        message = f"超过未缴额 {format_yuan(open_fen)} (more than is open)"
        yield Fault("/amount", "AMOUNT_ABOVE_OPEN", message)


def waived_lines(
    lines: Sequence[OpenChargeLine], kinds: Iterable[ChargeKind], amount_fen: int | None
) -> tuple[WaiverLine, ...]:
    """Divide a waiver over the open lines in proportion; None waives all that is open."""
    requested = set(kinds)
    chosen = [line for line in lines if line.kind in requested and line.open_fen]
    whole_fen = sum(line.open_fen for line in chosen)
    parts = allot(
        whole_fen if amount_fen is None else amount_fen, [line.open_fen for line in chosen]
    )
    return tuple(
        WaiverLine(
            line_no=line.line_no,
            kind=line.kind,
            insurance=line.insurance,
            fund=line.fund,
            amount_fen=part_fen,
        )
        for line, part_fen in zip(chosen, parts, strict=True)
        if part_fen
    )


def waived_voucher(waiver: Waiver) -> Voucher:
    """Build the memo voucher of a waiver: Dr 应征 · Cr 应收, per fund."""
    assert waiver.decided_on is not None, "an approved waiver has its day"
    funds: dict[str, int] = {}
    for line in waiver.lines:
        funds[line.fund] = funds.get(line.fund, 0) + line.amount_fen
    return Voucher(
        event_id=f"waiver:{waiver.id.hex}",
        owner=waiver.credit_code,
        kind="waiver",
        book_date=waiver.decided_on,
        summary=f"{waiver.period} 减免加收 {format_yuan(waiver.amount_fen)}",
        entries=tuple(
            entry
            for fund, amount_fen in funds.items()
            for entry in transfer(
                book=Book.MEMO,
                fund=fund,
                debit=Account.MEMO_LEVIED,
                credit=Account.MEMO_RECEIVABLE,
                amount_fen=amount_fen,
                district=waiver.district,
            )
        ),
        period=waiver.period,
        references={"bill": waiver.bill_id.hex, "waiver": waiver.id.hex},
    )
