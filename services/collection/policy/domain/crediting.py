"""划入个人账户 (crediting to the personal account) out of the unit's share, by age.

An active person's part is a share of the base and comes out of what the unit pays. A retired person
is credited out of the pool although nobody pays: a yearly amount, or a share of the pension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRule:
    """One crediting row: of people from `age_from` years on and, when given, below `age_below`.

    Either `rate_ppm` of the base (of the pension, for the retired) or `yearly_fen`. `standing` names
    a group of its own within an age (建国前参加革命工作的老工人), None for everybody.
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
        """Whether the row speaks of an age in full years."""
        return self.age_from <= age and (self.age_below is None or age < self.age_below)


def credit_rule_of(rows: Sequence[CreditRule], age: int) -> CreditRule | None:
    """The row of an age, None when nothing is credited at that age."""
    return next((row for row in rows if row.holds(age)), None)


def age_on(birth: date, day: date) -> int:
    """Full years on a day (周岁)."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
