"""Credits to personal accounts (划入个人账户) out of the unit's share, by age.

For an active person the credit is a share of the base, taken out of the unit's contribution. For a
retired person nobody pays; the pool credits a yearly amount or a share of the pension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRule:
    """A credit for people from `age_from` years, and below `age_below` if there is one.

    Either `rate_ppm` of the base (of the pension, for retired people) or `yearly_fen`. `standing`
    names a group within an age (建国前参加革命工作的老工人); None means everybody.
    """

    id: str
    insurance: str
    retired: bool
    age_from: int
    age_below: int | None
    rate_ppm: int | None
    yearly_fen: int | None
    standing: str | None
    source: str

    def holds(self, age: int) -> bool:
        """Tell whether the rule applies to an age in full years."""
        return self.age_from <= age and (self.age_below is None or age < self.age_below)


def credit_rule_of(rows: Sequence[CreditRule], age: int) -> CreditRule | None:
    """Return the rule of an age; None if nothing is credited at that age."""
    return next((row for row in rows if row.holds(age)), None)


def age_on(birth: date, day: date) -> int:
    """Return the age in full years on a day (周岁)."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
