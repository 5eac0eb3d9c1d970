"""Rules of taking lines in: which are new, which receipts they make, what became of each. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.collection.allocation.domain.receipt import (
    SERIAL_REUSED,
    SERIAL_REUSED_MESSAGE,
    IncomingPayment,
    PaymentPart,
)
from services.collection.tax.domain.line import WHOLE, LevyItems, TaxLine, part_of

TICKET_IN_TWO_FORMS: Final = "TICKET_IN_TWO_FORMS"
TICKET_IN_TWO_FORMS_MESSAGE: Final = (
    "该税票已按另一形式报送:整票与分品目不得并用"
    " (the ticket was reported in the other form: whole or by its lines, never both)"
)


class Outcome(StrEnum):
    """The outcome of a line."""

    MATCHED = "matched"
    SUSPENDED = "suspended"
    REPLAYED = "replayed"
    REJECTED = "rejected"


class HeldReason(StrEnum):
    """The reason why money of a ticket is in suspense, or a refund waits."""

    PAYER_UNKNOWN = "payer_unknown"
    PERSON_UNKNOWN = "person_unknown"
    ITEM_UNKNOWN = "item_unknown"
    NO_OPEN_BILL = "no_open_bill"
    MORE_THAN_OPEN = "more_than_open"
    TICKET_UNKNOWN = "ticket_unknown"
    REFUND_EXCEEDS = "refund_exceeds"


@dataclass(frozen=True, slots=True)
class LineResult:
    """The result of one line. `reason` is a code; `message` is for the reader."""

    ticket: str
    line_no: int
    outcome: Outcome
    reason: str = ""
    message: str = ""


KnownLines = Mapping[tuple[str, int], bytes]
"""Lines of an authority that were taken before: (ticket, number) → hash of what was reported."""


@dataclass(frozen=True, slots=True)
class SortedLines:
    """The lines of a push: new ones, and the results of the others."""

    new: list[TaxLine]
    results: list[LineResult]


def sort_lines(
    lines: Sequence[TaxLine], known: KnownLines, whole: Iterable[str] = ()
) -> SortedLines:
    """Divide lines into new ones, repeats and contradictions.

    The first of two lines under one number counts. A ticket is reported whole or by its lines;
    `whole` are tickets that an earlier release took whole.
    """
    seen = dict(known)
    forms = dict.fromkeys(whole, True)
    forms |= {ticket: line_no == WHOLE for ticket, line_no in known}
    new: list[TaxLine] = []
    results: list[LineResult] = []
    for line in lines:
        body_hash = line.body_hash
        before = seen.get(line.key)
        if before is not None:
            results.append(_repeated(line, same=before == body_hash))
        elif forms.setdefault(line.ticket, line.line_no == WHOLE) != (line.line_no == WHOLE):
            results.append(
                LineResult(
                    *line.key, Outcome.REJECTED, TICKET_IN_TWO_FORMS, TICKET_IN_TWO_FORMS_MESSAGE
                )
            )
        else:
            seen[line.key] = body_hash
            new.append(line)
    return SortedLines(new, results)


def _repeated(line: TaxLine, *, same: bool) -> LineResult:
    if same:
        return LineResult(*line.key, Outcome.REPLAYED)
    return LineResult(*line.key, Outcome.REJECTED, SERIAL_REUSED, SERIAL_REUSED_MESSAGE)


@dataclass(frozen=True, slots=True)
class TicketPart:
    """The lines of a ticket that make one receipt: of one payer and one period."""

    lines: tuple[TaxLine, ...]

    @property
    def first(self) -> TaxLine:
        """Return the line with the lowest number."""
        return self.lines[0]

    def payment(self, items: LevyItems) -> IncomingPayment:
        """Return the payment that the lines make together.

        Its serial is the ticket's number; where line 1 made another receipt, of another payer or
        period or in an earlier push, the first line's number follows.
        """
        first = self.first
        if first.line_no == WHOLE:
            return first.whole_payment()
        parts: dict[tuple[str, str], int] = defaultdict(int)
        for line in self.lines:
            part = part_of(line, items)
            parts[part.insurance, part.party] += part.amount_fen
        return IncomingPayment(
            serial=first.ticket if first.line_no == 1 else f"{first.ticket}/{first.line_no}",
            credit_code=first.payer,
            period=first.period,
            amount_fen=sum(line.amount_fen for line in self.lines),
            paid_on=first.paid_on,
            parts=tuple(PaymentPart(*side, fen) for side, fen in parts.items()),
        )


def parts_of_tickets(lines: Iterable[TaxLine]) -> list[TicketPart]:
    """Group lines by ticket, payer, period and day of payment."""
    groups: dict[tuple[object, ...], list[TaxLine]] = defaultdict(list)
    for line in lines:
        groups[line.ticket, line.payer, line.person_id, line.period, line.paid_on].append(line)
    return [
        TicketPart(tuple(sorted(group, key=lambda line: line.line_no))) for group in groups.values()
    ]


def held_reason(
    part: TicketPart, items: LevyItems, *, has_payer: bool, allocated_fen: int
) -> HeldReason:
    """Say why some money of a ticket found no bill."""
    if not has_payer:
        is_person = part.first.person_id is not None
        return HeldReason.PERSON_UNKNOWN if is_person else HeldReason.PAYER_UNKNOWN
    if any(line.line_no != WHOLE and line.levy_item not in items for line in part.lines):
        return HeldReason.ITEM_UNKNOWN
    return HeldReason.MORE_THAN_OPEN if allocated_fen else HeldReason.NO_OPEN_BILL
