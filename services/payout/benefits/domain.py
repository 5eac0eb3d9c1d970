"""Benefit kinds (待遇种类): which fund pays a claim and which account it is booked to, by date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.effective import in_force
from shared.errors import Kind, Refusal

BASIC_PENSION: Final = "basic_pension"
"""The entitlement that a pension run pays."""


class ClaimKind(StrEnum):
    """What a claim asks to be paid."""

    PENSION_RUN = "pension_run"  # 基本养老金月度发放
    HOSPITAL_SETTLEMENT = "hospital_settlement"  # 医院费用结算
    MATERNITY_ALLOWANCE = "maternity_allowance"  # 生育津贴


class NoBenefitKind(Refusal):
    """该所属期没有此待遇的基金与科目规定 (no fund and account are laid down for this benefit then)"""

    kind = Kind.INVALID
    code = "BENEFIT_KIND_NOT_IN_FORCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitKind:
    """One dated row: claims of `kind` are paid by `fund` and booked to `account`."""

    kind: str
    name: str
    fund: str
    account: str
    in_force_from: date
    in_force_to: date | None
    source: str


def booking_of(kind: ClaimKind, rows: Iterable[BenefitKind], on: date) -> BenefitKind:
    """The row in force for a kind on a day.

    Raises:
        NoBenefitKind: none is.
    """
    found = in_force((row for row in rows if row.kind == kind.value), on)
    if not found:
        raise NoBenefitKind(kind=kind.value, on=on)
    return found[-1]
