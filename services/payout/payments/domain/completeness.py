"""Completeness of a month of pensions (社会化发放率): everybody who is due, and how far the money is.

Not one person missed, not one fen owed, not a day late: what is due is paid, or held with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.period import Period


class PayoutState(StrEnum):
    """The states of an amount that is due of a month."""

    PAID = "paid"  # 已到账
    IN_FLIGHT = "in_flight"  # 已送银行
    WAITING_ACCOUNT = "waiting_account"  # 银行拒付或退票,待更正账户
    BATCHING = "batching"  # 已审签,待组批
    SIGNING = "signing"  # 审签中
    UNCLAIMED = "unclaimed"  # 应发未列入发放


STATE_NAMES: Final = {
    "paid": "已到账",
    "in_flight": "已送银行",
    "waiting_account": "待更正账户",
    "batching": "待组批",
    "signing": "审签中",
    "unclaimed": "未列入发放",
    "suspended": "停发",
    "ended": "已终止",
}
"""The names of states and of reasons of a stop, as reports print them."""


class StopReason(StrEnum):
    """Reasons for which a month of a pension that has begun is not due."""

    ENDED = "ended"  # 已终止
    SUSPENDED = "suspended"  # 停发


@dataclass(frozen=True, slots=True)
class PeopleSum:
    """A number of people, and a sum in fen."""

    people: int = 0
    fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCompleteness:
    """The pensions of one month. `beyond` was run beyond what is due, to be recovered.

    `in_time` is paid until `pay_by`. People with amounts in two states count in both.
    """

    period: Period
    district: str | None
    pay_by: date
    due: PeopleSum
    states: Sequence[tuple[PayoutState, PeopleSum]]
    stopped: Sequence[tuple[StopReason, PeopleSum]]
    in_time: PeopleSum
    beyond: PeopleSum

    def of(self, state: PayoutState) -> PeopleSum:
        """Return the sum in a state."""
        return dict(self.states).get(state, PeopleSum())

    @property
    def is_complete(self) -> bool:
        """Tell whether every fen that is due was paid."""
        return all(state is PayoutState.PAID or not held.fen for state, held in self.states)

    @property
    def rate_ppm(self) -> int:
        """Compute the share of the amount due that was paid, in parts per million, rounded down."""
        return self._share(self.of(PayoutState.PAID).fen - self.beyond.fen)

    @property
    def in_time_ppm(self) -> int:
        """Compute the share that was paid in time."""
        return self._share(self.in_time.fen - self.beyond.fen)

    def _share(self, fen: int) -> int:
        return max(fen, 0) * 1_000_000 // self.due.fen if self.due.fen else 1_000_000
