"""Entitlements (待遇资格): what a person draws each month, from which month, in which district.

A change of amount, account or district is a new row from a later month; the row in force in a
period is the one with the latest beginning not after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.errors import Fault
from shared.ids import Ref
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """One row. The identity number is sealed; `blind` is its keyed hash, for comparing."""

    ref: Ref
    blind: bytes
    kind: str
    district: str
    sealed_number: bytes
    name: str
    monthly_fen: int
    bank: str
    bank_number: str
    bank_holder: str
    since: Period

    @property
    def person(self) -> tuple[int, bytes]:
        """Who it is of: shard key and blind index."""
        return self.ref.key, self.blind

    def says_the_same(self, other: Entitlement) -> bool:
        """Whether two rows of one person and month are the same registration."""
        return (
            self.district == other.district
            and self.name == other.name
            and self.monthly_fen == other.monthly_fen
            and (self.bank, self.bank_number, self.bank_holder)
            == (other.bank, other.bank_number, other.bank_holder)
        )


def faults_against_stored(
    asked: Sequence[Entitlement], stored: Mapping[tuple[int, bytes], Entitlement]
) -> list[Fault]:
    """Faults of rows that were there already and say something else."""
    return [
        Fault(
            f"/people/{at}",
            "ENTITLEMENT_DIFFERS",
            "该人自该月起的待遇已登记且内容不同;变更须自新的月份起 "
            "(registered from this month with other content; a change begins in a later month)",
        )
        for at, one in enumerate(asked)
        if one.person in stored and not one.says_the_same(stored[one.person])
    ]
