"""The order in which a payment is allocated (分账次序): within a bill, and across a unit's bills.

The policy names one of four methods:

| method | within a bill | across bills |
|---|---|---|
| one_ticket 一票征缴 | all lines in proportion | the bills of the period that the payment names |
| insurance_order 按险种次序 | insurance by insurance, each in full before the next | the same |
| oldest_first 先欠先清 | all lines in proportion | the oldest period first, whichever is named |
| pro_rata 按比例 | all lines in proportion | all open bills in proportion to their amounts |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final


class AllocationMethod(StrEnum):
    """The methods that a policy may name."""

    ONE_TICKET = "one_ticket"
    INSURANCE_ORDER = "insurance_order"
    OLDEST_FIRST = "oldest_first"
    PRO_RATA = "pro_rata"


@dataclass(frozen=True, slots=True)
class AllocationOrder:
    """A method and, for `insurance_order`, the insurances in the order in which they are paid."""

    name: AllocationMethod = AllocationMethod.ONE_TICKET
    insurances: tuple[str, ...] = ()

    @property
    def keeps_to_period(self) -> bool:
        """Tell whether a payment stays with the bills of the period that it names."""
        return self.name in {AllocationMethod.ONE_TICKET, AllocationMethod.INSURANCE_ORDER}

    @property
    def is_shared(self) -> bool:
        """Tell whether every payment is divided among all open bills."""
        return self.name is AllocationMethod.PRO_RATA

    @property
    def of_named(self) -> AllocationOrder:
        """Return the order for a payment whose bill or period was named: it goes nowhere else."""
        return self if self.keeps_to_period else replace(self, name=AllocationMethod.ONE_TICKET)

    def groups(self, insurances: Sequence[str]) -> list[list[int]]:
        """Group the positions of a bill's lines: each group is paid together, one group after
        another."""
        if self.name is not AllocationMethod.INSURANCE_ORDER:
            return [list(range(len(insurances)))]
        rank = {name: place for place, name in enumerate(self.insurances)}
        found: dict[int, list[int]] = {}
        for place, name in enumerate(insurances):
            found.setdefault(rank.get(name, len(rank)), []).append(place)
        return [found[place] for place in sorted(found)]


ONE_TICKET: Final = AllocationOrder()


def order_of(row: Mapping[str, Any], insurances: Sequence[str]) -> AllocationOrder:
    """Read the order from a pack's `allocation`; without a list, the pack's own order of
    insurances."""
    return AllocationOrder(
        AllocationMethod(row["order"]), tuple(row.get("insurances") or insurances)
    )
