"""Benefit kinds (待遇种类): which fund pays a claim and to which account it is booked, by date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.effective import in_force
from shared.errors import Kind, Refusal

BASIC_PENSION: Final = "basic_pension"
"""The kind of entitlement that a pension run pays."""


class ClaimKind(StrEnum):
    """The kinds of claims."""

    PENSION_RUN = "pension_run"  # 基本养老金月度发放
    HOSPITAL_SETTLEMENT = "hospital_settlement"  # 医院费用结算
    MATERNITY_ALLOWANCE = "maternity_allowance"  # 生育津贴
    FUNERAL_GRANT = "funeral_grant"  # 丧葬补助金和抚恤金


class BenefitKindNotInForce(Refusal):
    """该日没有此待遇的基金与科目规定 (no rule says which fund pays this benefit on this day)"""

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


def benefit_kind_on(kind: ClaimKind, rows: Iterable[BenefitKind], day: date) -> BenefitKind:
    """Find the row of a kind that is in force on a day.

    Raises:
        BenefitKindNotInForce: there is none.
    """
    found = in_force((row for row in rows if row.kind == kind.value), day)
    if not found:
        raise BenefitKindNotInForce(kind=kind.value, on=day)
    return found[-1]
