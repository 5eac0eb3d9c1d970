"""Shapes of claims and signatures."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from services.payout.claims.domain.advance import OpenAdvance
from services.payout.claims.domain.claim import (
    AdvanceRef,
    Claim,
    ClaimLine,
    ClaimStatus,
    Cost,
    Decision,
)
from services.payout.claims.domain.draft import ClaimDraft, ClaimLineDraft
from services.payout.claims.domain.refund import RefundRequest
from services.payout.claims.domain.run import RunScope
from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import (
    BankAccountIn,
    BankAccountOut,
    Day,
    DayOfLaterYear,
    IdentityNumber,
    Note,
    RefText,
    masked_name,
)
from shared.ids import NotAReference, Ref
from shared.references import Reference
from shared.schema import (
    Code,
    CreditCode,
    In,
    NonNegativeYuan,
    Out,
    PeriodField,
    PositiveYuan,
    Rate,
    RateOut,
    Serial,
    ShortText,
    YuanOut,
)


class PensionRunIn(In):
    """The pension run of a district and month."""

    district: Code = Field(examples=["heping"])
    period: PeriodField
    scope: RunScope = Field(
        default=RunScope.MONTH,
        description="month: 当月及以前差额;arrears: 只补发截至该月、已有发放的月份的差额"
        " (arrears: only differences of months up to this one that have a run)",
    )


class ControlIn(In):
    """Control totals: the number of lines and their sum, as the sender counts them."""

    lines: int = Field(ge=0, le=10_000)
    total: NonNegativeYuan


class AdvanceIn(In):
    """The advance that a line settles."""

    claim: RefText = Field(examples=[Reference.CLAIM.example])
    line: int = Field(ge=1, le=10_000, strict=True)

    def ref(self) -> AdvanceRef:
        """Turn it into the domain's reference."""
        try:
            return AdvanceRef(Ref.parse(Reference.CLAIM, self.claim), self.line)
        except NotAReference:
            return AdvanceRef(None, self.line)


class AdvanceRefOut(Out):
    """The advance that a line settles."""

    claim: str = Field(examples=[Reference.CLAIM.example])
    line: int

    @classmethod
    def of(cls, advance: AdvanceRef | None) -> AdvanceRefOut | None:
        """Build it from what a line settles, if it settles anything."""
        if advance is None or advance.claim is None:
            return None
        return cls(claim=advance.claim.text(Reference.CLAIM), line=advance.line_no)


class CostIn(In):
    """The cost of a treatment, from which the amount follows."""

    total: PositiveYuan = Field(description="总费用 (the whole cost)", examples=["12000.00"])
    own: NonNegativeYuan = Field(0, description="自费、乙类先行自付 (not covered)")
    deductible: NonNegativeYuan = Field(0, description="起付线 (deductible)")
    ratio: Rate = Field(description="支付比例 (share that the fund pays)", examples=["0.85"])

    def cost(self) -> Cost:
        """Turn it into the domain's cost."""
        return Cost(
            total_fen=self.total,
            own_fen=self.own,
            deductible_fen=self.deductible,
            ratio_ppm=self.ratio,
        )


class CostOut(Out):
    """The cost that an amount follows from: (total − own − deductible) × ratio."""

    total: YuanOut
    own: YuanOut
    deductible: YuanOut
    ratio: RateOut

    @classmethod
    def of(cls, cost: Cost) -> CostOut:
        """Build it from a stored cost."""
        return cls(
            total=cost.total_fen,
            own=cost.own_fen,
            deductible=cost.deductible_fen,
            ratio=cost.ratio_ppm,
        )


