"""Shapes of corrections of persons."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.schemas.common import IdentityNumber, PersonName
from services.collection.register.flows.person_correction import PersonCorrectionRequest
from services.collection.register.schemas.change import Reason
from services.collection.register.store.person_correction import (
    FollowedCorrection,
    PersonCorrection,
)
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, ShortText
from shared.security.identity import Identity
from shared.security.transit import Transit


class RightPersonIn(In):
    """Right number and name. Members not named stay as they are."""

    identity_number: IdentityNumber | None = None
    name: PersonName | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.identity_number is None and self.name is None:
            raise PydanticCustomError(
                "right_missing", "号码、姓名至少一项 (name a number or a name)"
            )
        return self


class PersonCorrectionIn(In):
    """A correction of a person's record. A right number that is registered too: the two are merged."""

    identity_number: IdentityNumber = Field(description="现登记的号码")
    right: RightPersonIn
    reason: Reason
    document: ShortText = Field(description="依据文书", examples=["公安机关户籍证明 2021-118"])

    def request(self) -> PersonCorrectionRequest:
        """Build the requested correction."""
        return PersonCorrectionRequest(
            identity_number=self.identity_number,
            right_number=self.right.identity_number,
            right_name=self.right.name,
            reason=self.reason,
            document=self.document,
        )


class MovedPeriodOut(Out):
    """A period of cover of the record, as it was before."""

    credit_code: str
    joined_on: date
    left_on: date | None


class PersonCorrectionOut(Out):
    """A correction, masked. `survivor` is the reference that holds from then on."""

    id: str = Field(examples=[Reference.PERSON_CORRECTION.example])
    status: str = Field(examples=["proposed", "in_force", "refused"])
    district: str
    person: str
    survivor: str
    merges: bool
    masked_identity_number: str
    right_identity_number: str
    name: str
    right_name: str
    reason: str
    document: str
    periods: list[MovedPeriodOut]
    proposed_at: datetime | None
    decided_at: datetime | None

    @classmethod
    def of(cls, row: PersonCorrection) -> PersonCorrectionOut:
        """Build the answer."""
        return cls(
            id=Ref(row.person_id, row.id).text(Reference.PERSON_CORRECTION),
            status=row.status,
            district=row.district,
            person=Ref(row.person_id, row.person_uuid).text(Reference.PERSON),
            survivor=Ref(row.survivor_id, row.survivor_uuid).text(Reference.PERSON),
            merges=row.merges,
            masked_identity_number=row.masked_number,
            right_identity_number=row.right_number,
            name=row.masked_name,
            right_name=row.right_name,
            reason=row.reason,
            document=row.document,
            periods=[MovedPeriodOut(**period) for period in row.periods],
            proposed_at=row.proposed_at,
            decided_at=row.decided_at,
        )


@dataclass(frozen=True, slots=True)
class SentPerson:
    """The seals of a person's number and name on their way to another service."""

    number: Transit
    name: Transit

    @classmethod
    def of(cls, identity: Identity) -> SentPerson:
        """Take the keys from this service's identity."""
        return cls(Transit(identity, "identity_number"), Transit(identity, "name"))


class FollowedCorrectionOut(Out):
    """A correction in force. Number and name are sealed for the reading service: nobody reads them on the way."""

    number: int
    id: str = Field(examples=[Reference.PERSON_CORRECTION.example])
    person: str = Field(examples=[Reference.PERSON.example])
    survivor: str = Field(examples=[Reference.PERSON.example])
    sealed_identity_number: str
    sealed_name: str

    @classmethod
    def of(cls, row: FollowedCorrection, sent: SentPerson) -> FollowedCorrectionOut:
        """Build the item."""
        return cls(
            number=row.number,
            id=Ref(row.person_id, row.id).text(Reference.PERSON_CORRECTION),
            person=Ref(row.person_id, row.person_uuid).text(Reference.PERSON),
            survivor=Ref(row.survivor_id, row.survivor_uuid).text(Reference.PERSON),
            sealed_identity_number=b64encode(sent.number.send(row.sealed_number)).decode(),
            sealed_name=b64encode(sent.name.send(row.sealed_name)).decode(),
        )


class FollowedCorrectionsOut(Out):
    """Corrections in force in their order; the reader goes on after the last number."""

    items: list[FollowedCorrectionOut]
    has_more: bool

    @classmethod
    def of(
        cls, rows: Sequence[FollowedCorrection], sent: SentPerson, *, has_more: bool
    ) -> FollowedCorrectionsOut:
        """Build the answer."""
        return cls(items=[FollowedCorrectionOut.of(row, sent) for row in rows], has_more=has_more)
