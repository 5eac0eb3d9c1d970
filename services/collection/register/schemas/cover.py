"""Shapes of corrections of periods of cover."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.collection.common.schemas.common import Day, IdentityNumber
from services.collection.register.domain.cover import Cover
from services.collection.register.flows.cover_correction import (
    CoverCorrectionRequest,
    CoverCorrectionResult,
)
from services.collection.register.schemas.change import Reason
from services.collection.register.store.cover_correction import (
    CoverCorrection,
    CoverCorrectionRecord,
)
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, ShortText


class RightCoverIn(In):
    """The right days of a period of cover."""

    joined_on: Day = Field(description="参保起日(首日)")
    left_on: Day | None = Field(description="参保止日(末日);null 为继续参保 (null: it goes on)")


class CoverCorrectionIn(In):
    """A period of cover at the unit, named by its registered first day, and what is right."""

    identity_number: IdentityNumber
    joined_on: Day = Field(description="现登记的参保起日")
    right: RightCoverIn
    reason: Reason
    document: ShortText | None = Field(default=None, description="依据文书")

    def request(self, credit_code: str) -> CoverCorrectionRequest:
        """Build the requested correction."""
        return CoverCorrectionRequest(
            credit_code=credit_code,
            identity_number=self.identity_number,
            joined_on=self.joined_on,
            right=Cover(self.right.joined_on, self.right.left_on),
            reason=self.reason,
            document=self.document,
        )


class CoverDaysOut(Out):
    """First and last day of a period of cover; the last day is null while it continues."""

    joined_on: date
    left_on: date | None


class CoverCorrectionOut(Out):
    """A correction. `levied_periods` were declared already; they take adjustments instead."""

    before: CoverDaysOut
    after: CoverDaysOut
    reason: str
    document: str | None
    levied_periods: list[str]

    @classmethod
    def of(cls, found: CoverCorrectionResult) -> CoverCorrectionOut:
        """Build the answer."""
        row = found.row
        return cls(
            before=_before(row),
            after=_after(row),
            reason=row.reason,
            document=row.document,
            levied_periods=list(found.levied_periods),
        )


class CoverCorrectionItemOut(Out):
    """A correction in a list, with the person masked."""

    person: str
    masked_identity_number: str
    name: str
    before: CoverDaysOut
    after: CoverDaysOut
    reason: str
    document: str | None
    corrected_at: datetime

    @classmethod
    def of(cls, row: CoverCorrectionRecord) -> CoverCorrectionItemOut:
        """Build the list item."""
        assert row.corrected_at is not None, "a stored correction has its time"
        return cls(
            person=Ref(row.person_id, row.person_uuid).text(Reference.PERSON),
            masked_identity_number=row.masked_number,
            name=row.masked_name,
            before=_before(row),
            after=_after(row),
            reason=row.reason,
            document=row.document,
            corrected_at=row.corrected_at,
        )


def _before(row: CoverCorrection) -> CoverDaysOut:
    return CoverDaysOut(joined_on=row.was_joined_on, left_on=row.was_left_on)


def _after(row: CoverCorrection) -> CoverDaysOut:
    return CoverDaysOut(joined_on=row.now_joined_on, left_on=row.now_left_on)
