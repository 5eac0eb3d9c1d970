"""Claims as submitted: their faults, and a hash that recognizes the same paper."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.payout.benefits.domain import BenefitKind, Payee
from services.payout.claims.domain.claim import AdvanceRef, Cost
from services.payout.common.domain import identity_number_faults
from services.payout.entitlements.domain.holder import folded_name
from shared.errors import Fault, Kind, Refusal
from shared.money import PPM, format_yuan
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
    advance: AdvanceRef | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDraft:
    """A claim as submitted, with its lines and control totals."""

    kind: str
    district: str
    period: Period
    credit_code: str | None
    filed_on: date
    summary: str
    control_lines: int
    control_total_fen: int
    lines: Sequence[ClaimLineDraft]
    documents: Sequence[str] = ()


def draft_faults(draft: ClaimDraft, row: BenefitKind, today: date) -> list[Fault]:
    """Find every fault in a claim's lines, control totals, employer and documents by its kind's row."""
    numbers = (
        (f"/lines/{index}/identity_number", line.identity_number)
        for index, line in enumerate(draft.lines)
    )
    return [
        *_head_faults(draft, row),
        *_line_faults(draft, row, today),
        *_cost_faults(draft.lines, row),
        *identity_number_faults(numbers, today),
        *_repeated_references(draft.lines),
        *_control_faults(draft),
    ]


def _head_faults(draft: ClaimDraft, row: BenefitKind) -> list[Fault]:
    faults = []
    if row.needs_employer and draft.credit_code is None:
        message = f"{row.name}须填用人单位 (the employer is required)"
        faults.append(Fault("/credit_code", "CREDIT_CODE_MISSING", message))
    missing = [code for code in row.documents if code not in draft.documents]
    if missing:
        names = ", ".join(missing)
        message = f"缺少材料:{names} (documents of this benefit are missing)"
        faults.append(Fault("/documents", "DOCUMENT_MISSING", message))
    return faults


def _line_faults(draft: ClaimDraft, row: BenefitKind, today: date) -> list[Fault]:
    faults = []
    for index, line in enumerate(draft.lines):
        day, limit_fen = line.event_on, row.line_limit_fen
        if row.needs_person and line.identity_number is None:
            faults.append(
                Fault(
                    f"/lines/{index}/identity_number",
                    "IDENTITY_NUMBER_MISSING",
                    "须填参保人(患者、生育职工或亡故人员)的公民身份号码 (of the insured person)",
                )
            )
        if row.payee is not Payee.INSTITUTION and folded_name(line.bank_holder) != folded_name(
            line.payee_name
        ):
            message = "户名与收款人不符 (the account is not the payee's)"
            pointer = f"/lines/{index}/bank_account/name"
            faults.append(Fault(pointer, "HOLDER_DIFFERS", message))
        if row.needs_event_day and day is None:
            message = "须填事件日 (the day of the event is required)"
            faults.append(Fault(f"/lines/{index}/event_on", "EVENT_DATE_MISSING", message))
        if day is not None and day > today:
            message = "日期晚于今天 (the date is later than today)"
            faults.append(Fault(f"/lines/{index}/event_on", "DATE_IN_FUTURE", message))
        elif day is not None and day > draft.filed_on:
            message = "事件日晚于受理日 (the event is later than the day of filing)"
            faults.append(Fault(f"/lines/{index}/event_on", "EVENT_AFTER_FILING", message))
        if limit_fen is not None and line.amount_fen > limit_fen:
            message = f"超过每笔上限 {format_yuan(limit_fen)} (above the most for one payee)"
            faults.append(Fault(f"/lines/{index}/amount", "LINE_LIMIT_EXCEEDED", message))
    return faults


def pension_faults(period: Period, places: Iterable[int]) -> list[Fault]:
    """Build a fault for each line, by its place, of a person who draws a pension in the month."""
    return [
        Fault(
            f"/lines/{place}/identity_number",
            "PENSION_DRAWN",
            f"{period} 已有基本养老金 (a basic pension is due for this month)",
        )
        for place in places
    ]


def _cost_faults(lines: Sequence[ClaimLineDraft], row: BenefitKind) -> list[Fault]:
    faults = []
    for index, line in enumerate(lines):
        cost = line.cost
        if cost is None:
            if row.needs_cost:
                message = "须填费用构成 (the cost is required)"
                faults.append(Fault(f"/lines/{index}/cost", "COST_MISSING", message))
        elif cost.covered_fen < 0 or cost.ratio_ppm > PPM:
            message = (
                "自费与起付线大于总费用,或比例大于 1 (more than the total, or a ratio above 1)"
            )
            faults.append(Fault(f"/lines/{index}/cost", "COST_IMPOSSIBLE", message))
        elif cost.payable_fen != line.amount_fen:
            payable = format_yuan(cost.payable_fen)
            message = f"按费用构成应为 {payable} (the cost comes to {payable})"
            faults.append(Fault(f"/lines/{index}/amount", "AMOUNT_DIFFERS", message))
    return faults


def year_limit_faults(
    amounts: Iterable[tuple[int, int, int]], claimed_fen: Mapping[int, int], row: BenefitKind
) -> list[Fault]:
    """Find lines that take a person above the limit of the year.

    Args:
        amounts: (line number, person, amount in fen) of the claim's lines about a person.
        claimed_fen: person → the sum of other claims of the kind and year.
        row: the kind's row.
    """
    limit_fen = row.year_limit_fen
    if limit_fen is None:
        return []
    so_far = dict(claimed_fen)
    faults = []
    for line_no, person_id, amount_fen in amounts:
        before_fen = so_far.get(person_id, 0)
        so_far[person_id] = before_fen + amount_fen
        if so_far[person_id] > limit_fen:
            left = format_yuan(max(0, limit_fen - before_fen))
            message = f"超过本年上限,尚余 {left} (above the limit of the year; {left} is left)"
            pointer = f"/lines/{line_no - 1}/amount"
            faults.append(Fault(pointer, "YEAR_LIMIT_EXCEEDED", message))
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
                    # Claims from before these members keep their hash.
                    *([line.event_on.isoformat()] if line.event_on else []),
                    *([line.advance] if line.advance else []),
                    *([line.cost] if line.cost else []),
                )
            ).encode()
        )
    return digest.digest()
