"""Red-letter vouchers (红字冲销): reversals of a posted voucher, in whole or in part.

Each is linked to its original. However many there are, together they never take back more than the
original booked in any place (book, fund, account, district) and side; entries of one voucher in the
same place count together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, TypeAlias

from services.ledger.common.domain.refusal import (
    CarryOverNotReversible,
    EarlierThanOriginal,
    NotReversible,
    RefundNotReversible,
)
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.voucher import Draft, draft, voucher_id
from shared.errors import Fault, Faulty
from shared.money import format_yuan

REVERSAL: Final = "reversal"
"""Kind of a red-letter voucher."""
CARRY_OVER: Final = "carry_over"
"""Kind of the vouchers that carry a year's income and expense over. Closings post them."""
TRANSFER_IN: Final = "transfer_in"
"""Kind of the vouchers of money that another city sends for a person."""
REFUND: Final = "refund"
"""Kind of the vouchers that pay a refund. Its order stays settled, so money that the bank sends back
is a return of its own (`refund_return`)."""

Place: TypeAlias = tuple[str, str, str, str]
"""(book, fund, account, district)."""
Remaining: TypeAlias = Mapping[Place, tuple[int, int]]
"""The rest of a voucher that can be taken back: place → (debit fen, credit fen)."""


def remaining(lines: Iterable[Line]) -> Remaining:
    """Compute what remains of a voucher from its lines and those of its reversals (negative)."""
    left: dict[Place, tuple[int, int]] = {}
    for line in lines:
        place = line[:4]
        debit_fen, credit_fen = left.get(place, (0, 0))
        left[place] = (debit_fen + line.debit_fen, credit_fen + line.credit_fen)
    return left


def is_taken_back(left: Remaining) -> bool:
    """Tell whether nothing remains."""
    return not any(debit_fen or credit_fen for debit_fen, credit_fen in left.values())


def excess(red: Sequence[Line], left: Remaining) -> list[Fault]:
    """List the entries of a reversal that exceed what remains."""
    after = remaining([*_lines(left), *red])
    faults = []
    for index, line in enumerate(red):
        debit_left_fen, credit_left_fen = left.get(line[:4], (0, 0))
        short_fen = after[line[:4]][0 if line.debit_fen else 1]
        if short_fen < 0:
            still = debit_left_fen if line.debit_fen else credit_left_fen
            message = f"{line.fund}/{line.account}: remaining={format_yuan(still)}"
            faults.append(Fault(f"/entries/{index}/amount", "REVERSAL_EXCEEDED", message))
    return faults


def require_reversible(kind: str) -> None:
    """Refuse to reverse vouchers that are undone in another way.

    A carry-over dated in a later year would be its income; a refund's order would stay settled.

    Raises:
        CarryOverNotReversible: a voucher of this kind is a carry-over.
        RefundNotReversible: a voucher of this kind has paid a refund.
    """
    if kind == CARRY_OVER:
        raise CarryOverNotReversible
    if kind == REFUND:
        raise RefundNotReversible


def reversal(
    original: Draft,
    seq: int,
    *,
    source: str,
    event_id: str,
    book_date: date,
    summary: str,
    lines: Sequence[Line] | None = None,
) -> Draft:
    """Draft the red-letter voucher of a posted one: same sides, negative amounts, linked.

    `lines` are those to take back, as positive amounts; all of the original when None.

    Raises:
        NotReversible: the original is a reversal itself.
        EarlierThanOriginal: the day given lies before the original's.
    """
    if original.reverses_seq is not None:
        raise NotReversible(voucher=voucher_id(original.slot, seq))
    if book_date < original.book_date:
        raise EarlierThanOriginal(original=original.book_date.isoformat())
    red = draft(
        slot=original.slot,
        source=source,
        event_id=event_id,
        owner=original.owner,
        kind=REVERSAL,
        book_date=book_date,
        period=original.period,
        value_date=original.value_date,
        summary=summary,
        references={"reverses": voucher_id(original.slot, seq)},
        lines=tuple(
            line._replace(debit_fen=-line.debit_fen, credit_fen=-line.credit_fen)
            for line in (original.lines if lines is None else lines)
        ),
        reverses_seq=seq,
    )
    return replace(red, reverses_receipt=original.references.get("receipt"))


def chosen(original: Draft, parts: Sequence[tuple[int, int]]) -> list[Line]:
    """Select the lines that a partial reversal names: (line number from 1, fen of it).

    Raises:
        Faulty: no such line, or one named twice; every fault with its pointer.
    """
    faults = []
    seen: set[int] = set()
    for index, (number, _) in enumerate(parts):
        if number > len(original.lines):
            faults.append(Fault(f"/entries/{index}/line", "LINE_UNKNOWN", str(number)))
        if number in seen:
            faults.append(Fault(f"/entries/{index}/line", "LINE_TWICE", str(number)))
        seen.add(number)
    if faults:
        raise Faulty(faults=faults)
    return [_of_amount(original.lines[number - 1], fen) for number, fen in parts]


def rest(original: Draft, left: Remaining) -> list[Line] | None:
    """List the lines of all that remains; None when that is the whole original, or nothing."""
    if left == remaining(original.lines) or is_taken_back(left):
        return None
    return _lines(left)


def _lines(left: Remaining) -> list[Line]:
    return [
        line
        for place, (debit_fen, credit_fen) in left.items()
        for line in (Line(*place, debit_fen, 0), Line(*place, 0, credit_fen))
        if line.debit_fen or line.credit_fen
    ]


def _of_amount(line: Line, fen: int) -> Line:
    return line._replace(debit_fen=fen) if line.debit_fen else line._replace(credit_fen=fen)