class ClaimLineIn(In):
    """One payee."""

    payee_name: ShortText = Field(examples=["天津市第一中心医院"])
    bank_account: BankAccountIn
    amount: PositiveYuan = Field(examples=["18234.50"])
    identity_number: IdentityNumber | None = Field(
        default=None,
        description="参保人:患者、生育职工或亡故人员 (the insured person, where the kind needs one)",
    )
    event_on: Day | None = Field(
        default=None,
        description="事件日,如生育日 (day of the event; of a second birth always)",
    )
    reference: Serial = Field(
        examples=["ZY-2021-07-0001"], description="结算单号 (number of the sender's paper)"
    )

    advance: AdvanceIn | None = Field(
        default=None, description="抵扣的预付 (the paid advance that is deducted from the amount)"
    )

    cost: CostIn | None = Field(
        default=None, description="费用构成;金额须与之相符 (the amount must follow from it)"
    )

    def draft(self) -> ClaimLineDraft:
        """Turn it into the domain's draft."""
        return ClaimLineDraft(
            payee_name=self.payee_name,
            bank=self.bank_account.bank,
            bank_number=self.bank_account.number,
            bank_holder=self.bank_account.name,
            amount_fen=self.amount,
            reference=self.reference,
            identity_number=self.identity_number,
            event_on=self.event_on,
            advance=self.advance.ref() if self.advance else None,
            cost=self.cost.cost() if self.cost else None,
        )


class ClaimIn(In):
    """A claim of one kind of benefit, with control totals."""

    kind: Code = Field(
        examples=["hospital_settlement"],
        description="待遇种类,见 /v1/benefit-kinds;所需材料与单位、人员由该行规定 "
        "(its row says what a claim needs)",
    )
    district: Code = Field(examples=["heping"])
    period: PeriodField
    credit_code: CreditCode | None = Field(
        default=None, description="用人单位 (the employer, where the kind needs it)"
    )
    filed_on: Day | None = Field(
        default=None,
        description="受理日,默认今天 (day of filing, today by default: it decides the fund; conditions and arrears are today's)",
    )
    summary: ShortText = Field(examples=["2021-07 住院费用结算"])
    documents: list[Code] = Field(
        default=[], max_length=20, description="已收材料 (codes of the documents handed in)"
    )
    control: ControlIn
    lines: list[ClaimLineIn] = Field(min_length=1, max_length=10_000)

    def draft(self, today: date) -> ClaimDraft:
        """Turn it into the domain's draft; without a day it is filed today."""
        return ClaimDraft(
            kind=self.kind,
            documents=self.documents,
            district=self.district,
            period=self.period,
            credit_code=self.credit_code,
            filed_on=self.filed_on or today,
            summary=self.summary,
            control_lines=self.control.lines,
            control_total_fen=self.control.total,
            lines=[line.draft() for line in self.lines],
        )


class StableJobRefundIn(In):
    """A unit's request for its stable-job refund; the amount is computed, never typed."""

    credit_code: CreditCode
    district: Code = Field(examples=["heping"])
    filed_on: DayOfLaterYear | None = Field(
        default=None,
        description="受理日,默认今天;返还其上一年度的缴费 (the year before this day is refunded)",
    )
    size: Literal["large", "other"] = Field(
        description="large 大型企业, other 中小微企业和参照执行的单位"
    )
    payee_name: ShortText = Field(examples=["天津某公司"])
    bank_account: BankAccountIn
    natural_heads: int = Field(
        default=0, ge=0, le=10_000_000, strict=True, description="退休、死亡等自然减员人数"
    )
    drawing_heads: int | None = Field(
        default=None, ge=0, le=10_000_000, strict=True, description="领取失业保险金人数"
    )
    disqualified: bool = Field(default=False, description="严重失信或僵尸企业 (disqualified)")

    def request(self, today: date) -> RefundRequest:
        """Turn it into the domain's request; without a day it is filed today."""
        return RefundRequest(
            credit_code=self.credit_code,
            district=self.district,
            filed_on=self.filed_on or today,
            size=self.size,
            payee_name=self.payee_name,
            bank=self.bank_account.bank,
            bank_number=self.bank_account.number,
            bank_holder=self.bank_account.name,
            natural_heads=self.natural_heads,
            drawing_heads=self.drawing_heads,
            disqualified=self.disqualified,
        )


