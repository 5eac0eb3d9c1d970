"""Claims as submitted: their faults, and a hash that recognizes the same paper."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.payout.benefits.domain import ClaimKind
from services.payout.common.domain import identity_number_faults
from shared.errors import Fault, Kind, Refusal
from shared.money import format_yuan
from shared.period import Period


class NothingToPay(Refusal):
    """该区该所属期没有应发人员 (nobody in this district is entitled in this month)"""

    kind = Kind.INVALID
    code = "NOTHING_TO_PAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLineDraft:
    """One payee as submitted."""

    payee_name: str
    bank: str
    bank_number: str
    bank_holder: str
    amount_fen: int
    reference: str
    identity_number: str | None = None
    event_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDraft:
    """A claim as submitted, with its lines and control totals."""

    kind: ClaimKind
    district: str
    period: Period
    credit_code: str | None
    filed_on: date
    summary: str
    control_lines: int
    control_total_fen: int
    lines: Sequence[ClaimLineDraft]


def draft_faults(draft: ClaimDraft, today: date) -> list[Fault]:
    """Find every fault in a claim's lines, control totals and employer."""
    numbers = (
        (f"/lines/{index}/identity_number", line.identity_number)
        for index, line in enumerate(draft.lines)
    )
    return [
        *_employer_faults(draft),
        *_person_faults(draft, today),
        *identity_number_faults(numbers, today),
        *_repeated_references(draft.lines),
        *_control_faults(draft),
    ]


def _employer_faults(draft: ClaimDraft) -> list[Fault]:
    if draft.kind is not ClaimKind.MATERNITY_ALLOWANCE or draft.credit_code is not None:
        return []
    message = "生育津贴须填用人单位 (the employer is required)"
    return [Fault("/credit_code", "CREDIT_CODE_MISSING", message)]


_NAMES_A_PERSON: Final = frozenset({ClaimKind.MATERNITY_ALLOWANCE, ClaimKind.FUNERAL_GRANT})


def _person_faults(draft: ClaimDraft, today: date) -> list[Fault]:
    faults = []
    for index, line in enumerate(draft.lines):
        if line.identity_number is None and draft.kind in _NAMES_A_PERSON:
            faults.append(
                Fault(
                    f"/lines/{index}/identity_number",
                    "IDENTITY_NUMBER_MISSING",
                    "须填生育职工或亡故人员的公民身份号码 (the mother's or the deceased person's)",
                )
            )
        if line.event_on is not None and line.event_on > today:
            faults.append(
                Fault(
                    f"/lines/{index}/event_on",
                    "DATE_IN_FUTURE",
                    "日期晚于今天 (the date is later than today)",
                )
            )
    return faults


def _repeated_references(lines: Sequence[ClaimLineDraft]) -> list[Fault]:
    count = Counter(line.reference for line in lines)
    return [
        Fault(
            f"/lines/{index}/reference",
            "REFERENCE_REPEATED",
            "同一申请内业务单号重复 (the reference occurs more than once in this claim)",
        )
        for index, line in enumerate(lines)
        if count[line.reference] > 1
    ]


def _control_faults(draft: ClaimDraft) -> list[Fault]:
    faults = []
    count = len(draft.lines)
    if draft.control_lines != count:
        faults.append(
            Fault(
                "/control/lines",
                "CONTROL_LINES_DIFFER",
                f"控制笔数 {draft.control_lines},实有 {count} (the number of lines differs)",
            )
        )
    total_fen = sum(line.amount_fen for line in draft.lines)
    if draft.control_total_fen != total_fen:
        stated, actual = format_yuan(draft.control_total_fen), format_yuan(total_fen)
        faults.append(
            Fault(
                "/control/total",
                "CONTROL_TOTAL_DIFFERS",
                f"控制金额 {stated},实为 {actual} (the total differs)",
            )
        )
    return faults


def paper_hash(
    secret: bytes, summary: str, credit_code: str | None, lines: Sequence[ClaimLineDraft]
) -> bytes:
    """Hash a claim's content to 32 bytes: the same paper submitted twice has the same hash.

    The hash is keyed. Everything but the identity numbers is stored readable beside it, so a plain
    hash would let a reader of the table try numbers until one fits.
    """
    digest = hmac.new(secret, repr((summary, credit_code)).encode(), hashlib.sha256)
    for line in lines:
        digest.update(
            repr(
                (
                    line.payee_name,
                    line.bank,
                    line.bank_number,
                    line.bank_holder,
                    line.amount_fen,
                    line.reference,
                    line.identity_number,
                    # Claims from before this member keep their hash.
                    *([line.event_on.isoformat()] if line.event_on else []),
                )
            ).encode()
        )
    return digest.digest()
