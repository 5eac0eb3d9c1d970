"""Shapes of claims and signatures."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from services.payout.benefits.domain import ClaimKind
from services.payout.claims.domain import Claim, ClaimLine, Decision, State
from services.payout.claims.flows.claim import AskedClaim
from services.payout.common.domain import AskedLine
from services.payout.common.flows import People
from services.payout.common.schemas import BankAccountIn, BankAccountOut, Day, Note, bank_account
from services.payout.entitlements.schemas import IdentityNumber
from shared.cursor import write_cursor
from shared.references import Reference
from shared.schema import (
    Code,
    CreditCode,
    In,
    NonNegativeYuan,
    Out,
    PeriodField,
    PositiveYuan,
    Serial,
    ShortText,
    YuanOut,
)


class PensionRunIn(In):
    """The month run of one district."""

    district: Code = Field(examples=["heping"])
    period: PeriodField


class ControlIn(In):
    """How many lines the sender counts, and their sum."""

    lines: int = Field(ge=0, le=10_000)
    total: NonNegativeYuan


class ClaimLineIn(In):
    """One payee."""

    payee_name: ShortText = Field(examples=["天津市第一中心医院"])
    bank_account: BankAccountIn
    amount: PositiveYuan = Field(examples=["18234.50"])
    identity_number: IdentityNumber | None = None
    reference: Serial = Field(examples=["ZY-2021-07-0001"], description="结算单号 (sender's paper)")

    def asked(self) -> AskedLine:
        """As the domain reads it."""
        return AskedLine(
            payee_name=self.payee_name,
            bank=self.bank_account.bank,
            bank_number=self.bank_account.number,
            bank_holder=self.bank_account.name,
            amount_fen=self.amount,
            reference=self.reference,
            identity_number=self.identity_number,
        )


class ClaimIn(In):
    """A hospital settlement or maternity allowances, with control totals."""

    kind: Literal["hospital_settlement", "maternity_allowance"]
    district: Code = Field(examples=["heping"])
    period: PeriodField
    credit_code: CreditCode | None = Field(
        default=None, description="用人单位;生育津贴必填 (the employer; required for allowances)"
    )
    filed_on: Day | None = Field(
        default=None,
        description="受理日,默认今天 (day of filing: decides the fund, and arrears are looked up on it)",
    )
    summary: ShortText = Field(examples=["2021-07 住院费用结算"])
    control: ControlIn
    lines: list[ClaimLineIn] = Field(min_length=1, max_length=10_000)

    def asked(self, today: date) -> AskedClaim:
        """As the flow reads it."""
        return AskedClaim(
            kind=ClaimKind(self.kind),
            district=self.district,
            period=self.period,
            credit_code=self.credit_code,
            filed_on=self.filed_on or today,
            summary=self.summary,
            control_lines=self.control.lines,
            control_total_fen=self.control.total,
            lines=[line.asked() for line in self.lines],
        )


class ClaimOut(Out):
    """A claim's head."""

    id: str = Field(examples=[Reference.CLAIM.example])
    kind: ClaimKind
    district: str
    period: PeriodField
    fund: str
    account: str
    lines: int
    total: YuanOut
    status: State
    summary: str
    credit_code: str | None
    filed_by: str

    @classmethod
    def of(cls, claim: Claim) -> ClaimOut:
        """From the domain's claim."""
        return cls(
            id=claim.ref.text(Reference.CLAIM),
            kind=claim.kind,
            district=claim.district,
            period=claim.period,
            fund=claim.fund,
            account=claim.account,
            lines=claim.lines,
            total=claim.total_fen,
            status=claim.status,
            summary=claim.summary,
            credit_code=claim.credit_code,
            filed_by=claim.filed_by,
        )


class ClaimsOut(Out):
    """A page of claims."""

    items: list[ClaimOut]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(cls, rows: list[Claim], limit: int, filters: dict[str, str | None]) -> ClaimsOut:
        """From `limit` + 1 rows."""
        shown = rows[:limit]
        more = len(rows) > limit
        return cls(
            items=[ClaimOut.of(row) for row in shown],
            next_cursor=write_cursor([shown[-1].ref.id.hex], filters) if more else None,
            has_more=more,
        )


class ClaimLineOut(Out):
    """One payee, numbers masked."""

    line: int
    payee_name: str
    bank_account: BankAccountOut
    amount: YuanOut
    reference: str
    masked_identity_number: str | None

    @classmethod
    def of(cls, line: ClaimLine, people: People) -> ClaimLineOut:
        """From a stored line."""
        sealed = line.sealed_number
        return cls(
            line=line.line_no,
            payee_name=line.payee_name,
            bank_account=bank_account(line.bank, line.bank_number, line.bank_holder),
            amount=line.amount_fen,
            reference=line.reference,
            masked_identity_number=people.mask(bytes(sealed)) if sealed else None,
        )


class ClaimLinesOut(Out):
    """A page of a claim's lines."""

    items: list[ClaimLineOut]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(
        cls, rows: list[ClaimLine], limit: int, filters: dict[str, str | None], people: People
    ) -> ClaimLinesOut:
        """From `limit` + 1 rows."""
        shown = rows[:limit]
        more = len(rows) > limit
        return cls(
            items=[ClaimLineOut.of(row, people) for row in shown],
            next_cursor=write_cursor([shown[-1].line_no], filters) if more else None,
            has_more=more,
        )


class SignatureIn(In):
    """A signer's decision; a refusal says why."""

    decision: Decision
    note: Note | None = None
