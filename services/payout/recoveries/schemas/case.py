"""Shapes of recovery cases and of overpaid months."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import Note, masked_name
from services.payout.recoveries.domain.case import CaseCause, CaseLine, CaseStatus, RecoveryCase
from services.payout.recoveries.domain.notice import RecoveryNotice
from services.payout.recoveries.domain.wrong_claim import WrongAmount
from services.payout.recoveries.flows.case import CaseDetail, CaseOpening, OverpaidPerson
from services.payout.recoveries.flows.wrong_claim import WrongClaim
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, PositiveYuan, ShortText, YuanOut


class RecoverySweepIn(In):
    """The reason and the document of the cases to be opened for a district's people."""

    district: Code = Field(examples=["heping"])
    kind: Literal["basic_pension"] = BASIC_PENSION
    reason: ShortText = Field(examples=["死亡比对后发现多发"])
    document: ShortText = Field(examples=["津社险稽〔2021〕12号"])

    def opening(self) -> CaseOpening:
        """Turn it into the flow's value."""
        return CaseOpening(
            district=self.district, kind=self.kind, reason=self.reason, document=self.document
        )


class WrongLineIn(In):
    """A line of a claim, and the amount of it that is to come back."""

    line: int = Field(ge=1, le=2**31 - 1, examples=[1])
    amount: PositiveYuan = Field(examples=["1200.00"])


class WrongClaimIn(In):
    """The lines of a paid claim that were found wrong, with the reason and the document."""

    reason: ShortText = Field(examples=["虚假住院,稽核查实"])
    document: ShortText = Field(examples=["津社险稽〔2021〕15号"])
    lines: list[WrongLineIn] = Field(min_length=1, max_length=1000)

    def wrong(self, claim: Ref) -> WrongClaim:
        """Turn it into the flow's value."""
        amounts = [WrongAmount(one.line, one.amount) for one in self.lines]
        return WrongClaim(ref=claim, amounts=amounts, reason=self.reason, document=self.document)


class CaseConfirmationIn(In):
    """An empty body."""


class CaseRefusalIn(In):
    """The reason for refusing a case."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class OverpaidMonthOut(Out):
    """The overpaid amount of a month that no case covers."""

    period: PeriodField
    amount: YuanOut


class OverpaidPersonOut(Out):
    """A person who was paid too much, masked."""

    masked_identity_number: str = Field(examples=["1201**********1239"])
    name: str = Field(examples=["张**"])
    total: YuanOut
    months: list[OverpaidMonthOut]

    @classmethod
    def of(cls, person: OverpaidPerson, keys: PersonKeys) -> OverpaidPersonOut:
        """Build it from a person's parts."""
        return cls(
            masked_identity_number=keys.mask(person.sealed_number),
            name=masked_name(keys.name.open(person.name)),
            total=sum(part.amount_fen for part in person.parts),
            months=[
                OverpaidMonthOut(period=part.period, amount=part.amount_fen)
                for part in person.parts
            ],
        )


class OverpaidListOut(Out):
    """A district's overpaid people, and their sum."""

    total: YuanOut
    items: list[OverpaidPersonOut]

    @classmethod
    def of(cls, people: list[OverpaidPerson], keys: PersonKeys) -> OverpaidListOut:
        """Build it from people."""
        return cls(
            total=sum(part.amount_fen for person in people for part in person.parts),
            items=[OverpaidPersonOut.of(person, keys) for person in people],
        )


class RecoveryCaseOut(Out):
    """A case, with the person masked."""

    id: str = Field(examples=[Reference.RECOVERY_CASE.example])
    notice_no: str = Field(
        examples=["ZH202109017A3C5E007E1A"],
        description="追回通知书编号,还款时注明 (named with every repayment)",
    )
    cause: CaseCause
    kind: str = Field(examples=["basic_pension"])
    district: str
    fund: str
    masked_identity_number: str | None = Field(examples=["1201**********1239"])
    name: str = Field(examples=["张**"])
    reason: str
    document: str
    inspection: str | None = Field(
        default=None,
        examples=[Reference.INSPECTION.example],
        description="来源稽核案件 (the inspection that ordered it)",
    )
    status: CaseStatus
    opened_on: date
    opened_by: str
    decided_by: str | None
    amount: YuanOut
    recovered: YuanOut
    written_off: YuanOut
    open: YuanOut

    @classmethod
    def of(cls, case: RecoveryCase, keys: PersonKeys) -> RecoveryCaseOut:
        """Build it from a stored case."""
        number = case.sealed_number
        return cls(
            id=case.ref.text(Reference.RECOVERY_CASE),
            notice_no=case.notice_no,
            cause=case.cause,
            kind=case.kind,
            district=case.district,
            fund=case.fund,
            masked_identity_number=None if number is None else keys.mask(number),
            name=masked_name(keys.name.open(case.name)),
            reason=case.reason,
            document=case.document,
            inspection=case.inspection,
            status=case.status,
            opened_on=case.opened_on,
            opened_by=case.opened_by,
            decided_by=case.decided_by,
            amount=case.amount_fen,
            recovered=case.recovered_fen,
            written_off=case.written_off_fen,
            open=case.open_fen,
        )


class RecoveryCasesOut(Out):
    """Cases that were opened at once, and their sum."""

    total: YuanOut
    items: list[RecoveryCaseOut]

    @classmethod
    def of(cls, cases: list[RecoveryCase], keys: PersonKeys) -> RecoveryCasesOut:
        """Build it from new cases."""
        return cls(
            total=sum(case.amount_fen for case in cases),
            items=[RecoveryCaseOut.of(case, keys) for case in cases],
        )


class RecoveryLineOut(Out):
    """A payment that a case takes back."""

    line: int
    period: PeriodField
    claim: str = Field(examples=[Reference.CLAIM.example])
    claim_line: int
    paid_year: int = Field(
        examples=[2021], description="付款入账年度 (year of the payment's booking)"
    )
    amount: YuanOut
    recovered: YuanOut
    written_off: YuanOut
    open: YuanOut

    @classmethod
    def of(cls, line: CaseLine) -> RecoveryLineOut:
        """Build it from a stored line."""
        return cls(
            line=line.line_no,
            period=line.period,
            claim=line.claim.text(Reference.CLAIM),
            claim_line=line.claim_line_no,
            paid_year=line.paid_year,
            amount=line.amount_fen,
            recovered=line.recovered_fen,
            written_off=line.written_off_fen,
            open=line.open_fen,
        )


class RecoveryCaseDetailOut(Out):
    """A case and its lines."""

    case: RecoveryCaseOut
    lines: list[RecoveryLineOut]

    @classmethod
    def of(cls, detail: CaseDetail, keys: PersonKeys) -> RecoveryCaseDetailOut:
        """Build it from a case and its lines."""
        return cls(
            case=RecoveryCaseOut.of(detail.case, keys),
            lines=[RecoveryLineOut.of(line) for line in detail.lines],
        )


class RecoveryNoticeOut(Out):
    """A notice as it is printed: its text with the whole name, and the case's lines."""

    notice_no: str = Field(examples=["ZH202109017A3C5E007E1A"])
    opened_on: date
    text: str
    source: str = Field(description="文字依据 (source of the text)")
    lines: list[RecoveryLineOut]

    @classmethod
    def of(cls, notice: RecoveryNotice) -> RecoveryNoticeOut:
        """Build it from a written notice."""
        return cls(
            notice_no=notice.case.notice_no,
            opened_on=notice.case.opened_on,
            text=notice.text,
            source=notice.source,
            lines=[RecoveryLineOut.of(line) for line in notice.lines],
        )
