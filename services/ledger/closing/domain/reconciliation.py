"""Reconciled accounts as a condition of a closing (对账): the counts that collection gives of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReconciliationControl:
    """Open differences of an account, days of the month without a statement, and days not matched."""

    account: str
    open_items: int
    missing_days: int
    unmatched_days: int

    @property
    def is_finished(self) -> bool:
        """True when nothing of it is open."""
        return not (self.open_items or self.missing_days or self.unmatched_days)


def unfinished(accounts: Collection[ReconciliationControl]) -> Iterator[tuple[str, str]]:
    """Yield the place and the counts of every account that is not reconciled."""
    for number, one in enumerate(accounts):
        if not one.is_finished:
            detail = (
                f"{one.account}: open_items={one.open_items}, missing_days={one.missing_days},"
                f" unmatched_days={one.unmatched_days}"
            )
            yield f"/control/reconciliation/{number}", detail
