"""Entitlements (待遇资格): a person's monthly benefit, its first month and its district.

A change of amount, account or district is a new row from a later month. The row in force in a month
is the one with the latest first month that is not after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.common.domain import identity_number_faults
from shared.errors import Fault
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period

MONTHLY_MAX_FEN: Final = 100_000_000
"""A monthly benefit above one million yuan is a typing error."""


class SuspensionReason(StrEnum):
    """Reasons for which a row pays no more, since its record was merged with another one."""

    MERGED = "merged"  # 已并入保留的记录: the surviving record has a row like it, or it had ended
    SECOND = "second"  # 同一人的第二份待遇: it paid until then, beside another entitlement


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementDraft:
    """One person's entitlement as submitted: `monthly_fen` from the month `since` on."""

    identity_number: str
    name: str
    monthly_fen: int
    bank: str
    bank_number: str
    bank_holder: str
    since: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """One stored row. Number, name and account are sealed; `blind` is the number's keyed hash.

    A suspended row pays nothing; `suspended_by` is the correction of the person.
    """

    ref: Ref
    blind: bytes
    kind: str
    district: str
    sealed_number: bytes
    name: bytes
    monthly_fen: int
    bank: str
    bank_number: bytes
    bank_holder: bytes
    since: Period
    suspended_reason: SuspensionReason | None = None
    suspended_by: str | None = None

    @property
    def person(self) -> tuple[int, bytes]:
        """The person: shard key and keyed hash."""
        return self.ref.key, self.blind


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementContent:
    """The content of a row, unsealed: two rows of one person and first month differ in nothing else."""

    district: str
    name: str
    monthly_fen: int
    bank: str
    bank_number: str
    bank_holder: str


def draft_faults(drafts: Sequence[EntitlementDraft], today: date) -> list[Fault]:
    """Find every fault in a submitted list."""
    faults = identity_number_faults(
        (
            (f"/people/{index}/identity_number", draft.identity_number)
            for index, draft in enumerate(drafts)
        ),
        today,
    )
    first_of: dict[str, int] = {}
    for index, draft in enumerate(drafts):
        if (first := first_of.setdefault(draft.identity_number, index)) != index:
            faults.append(
                Fault(
                    f"/people/{index}/identity_number",
                    "PERSON_REPEATED",
                    f"与第 {first} 项为同一人 (the same person as item {first})",
                )
            )
        if draft.monthly_fen > MONTHLY_MAX_FEN:
            faults.append(
                Fault(
                    f"/people/{index}/monthly_amount",
                    "AMOUNT_IMPLAUSIBLE",
                    f"月待遇不得超过 {format_yuan(MONTHLY_MAX_FEN)} (above the monthly limit)",
                )
            )
    return faults


def conflict_faults(
    submitted: Sequence[tuple[tuple[int, bytes], EntitlementContent]],
    stored: Mapping[tuple[int, bytes], EntitlementContent],
) -> list[Fault]:
    """Find rows, as (person, content), that are stored already with other content."""
    return [
        Fault(
            f"/people/{index}",
            "ENTITLEMENT_DIFFERS",
            "该人自该月起的待遇已登记且内容不同;变更须自新的月份起 "
            "(registered from this month with other content; a change begins in a later month)",
        )
        for index, (person, content) in enumerate(submitted)
        if person in stored and content != stored[person]
    ]


def lowered_faults(
    submitted: Sequence[Entitlement], paid: Mapping[tuple[int, bytes], tuple[Period, int]]
) -> list[Fault]:
    """Find rows below what was paid of a month; `paid` is that month and its amount, by person."""
    faults = []
    for index, row in enumerate(submitted):
        if row.person in paid:
            month, fen = paid[row.person]
            amount = format_yuan(fen)
            faults.append(
                Fault(
                    f"/people/{index}/from",
                    "PAID_MONTH_LOWERED",
                    f"{month} 已发放 {amount},高于新标准;降低须自未发放的月份起 "
                    f"({amount} was paid for {month}; a lower amount begins in an unpaid month)",
                )
            )
    return faults
