"""Shapes of banks of direct debits."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.collection.debits.domain.bank_profile import BankProfile, BankProfileCorrection
from services.collection.debits.flows.bank_profile import profile_key
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, ShortText

_NUMBER = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,34}$")]
_MARK = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{0,35}$")]
_FORMAT = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,20}(:[a-z0-9_]{1,20})?$")]


class BankProfileIn(In):
    """A bank's row as it is to be, and the reason."""

    name: ShortText = Field(examples=["中国工商银行"])
    format: _FORMAT = Field(
        examples=["iso20022"], description="csv | iso20022 | json | gbk_xml:<profile>"
    )
    own_account: _NUMBER
    own_name: ShortText
    own_bank: Annotated[str, StringConstraints(max_length=140)] = ""
    own_bank_code: _MARK = ""
    own_id: Annotated[_MARK, StringConstraints(min_length=1)]
    lines_max: int = Field(default=10_000, ge=1, le=200_000, strict=True)
    reason: ShortText

    def profile(self, code: str) -> BankProfile:
        """Return the row of a bank."""
        return BankProfile(code=code, **self.model_dump(exclude={"reason"}))


class BankProfileDecisionIn(In):
    """An empty body: the correction is approved as it was filed."""


class BankProfileRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class BankProfileOut(Out):
    """A bank of direct debits: the format of its files, and the centre's own account."""

    code: str
    name: str
    format: str
    own_account: str
    own_name: str
    own_bank: str
    own_bank_code: str
    own_id: str
    lines_max: int

    @classmethod
    def of(cls, profile: BankProfile) -> BankProfileOut:
        """Build the answer from a bank's row."""
        return cls(**{name: getattr(profile, name) for name in cls.model_fields})


class BankProfilesOut(Out):
    """All banks."""

    items: list[BankProfileOut]


class BankProfileCorrectionOut(Out):
    """A correction of a bank's row."""

    id: str = Field(examples=[Reference.BANK_PROFILE_CORRECTION.example])
    bank: BankProfileOut
    reason: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")

    @classmethod
    def of(cls, correction: BankProfileCorrection) -> BankProfileCorrectionOut:
        """Build the answer from a correction."""
        ref = Ref(profile_key(correction.code), correction.id)
        return cls(
            id=ref.text(Reference.BANK_PROFILE_CORRECTION),
            bank=BankProfileOut(**correction.profile),
            reason=correction.reason,
            status=correction.status,
        )
