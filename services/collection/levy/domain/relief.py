"""Relief (减免): what a unit need not pay of its own share, on lines of its own with a negative amount.

One line per insurance, account and fund: what the unit owes there times what is remitted, rounded
once, never more than is owed there nor, over all lines of a row, than its cap. The staff's share is what
it was: relief never touches it (2020: 免征、减征单位缴费部分).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from services.collection.levy.domain.levy import ContributionLine
from services.collection.policy.domain.charge_timeline import Relief
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import BaseKind, Rate
from shared.fund import AccountKind, Party
from shared.money import PPM, Rounding, RoundingMode, levy

Fen = NDArray[np.int64]
Owed = tuple[str, str, str]
"""Insurance, account and fund of what a unit owes."""
Amount = TypeVar("Amount", int, Fen)


def owed_by(parts: Iterable[tuple[str, str, str, str, int]]) -> dict[Owed, int]:
    """What a unit owes of its own share, from (party, insurance, account, fund, fen)."""
    owed: dict[Owed, int] = defaultdict(int)
    for party, insurance, account, fund, amount_fen in parts:
        if party == Party.UNIT:
            owed[insurance, account, fund] += amount_fen
    return dict(owed)


def relief_lines(schedule: Schedule, lines: Iterable[ContributionLine]) -> list[ContributionLine]:
    """What a unit is relieved of, from the lines of its people and its own."""
    return relieved(
        schedule,
        owed_by(
            (line.party, line.insurance, line.rate.account, line.fund, line.amount_fen)
            for line in lines
        ),
    )


def relieved(schedule: Schedule, owed: Mapping[Owed, int]) -> list[ContributionLine]:
    """What a unit is relieved of, from what it owes by insurance, account and fund, in fen."""
    found = []
    for row in schedule.reliefs:
        left_fen = row.cap_fen
        for key, owed_fen, most_fen in _reached(row, owed):
            amount_fen = min(levy(owed_fen, row.factor_ppm, schedule.rounding), most_fen)
            if left_fen is not None:
                amount_fen = min(amount_fen, left_fen)
                left_fen -= amount_fen
            if amount_fen > 0:
                found.append(_line(row, key, owed_fen, amount_fen, schedule.rounding))
    return found


def _reached(row: Relief, owed: Mapping[Owed, Amount]) -> Iterator[tuple[Owed, Amount, Amount]]:
    """Where a row takes something off: of what, and at most how much."""
    for key, fen in owed.items():
        insurance, account, fund = key
        if insurance != row.insurance:
            continue
        if not row.spares_accounts:
            yield key, fen, fen
        elif account == AccountKind.POOLED:
            own = owed.get((insurance, AccountKind.PERSONAL_ACCOUNT, fund))
            yield key, fen if own is None else fen + own, fen


def _line(
    row: Relief, of: Owed, owed_fen: int, amount_fen: int, rounding: Rounding
) -> ContributionLine:
    return ContributionLine(
        ref=None,
        insurance=row.insurance,
        fund=of[2],
        rate=relief_rate(row, of[1]),
        asked_fen=None,
        floor_fen=None,
        ceiling_fen=None,
        limit=None,
        base_fen=owed_fen,
        rounding=rounding,
        amount_fen=-amount_fen,
        relief=row,
    )


def relief_rate(row: Relief, account: str) -> Rate:
    """A relief row as the rate of a line: of the unit's share, in one account."""
    return Rate(
        id=row.id,
        insurance=row.insurance,
        party=Party.UNIT,
        unit_kinds=row.unit_classes,
        injury_class=None,
        rate_ppm=row.factor_ppm,
        # It is taken of what is owed, once for the unit; no base of the grammar says that.
        base=BaseKind.UNIT_TOTAL,
        account=AccountKind(account),
        source=row.source,
    )


def relieved_columns(
    row: Relief, owed: Mapping[Owed, Fen], rounding: Rounding
) -> dict[Owed, tuple[Fen, Fen]]:
    """`relieved` of one row for many units: by key, of what each is relieved and how much, in fen."""
    found: dict[Owed, tuple[Fen, Fen]] = {}
    left: Fen | None = None
    for key, owed_fen, most_fen in _reached(row, owed):
        amount = np.minimum(_share(owed_fen, row.factor_ppm, rounding), most_fen)
        if row.cap_fen is not None:
            left = np.full(amount.shape, row.cap_fen, np.int64) if left is None else left
            amount = np.minimum(amount, left)
            left = left - amount
        found[key] = (owed_fen, amount)
    return found


def _share(owed_fen: Fen, factor_ppm: int, rounding: Rounding) -> Fen:
    """`shared.money.levy` for a column of amounts up to the largest that is booked.

    Amounts are larger than bases: whole divisors are taken out first, so that no product leaves 64
    bits.
    """
    divisor = PPM * rounding.unit_fen
    many, few = np.divmod(owed_fen, np.int64(divisor))
    whole, rest = np.divmod(few * np.int64(factor_ppm), np.int64(divisor))
    match rounding.mode:
        case RoundingMode.HALF_UP:
            whole = whole + (2 * rest >= divisor)
        case RoundingMode.UP:
            whole = whole + (rest > 0)
        case RoundingMode.DOWN:
            pass
    share: Fen = (many * np.int64(factor_ppm) + whole) * np.int64(rounding.unit_fen)
    return share
