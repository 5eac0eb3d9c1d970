"""Banks of direct debits: the format of a bank's files and the centre's own account. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from shared.bank_files.values import BankAccount
from shared.errors import Kind, NotFound, Refusal, StateConflict
from shared.signature.algorithms import ECDSA_P256, ED25519, RSA_PKCS1, RSA_PSS, SM2
from shared.signature.file import JWS_ALGORITHMS, FileSigning, SignatureForm

_RAW_ALGORITHMS: Final = frozenset({ED25519, ECDSA_P256, RSA_PSS, RSA_PKCS1, SM2})
CITY_BANK: Final = "city"
"""The bank of a batch that names none: the city's own, which exchanges JSON."""


class BankProfileUnknown(NotFound):
    """无此代扣银行 (no such bank)"""

    code = "BANK_PROFILE_UNKNOWN"


class BankProfileCorrectionUnknown(NotFound):
    """无此更正 (no such correction)"""

    code = "BANK_PROFILE_CORRECTION_UNKNOWN"


class BankProfileCorrectionWaits(StateConflict):
    """该银行已有待批的更正 (a correction of this bank waits for its decision)"""

    code = "BANK_PROFILE_CORRECTION_WAITS"


class BankSigningInvalid(Refusal):
    """签名约定不完整 (the signing of a bank's files is incomplete)"""

    kind = Kind.INVALID
    code = "BANK_SIGNING_INVALID"


class BankSigningKeyMissing(StateConflict):
    """本单位签名私钥不可用,文件不得发出 (the centre's signing key is not usable: no file goes out)"""

    code = "BANK_SIGNING_KEY_MISSING"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankProfile:
    """A bank, and how files are exchanged with it.

    `signing_client` is the client under whose name the bank's public keys are registered with
    identity; `own_key_id` names the centre's private key that signs what goes to the bank.
    """

    code: str
    name: str
    format: str
    own_account: str
    own_name: str
    own_bank: str
    own_bank_code: str
    own_id: str
    lines_max: int
    signature: str = SignatureForm.NONE.value
    signature_algorithm: str | None = None
    signing_client: str = ""
    own_key_id: str = ""

    @property
    def signing(self) -> FileSigning:
        """Return how files of this bank are signed, both ways."""
        return FileSigning(SignatureForm(self.signature), self.signature_algorithm)

    @property
    def own(self) -> BankAccount:
        """Return the centre's account at this bank."""
        return BankAccount(self.own_account, self.own_name, self.own_bank, self.own_bank_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankProfileCorrection:
    """A correction of a bank's row, or a new bank, filed by one person and decided by another."""

    id: UUID
    code: str
    profile: dict[str, Any]
    reason: str
    status: str
    filed_by: str


def check_signing(profile: BankProfile) -> None:
    """Refuse a profile that cannot be signed or verified.

    Raises:
        BankSigningInvalid: it names no key, or an algorithm that its form does not have.
    """
    form, algorithm = profile.signing.form, profile.signature_algorithm
    if form is SignatureForm.NONE:
        return
    if not profile.signing_client or not profile.own_key_id:
        raise BankSigningInvalid(missing="signing_client, own_key_id")
    known = JWS_ALGORITHMS if form is SignatureForm.JWS else _RAW_ALGORITHMS
    if algorithm is not None and algorithm not in known:
        raise BankSigningInvalid(signature_algorithm=algorithm, known=" ".join(sorted(known)))


def file_number(day: date, batch_id: UUID) -> str:
    """Return the unique number of a batch's file."""
    return f"D{day:%Y%m%d}-{batch_id.hex[-12:]}"
