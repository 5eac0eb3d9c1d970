"""Recovery cases (追回案件): amounts that a person or an institution has to give back, line by line.

A case is opened by one person and confirmed by another. It closes by itself once each line is
recovered, written off, or due again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import Final

from services.payout.recoveries.domain.overpaid import OverpaidPart
from shared.errors import Kind, NotFound, Refusal
from shared.ids import Ref
from shared.period import Period

PAPER: Final = "recovery_case"
NOTICE_PREFIX: Final = "ZH"


class CaseCause(StrEnum):
    """Causes of a case."""

    OVERPAID = "overpaid"  # 多付:已发放而不应发放的月份
    CLAIM = "claim"  # 申请有误:一笔已支付的申请


class CaseStatus(StrEnum):
    """The states of a case."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CLOSED = "closed"  # 已追回、已核销或不再应追回


class RecoveryCaseUnknown(NotFound):
    """无此追回案件 (no such recovery case)"""

    code = "RECOVERY_CASE_UNKNOWN"


class RecoveryCaseState(Refusal):
    """该案件当前状态不允许此操作 (the case's present status does not allow this)"""

    kind = Kind.CONFLICT
    code = "RECOVERY_CASE_STATE"


class NothingOverpaid(Refusal):
    """本分中心没有尚未立案的多付月份 (nothing is overpaid in this district that no case covers)"""

    kind = Kind.INVALID
    code = "NOTHING_OVERPAID"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A line of a case: the payment that it takes back, and how far that is done.

    `deducted`: what advances paid of the claim's line, not the bank's payment of the rest.
    """

    line_no: int
    period: Period
    claim: Ref
    claim_line_no: int
    district: str
    account: str
    paid_year: int
    amount_fen: int
    recovered_fen: int = 0
    written_off_fen: int = 0
    deducted: bool = False

    @property
    def open_fen(self) -> int:
        """The amount still to be recovered."""
        return self.amount_fen - self.recovered_fen - self.written_off_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCase:
    """A stored case without its lines. Number and name are sealed; an institution has no number.

    `inspection` is the reference of the inspection that ordered it. `survivor_id` is the record into which the person's was merged: it owes the case from then on.
    """

    ref: Ref
    cause: CaseCause
    kind: str
    district: str
    fund: str
    blind: bytes | None
    sealed_number: bytes | None
    name: bytes
    reason: str
    document: str
    status: CaseStatus = CaseStatus.PROPOSED
    opened_by: str
    opened_on: date
    decided_by: str | None = None
    survivor_id: int | None = None
    inspection: str | None = None
    amount_fen: int
    recovered_fen: int = 0
    written_off_fen: int = 0

    @property
    def open_fen(self) -> int:
        """The amount still to be recovered."""
        return self.amount_fen - self.recovered_fen - self.written_off_fen

    @property
    def person_key(self) -> int:
        """The key of the person who owes a case about months."""
        return self.ref.key if self.survivor_id is None else self.survivor_id

    @property
    def notice_no(self) -> str:
        """The number by which a repayment names the case."""
        return notice_number(self.ref, self.opened_on)


def notice_number(case: Ref, opened_on: date) -> str:
    """Write the number of a case's notice."""
    return f"{NOTICE_PREFIX}{opened_on:%Y%m%d}{case.id.hex[-12:].upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDraft:
    """A case to be opened for a person and fund, with its lines."""

    ref: Ref
    blind: bytes
    fund: str
    lines: Sequence[CaseLine]


def drafts_of(parts: Sequence[OverpaidPart]) -> list[CaseDraft]:
    """Gather overpaid parts into one case for each person and fund, by month."""

    def person(part: OverpaidPart) -> tuple[int, bytes, str]:
        return part.key, part.blind, part.part.fund

    ordered = sorted(parts, key=lambda one: (*person(one), str(one.period), one.part.part))
    return [
        CaseDraft(
            ref=Ref.new(key),
            blind=blind,
            fund=fund,
            lines=[_line(number, one) for number, one in enumerate(group, start=1)],
        )
        for (key, blind, fund), group in groupby(ordered, key=person)
    ]


def _line(number: int, one: OverpaidPart) -> CaseLine:
    part = one.part
    return CaseLine(
        line_no=number,
        period=one.period,
        claim=part.claim,
        claim_line_no=part.line_no,
        district=part.district,
        account=part.account,
        paid_year=part.paid_year or part.filed_year,
        amount_fen=one.amount_fen,
    )
