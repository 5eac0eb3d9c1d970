"""Banks of direct debits: the format of a bank's files and the centre's own account. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from shared.bank_files.values import BankAccount
from shared.errors import NotFound, StateConflict

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


@dataclass(frozen=True, slots=True, kw_only=True)
class BankProfile:
    """A bank, and how files are exchanged with it."""

    code: str
    name: str
    format: str
    own_account: str
    own_name: str
    own_bank: str
    own_bank_code: str
    own_id: str
    lines_max: int

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


def file_number(day: date, batch_id: UUID) -> str:
    """Return the unique number of a batch's file."""
    return f"D{day:%Y%m%d}-{batch_id.hex[-12:]}"
