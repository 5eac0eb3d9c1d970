"""Shapes of banks of direct debits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.collection.debits.domain.bank_profile import BankProfile, BankProfileCorrection
from services.collection.debits.flows.bank_profile import profile_key
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, ShortText
from shared.security.message_keys import MessageAlgorithm
from shared.signature.file import SignatureForm

_NUMBER = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,34}$")]
_MARK = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{0,35}$")]
_CLIENT = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{0,64}$")]
_KEY_ID = Annotated[str, StringConstraints(pattern=r"^([0-9A-Za-z][0-9A-Za-z._-]{0,63})?$")]
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
    signature: SignatureForm = Field(
        default=SignatureForm.NONE,
        description="文件签名 (signature of files both ways): none | raw | jws",
    )
    signature_algorithm: MessageAlgorithm | Literal["rsa-v1_5-sha256"] | None = Field(
        default=None, description="缺省为密钥的常用算法 (absent: the usual one of the key)"
    )
    signing_client: _CLIENT = Field(
        default="", description="登记银行公钥的客户端 (the client with the bank's keys)"
    )
    own_key_id: _KEY_ID = Field(
        default="", description="本单位签名私钥标识 (id of the centre's private key)"
    )
    reason: ShortText

    def profile(self, code: str) -> BankProfile:
        """Return the row of a bank."""
        return BankProfile(code=code, **self.model_dump(mode="json", exclude={"reason"}))


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
    signature: str = "none"
    signature_algorithm: str | None = None
    signing_client: str = ""
    own_key_id: str = ""

    @classmethod
    def of(cls, profile: BankProfile) -> BankProfileOut:
        """Build the answer from a bank's row."""
        return cls(**{name: getattr(profile, name) for name in cls.model_fields})


class BankProfileCorrectionOut(Out):
    """A correction of a bank's row."""

    id: str = Field(examples=[Reference.BANK_PROFILE_CORRECTION.example])
    bank: BankProfileOut
    reason: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")
    filed_by: str = Field(examples=["fund_accountant.li"])

    @classmethod
    def of(cls, correction: BankProfileCorrection) -> BankProfileCorrectionOut:
        """Build the answer from a correction."""
        ref = Ref(profile_key(correction.code), correction.id)
        return cls(
            id=ref.text(Reference.BANK_PROFILE_CORRECTION),
            bank=BankProfileOut(**correction.profile),
            reason=correction.reason,
            status=correction.status,
            filed_by=correction.filed_by,
        )


class BankProfilesOut(Out):
    """All banks, and the corrections that wait for another person."""

    items: list[BankProfileOut]
    waiting: list[BankProfileCorrectionOut]
