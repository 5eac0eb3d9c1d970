"""Relief (减免): the part of a unit's own share that it need not pay, as lines with negative amounts.

There is one line per insurance, account and fund: the owed amount times the remitted share, rounded
once. It never exceeds the owed amount nor, over all lines of a row, the row's cap. Relief never
changes the personal share (2020: 免征、减征单位缴费部分).
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
"""Insurance, account and fund of an amount that a unit owes."""
Amount = TypeVar("Amount", int, Fen)


def owed_by(parts: Iterable[tuple[str, str, str, str, int]]) -> dict[Owed, int]:
    """Add up a unit's own share from (party, insurance, account, fund, fen)."""
    owed: dict[Owed, int] = defaultdict(int)
    for party, insurance, account, fund, amount_fen in parts:
        if party == Party.UNIT:
            owed[insurance, account, fund] += amount_fen
    return dict(owed)


def relief_lines(schedule: Schedule, lines: Iterable[ContributionLine]) -> list[ContributionLine]:
    """Calculate a unit's relief from the lines of its people and its own."""
    return relieved(
        schedule,
        owed_by(
            (line.party, line.insurance, line.rate.account, line.fund, line.amount_fen)
            for line in lines
        ),
    )


def relieved(schedule: Schedule, owed: Mapping[Owed, int]) -> list[ContributionLine]:
    """Calculate a unit's relief from its amounts by insurance, account and fund, in fen."""
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
    """Find the amounts that a row reduces, with the largest reduction of each."""
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
    """Turn a relief row into the rate of a line, in one account of the unit's share."""
    return Rate(
        id=row.id,
        insurance=row.insurance,
        party=Party.UNIT,
        unit_kinds=row.unit_classes,
        injury_class=None,
        rate_ppm=row.factor_ppm,
        # The base is the owed amount, once for the unit; no BaseKind describes that.
        base=BaseKind.UNIT_TOTAL,
        account=AccountKind(account),
        source=row.source,
    )


def relieved_columns(
    row: Relief, owed: Mapping[Owed, Fen], rounding: Rounding
) -> dict[Owed, tuple[Fen, Fen]]:
    """Calculate `relieved` for one row and many units: by key, each unit's base and reduction, in
    fen."""
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
    """Calculate `shared.money.levy` for a column of amounts up to the largest that can be booked.

    Amounts are larger than bases, so whole divisors are taken out first to keep products inside 64
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
