"""Shapes of benefit kinds."""

from __future__ import annotations

from datetime import date

from services.payout.benefits.domain import BenefitKind
from shared.schema import Out


class BenefitKindOut(Out):
    """The fund that pays a kind of claim and the account it is booked to, from a day to a day."""

    kind: str
    name: str
    fund: str
    account: str
    in_force_from: date
    in_force_to: date | None
    source: str

    @classmethod
    def of(cls, row: BenefitKind) -> BenefitKindOut:
        """Build it from a stored row."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class BenefitKindsOut(Out):
    """Every dated row."""

    items: list[BenefitKindOut]
