"""The money of a result file: draws on the hold, releases of it, and returns, as vouchers.

Paid: Dr benefit · Cr 支出户存款, drawn from the batch's hold. Refused: the line's amount of the hold is
released. Returned: Dr 支出户存款 · Cr benefit in the year of the payment, Cr 其他收入 in a later year
(1004 支出户存款); an advance goes back to 暂付款 in any year. Each line draws or releases its own amount exactly once, so the hold ends at zero in
any order; no step takes "all that remains".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.payout.payments.domain.batch import BatchPart, PaymentBatch
from services.payout.payments.domain.payment import BankEvent, FileReview, PaymentLine
from shared.entry import Account, Book, Entry, Side, Voucher
from shared.references import Reference
from shared.roles import CENTRE

Booking = tuple[str, str]
"""(account key, district)."""
Days = tuple[date, date]
"""(book date, value date): the book date is later when the bank's day was closed."""


@dataclass(slots=True)
class PartMovement:
    """Money that a file adds to one part of a batch, in fen, and lines that became final."""

    closed_lines: int = 0
    paid_fen: int = 0
    refused_fen: int = 0
    returned_fen: int = 0


@dataclass(slots=True)
class FileMovement:
    """The money of one result file, by days and booking, and by part."""

    paid: dict[Days, dict[Booking, int]] = field(default_factory=dict)
    returned: dict[Days, dict[Booking, int]] = field(default_factory=dict)
    released_fen: int = 0
    parts: dict[int, PartMovement] = field(default_factory=lambda: defaultdict(PartMovement))

    @property
    def closed_lines(self) -> int:
        """Return the number of lines that became final."""
        return sum(part.closed_lines for part in self.parts.values())


def movement_of(review: FileReview, parts: Mapping[int, BatchPart]) -> FileMovement:
    """Sum the money that moves because of a reviewed file."""
    movement = FileMovement()
    for line_no, after in review.after.items():
        _add(movement, review.before[line_no], after, parts[after.part_no])
    return movement


def _add(movement: FileMovement, before: PaymentLine, after: PaymentLine, part: BatchPart) -> None:
    of_part = movement.parts[part.part_no]
    of_part.closed_lines += after.status.is_final - before.status.is_final
    if after.refused and not before.refused:
        of_part.refused_fen += after.amount_fen
        movement.released_fen += after.amount_fen
    if after.paid and not before.paid:
        of_part.paid_fen += after.amount_fen
        _count(movement.paid, _days(after.paid), (part.account, part.district), after.amount_fen)
    # A return is booked when the payment and the return are both known, whichever came first.
    if after.came_back and not before.came_back:
        assert after.paid is not None
        assert after.returned is not None
        paid, returned = _days(after.paid), _days(after.returned)
        # An advance is no expense of a year: it goes back to where it came from in any year.
        is_own = paid[0].year == returned[0].year or part.account == Account.TEMPORARY_PAYMENT
        account = part.account if is_own else Account.OTHER_INCOME
        of_part.returned_fen += after.amount_fen
        _count(movement.returned, returned, (account, part.district), after.amount_fen)


def _days(event: BankEvent) -> Days:
    assert event.on is not None, "a payment and a return have a value date"
    return event.booked_on or event.on, event.on


def _count(
    sums: dict[Days, dict[Booking, int]], days: Days, booking: Booking, amount_fen: int
) -> None:
    of_day = sums.setdefault(days, {})
    of_day[booking] = of_day.get(booking, 0) + amount_fen


def vouchers_of(
    batch: PaymentBatch, parts: Iterable[BatchPart], movement: FileMovement, report_no: int
) -> tuple[list[Voucher], list[Voucher]]:
    """Build (payment vouchers, which draw on the hold; return vouchers) of one result file.

    There is one voucher per kind and value date, so a file of one day makes one. A value date that is
    closed is booked on the first open day.
    """
    periods = {part.period for part in parts}
    period = str(periods.pop()) if len(periods) == 1 else None

    def build(kind: str, stem: str, days: Days, sums: dict[Booking, int]) -> Voucher:
        book_date, value_date = days
        is_return = kind == "payment_return"
        entries = [
            _entry(batch.fund, account, Side.CREDIT if is_return else Side.DEBIT, fen, district)
            for (account, district), fen in sorted(sums.items())
        ]
        deposit = _entry(
            batch.fund,
            Account.EXPENDITURE_DEPOSIT,
            Side.DEBIT if is_return else Side.CREDIT,
            sum(sums.values()),
            CENTRE,
        )
        return Voucher(
            event_id=f"{stem}:{batch.ref.id.hex}:{report_no}.{value_date:%Y%m%d}",
            owner=CENTRE,
            kind=kind,
            book_date=book_date,
            value_date=value_date,
            period=period,
            summary="待遇支付退回" if is_return else "待遇支付",
            entries=(deposit, *entries) if is_return else (*entries, deposit),
            references={
                "payment_batch": batch.ref.text(Reference.PAYMENT_BATCH),
                "result": str(report_no),
            },
        )

    return (
        [build("payment", "paid", days, sums) for days, sums in sorted(movement.paid.items())],
        [
            build("payment_return", "returned", days, sums)
            for days, sums in sorted(movement.returned.items())
        ],
    )


def _entry(fund: str, account: str, side: Side, amount_fen: int, district: str) -> Entry:
    return Entry(
        book=Book.STATUTORY,
        fund=fund,
        account=account,
        side=side,
        amount_fen=amount_fen,
        district=district,
    )


def release_event(batch: PaymentBatch, report_no: int) -> str:
    """Build the event id of the release of what one result file reported refused."""
    return f"refused:{batch.ref.id.hex}:{report_no}"
