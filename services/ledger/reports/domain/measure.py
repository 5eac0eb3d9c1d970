"""Measures of the funds: collection rate, arrival rate, months of payment, and their warnings.

Every measure is computed from sums of named accounts, so that it can be traced to its entries. The
definitions below are part of the answer. Ratios are in whole parts per million and months in whole
hundredths, rounded once, half up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.ledger.reports.domain.balance import Sum
from services.ledger.rules.domain.chart import Catalogue
from services.ledger.rules.domain.threshold import (
    ANY_FUND,
    Measure,
    Severity,
    Threshold,
    applicable,
)
from shared.entry import Book, Side
from shared.money import PPM, scale

DEBIT, CREDIT = Side.DEBIT, Side.CREDIT


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureTerm:
    """A term of a measure: a sum of accounts of one book, counted on one side.

    An account includes its parts.
    """

    key: str
    name: str
    book: Book
    accounts: tuple[str, ...]
    side: Side

    def of(self, sums: Iterable[Sum]) -> dict[str, int]:
        """Return fund → fen of this term."""
        found: dict[str, int] = {}
        for row in sums:
            if row.book == self.book and any(_covers(one, row.account) for one in self.accounts):
                net_fen = row.debit_fen - row.credit_fen
                signed_fen = net_fen if self.side is DEBIT else -net_fen
                found[row.fund] = found.get(row.fund, 0) + signed_fen
        return found


def _covers(account: str, posted: str) -> bool:
    return posted == account or posted.startswith(f"{account}.")


LEVIED: Final = MeasureTerm(
    key="levied",
    name="应征(备查簿:应征贷方净额)",
    book=Book.MEMO,
    accounts=("memo_levied",),
    side=CREDIT,
)
COLLECTED: Final = MeasureTerm(
    key="collected",
    name="实征(备查簿:实征借方净额)",
    book=Book.MEMO,
    accounts=("memo_collected",),
    side=DEBIT,
)
ARRIVED: Final = MeasureTerm(
    key="arrived",
    name="到账(法定账簿:社会保险费收入贷方净额,年终结转除外)",
    book=Book.STATUTORY,
    accounts=("contribution_income",),
    side=CREDIT,
)
PAID: Final = MeasureTerm(
    key="paid",
    name="待遇支出(法定账簿:待遇支出、大病保险支出借方净额,年终结转除外)",
    book=Book.STATUTORY,
    accounts=("benefit", "major_illness"),
    side=DEBIT,
)
SUSPENDED: Final = MeasureTerm(
    key="suspended",
    name="暂收款(法定账簿:贷方余额)",
    book=Book.STATUTORY,
    accounts=("suspense_receipts",),
    side=CREDIT,
)

DEFINITIONS: Final[Mapping[str, str]] = {
    "collection_rate": "征缴率 = 期间实征 ÷ 期间应征,均按备查簿记账日期"
    " (collected ÷ levied, both of the memo book by book date)",
    "arrival_rate": "到账率 = 期间法定账簿社会保险费收入 ÷ 期间备查簿应征"
    " (contribution income of the statutory books ÷ levied of the memo book)",
    "months_of_capacity": "可支付月数 = 累计结余 ÷ (截至当日前十二个月待遇支出 ÷ 12);"
    "累计结余 = 法定账簿资产 − 负债"
    " (assets minus liabilities ÷ a twelfth of the benefits of the twelve months up to the day)",
    "accumulated": "累计结余 = 法定账簿资产 − 负债 (assets minus liabilities)",
    "suspense": "暂收款 = 未认领到账的贷方余额 (receipts whose payer or bill is not known yet)",
}


def ratio_ppm(numerator_fen: int, denominator_fen: int) -> int | None:
    """Return a ratio in parts per million, half up; None if the denominator is not positive."""
    return scale(numerator_fen, PPM, denominator_fen) if denominator_fen > 0 else None


def months_hundredths(accumulated_fen: int, year_payout_fen: int) -> int | None:
    """Return months of payment in hundredths: accumulated ÷ (year payout ÷ 12), half up.

    None when nothing was paid out.
    """
    if year_payout_fen <= 0:
        return None
    return scale(accumulated_fen, 12 * 100, year_payout_fen)


def accumulated(catalogue: Catalogue, sums: Iterable[Sum], on: date) -> dict[str, int]:
    """Return fund → fen of statutory assets minus liabilities (累计结余)."""
    found: dict[str, int] = {}
    for row in sums:
        account = catalogue.described(row.account, on)
        if row.book != Book.STATUTORY or account is None:
            continue
        if account.account_class in {"asset", "liability"}:
            found[row.fund] = found.get(row.fund, 0) + row.debit_fen - row.credit_fen
    return found


def year_before(day: date) -> date:
    """Return the first day of the twelve months that end on a day: 2021-07-31 → 2020-08-01."""
    following = date.fromordinal(day.toordinal() + 1)
    try:
        return following.replace(year=following.year - 1)
    except ValueError:  # 29 February
        return date(following.year - 1, 3, 1)


# --- warnings -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CrossedThreshold:
    """A threshold that a fund's value has crossed."""

    fund: str
    value: int
    threshold: Threshold


def warnings(
    thresholds: Sequence[Threshold],
    values: Mapping[Measure, Mapping[str, int | None]],
    on: date,
) -> list[CrossedThreshold]:
    """Return the most severe crossed threshold of each fund and measure on a day.

    A row for one fund replaces the row of its severity for all funds. A value of None crosses
    nothing.
    """
    rows = applicable(thresholds, on)
    own = {(row.measure, row.fund, row.severity) for row in rows if row.fund != ANY_FUND}
    worst: dict[tuple[str, Measure], CrossedThreshold] = {}
    for row in rows:
        for fund, value in values.get(row.measure, {}).items():
            if value is None or row.fund not in {ANY_FUND, fund}:
                continue
            if row.fund == ANY_FUND and (row.measure, fund, row.severity) in own:
                continue
            before = worst.get((fund, row.measure))
            if row.is_crossed(value) and (before is None or _is_worse(row, before.threshold)):
                worst[fund, row.measure] = CrossedThreshold(fund, value, row)
    return [worst[key] for key in sorted(worst)]


_RANK: Final[Callable[[Severity], int]] = list(Severity).index


def _is_worse(row: Threshold, than: Threshold) -> bool:
    return _RANK(row.severity) > _RANK(than.severity)
