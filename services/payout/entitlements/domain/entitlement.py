"""Entitlements (待遇资格): a person's monthly benefit, its first month and its district.

A change of amount or district is a new row from a later month. The row in force in a month is the
one with the latest first month that is not after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.ids import Ref
from shared.period import Period


class SuspensionReason(StrEnum):
    """Reasons for which a row pays no more: it was merged with another record, raised or corrected."""

    MERGED = "merged"  # 已并入保留的记录: the surviving record has a row like it, or it had ended
    RECALCULATED = "recalculated"  # 已重新核定: a row of the same month has the right amount
    RAISED = "raised"  # 已由调待后的记录取代: a raise wrote another row for its months
    SECOND = "second"  # 同一人的第二份待遇: it paid until then, beside another entitlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """One stored row. Number, name and account are sealed; `blind` is the number's keyed hash.

    `change` is the paper that two people approved; None for a row that one person registered, before
    that was the rule. A row that was `moved` has the amount of the row before it. A suspended row
    pays nothing; `suspended_by` is the correction of the person.
    """

    ref: Ref
    blind: bytes
    kind: str
    district: str
    sealed_number: bytes
    name: bytes
    monthly_fen: int
    bank: str
    bank_number: bytes
    bank_holder: bytes
    since: Period
    change: Ref | None = None
    moved: bool = False
    suspended_reason: SuspensionReason | None = None
    suspended_by: str | None = None

    @property
    def person(self) -> tuple[int, bytes]:
        """The person: shard key and keyed hash."""
        return self.ref.key, self.blind
