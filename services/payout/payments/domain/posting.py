"""What a result file means in money: draws on the hold, releases of it, returns; as vouchers.

Paid: Dr benefit · Cr 支出户存款, drawn from the batch's hold. Refused: that amount of the hold is
released. Returned: Dr 支出户存款 · Cr benefit in the year of the payment, Cr 其他收入 in a later one
(domain notes B4, 1004 支出户存款). Each line draws or releases its own amount exactly once, so the
hold ends at zero whatever the order; nothing here says "all that remains".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.payout.payments.domain.batch import Batch, Part
from services.payout.payments.domain.payment import Hearing, Line
from shared.entry import Account, Book, Entry, Side, Voucher
from shared.references import Reference
from shared.roles import CENTRE

Booking = tuple[str, str]
"""(account key, district)."""


@dataclass(slots=True)
class PartChange:
    """What a file added to one part of the batch, in fen and in lines that became final."""

    closed_lines: int = 0
    paid_fen: int = 0
    refused_fen: int = 0
    returned_fen: int = 0


@dataclass(slots=True)
class Effects:
    """The money of one result file."""

    paid: dict[date, dict[Booking, int]] = field(default_factory=dict)
    returned: dict[date, dict[Booking, int]] = field(default_factory=dict)
    released_fen: int = 0
    parts: dict[int, PartChange] = field(default_factory=lambda: defaultdict(PartChange))

    @property
    def closed_lines(self) -> int:
        """How many lines got their final word."""
        return sum(part.closed_lines for part in self.parts.values())


def effects_of(hearing: Hearing, parts: Mapping[int, Part]) -> Effects:
    """The money that moves because of what was heard."""
    effects = Effects()
    for line_no, after in hearing.after.items():
        _add(effects, hearing.before[line_no], after, parts[after.part_no])
    return effects


def _add(effects: Effects, before: Line, after: Line, part: Part) -> None:
    change = effects.parts[part.part_no]
    change.closed_lines += after.status.is_final - before.status.is_final
    if after.refused and not before.refused:
        change.refused_fen += after.amount_fen
        effects.released_fen += after.amount_fen
    if after.paid and after.paid.on and not before.paid:
        change.paid_fen += after.amount_fen
        _count(effects.paid, after.paid.on, (part.account, part.district), after.amount_fen)
    # A return is booked when both words are known, whichever came first.
    if _came_back(after) and not _came_back(before):
        assert after.paid is not None
        assert after.returned is not None
        assert after.paid.on is not None
        assert after.returned.on is not None
        same_year = after.paid.on.year == after.returned.on.year
        account = part.account if same_year else Account.OTHER_INCOME
        change.returned_fen += after.amount_fen
        _count(effects.returned, after.returned.on, (account, part.district), after.amount_fen)


def _came_back(line: Line) -> bool:
    return line.paid is not None and line.returned is not None


def _count(
    sums: dict[date, dict[Booking, int]], day: date, booking: Booking, amount_fen: int
) -> None:
    of_day = sums.setdefault(day, {})
    of_day[booking] = of_day.get(booking, 0) + amount_fen


def vouchers_of(
    batch: Batch, parts: Iterable[Part], effects: Effects, report_no: int
) -> tuple[list[Voucher], list[Voucher]]:
    """(payment vouchers, which draw on the hold; return vouchers) of one result file.

    One voucher a kind and value date; a file of one day thus makes one.
    """
    periods = {part.period for part in parts}
    period = str(periods.pop()) if len(periods) == 1 else None

    def build(kind: str, stem: str, day: date, sums: dict[Booking, int]) -> Voucher:
        returning = kind == "payment_return"
        entries = [
            _entry(batch.fund, account, Side.CREDIT if returning else Side.DEBIT, fen, district)
            for (account, district), fen in sorted(sums.items())
        ]
        deposit = _entry(
            batch.fund,
            Account.EXPENDITURE_DEPOSIT,
            Side.DEBIT if returning else Side.CREDIT,
            sum(sums.values()),
            CENTRE,
        )
        return Voucher(
            event_id=f"{stem}:{batch.ref.id.hex}:{report_no}.{day:%Y%m%d}",
            owner=CENTRE,
            kind=kind,
            book_date=day,
            value_date=day,
            period=period,
            summary="待遇支付退回" if returning else "待遇支付",
            entries=(deposit, *entries) if returning else (*entries, deposit),
            references={
                "payment_batch": batch.ref.text(Reference.PAYMENT_BATCH),
                "result": str(report_no),
            },
        )

    return (
        [build("payment", "paid", day, sums) for day, sums in sorted(effects.paid.items())],
        [
            build("payment_return", "returned", day, sums)
            for day, sums in sorted(effects.returned.items())
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


def release_event(batch: Batch, report_no: int) -> str:
    """Event id of the release of what one result file reported refused."""
    return f"refused:{batch.ref.id.hex}:{report_no}"