class ClaimOut(Out):
    """A claim's head."""

    id: str = Field(examples=[Reference.CLAIM.example])
    kind: str
    district: str
    period: PeriodField
    filed_on: date | None = Field(description="受理日,早期申请为空 (null for earlier claims)")
    fund: str
    account: str
    lines: int
    total: YuanOut = Field(description="应付 (to be paid)")
    settled: YuanOut = Field(description="抵扣预付 (deducted for advances)")
    status: ClaimStatus
    summary: str
    credit_code: str | None
    filed_by: str
    documents: list[str]
    signatures: int = Field(description="须签字数 (signatures that it needs)")

    @classmethod
    def of(cls, claim: Claim) -> ClaimOut:
        """Build it from a claim."""
        return cls(
            id=claim.ref.text(Reference.CLAIM),
            kind=claim.kind,
            district=claim.district,
            period=claim.period,
            filed_on=claim.filed_on,
            fund=claim.fund,
            account=claim.account,
            lines=claim.lines,
            total=claim.total_fen,
            settled=claim.settled_fen,
            status=claim.status,
            summary=claim.summary,
            credit_code=claim.credit_code,
            filed_by=claim.filed_by,
            documents=list(claim.documents),
            signatures=claim.signatures,
        )


class ClaimLineOut(Out):
    """One payee, name and numbers masked."""

    line: int
    payee_name: str
    bank_account: BankAccountOut
    amount: YuanOut
    settled: YuanOut
    advance: AdvanceRefOut | None
    cost: CostOut | None
    reference: str
    event_on: date | None
    masked_identity_number: str | None

    @classmethod
    def of(cls, line: ClaimLine, keys: PersonKeys) -> ClaimLineOut:
        """Build it from a stored line."""
        sealed = line.sealed_number
        return cls(
            line=line.line_no,
            payee_name=masked_name(keys.name.open(line.payee_name)),
            bank_account=BankAccountOut.of(
                line.bank,
                keys.bank_number.open(line.bank_number),
                keys.bank_holder.open(line.bank_holder),
            ),
            amount=line.amount_fen,
            settled=line.settled_fen,
            advance=AdvanceRefOut.of(line.advance),
            cost=CostOut.of(line.cost) if line.cost else None,
            reference=line.reference,
            event_on=line.event_on,
            masked_identity_number=keys.mask(bytes(sealed)) if sealed else None,
        )


class PayeeOut(Out):
    """One payee with the whole name, account and identity number."""

    line: int
    payee_name: str = Field(examples=["张建国"])
    bank_account: BankAccountOut
    identity_number: str | None = Field(examples=["120101195003071239"])

    @classmethod
    def of(cls, line: ClaimLine, keys: PersonKeys) -> PayeeOut:
        """Build it from a stored line."""
        sealed = line.sealed_number
        return cls(
            line=line.line_no,
            payee_name=keys.name.open(line.payee_name),
            bank_account=BankAccountOut.of(
                line.bank,
                keys.bank_number.open(line.bank_number),
                keys.bank_holder.open(line.bank_holder),
                full=True,
            ),
            identity_number=keys.cipher.open(bytes(sealed)) if sealed else None,
        )


class OpenAdvanceOut(Out):
    """An advance that is paid and not settled in full."""

    claim: str = Field(examples=[Reference.CLAIM.example])
    line: int
    kind: str
    district: str
    fund: str
    payee_name: str
    reference: str
    amount: YuanOut
    settled: YuanOut
    open: YuanOut
    paid_on: date
    days: int = Field(description="已付天数 (days since it was paid)")

    @classmethod
    def of(cls, advance: OpenAdvance, keys: PersonKeys, today: date) -> OpenAdvanceOut:
        """Build it from a stored advance."""
        return cls(
            claim=advance.claim.text(Reference.CLAIM),
            line=advance.line_no,
            kind=advance.kind,
            district=advance.district,
            fund=advance.fund,
            payee_name=masked_name(keys.name.open(advance.payee_name)),
            reference=advance.reference,
            amount=advance.amount_fen,
            settled=advance.settled_fen,
            open=advance.amount_fen - advance.settled_fen,
            paid_on=advance.paid_on,
            days=(today - advance.paid_on).days,
        )


class SignatureIn(In):
    """A signer's decision; a refusal needs a note."""

    decision: Decision
    note: Note | None = None
