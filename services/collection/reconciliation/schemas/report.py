"""Shapes of receipt verification and of the monthly score."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import Field

from services.collection.reconciliation.domain.item import DifferenceKind, DifferenceStatus
from services.collection.reconciliation.domain.rate import Share
from services.collection.reconciliation.domain.statement import account_key
from services.collection.reconciliation.flows.score import DistrictScore
from services.collection.reconciliation.flows.verification import DistrictVerification
from services.collection.reconciliation.store.score import ScoreMeasure, ScoreRow
from services.collection.reconciliation.store.verification import UnverifiedReceipt
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out, RateOut, YuanOut

_PAPERS = {
    "bill": Reference.BILL,
    "receipt": Reference.RECEIPT,
    "summary": Reference.SUMMARY,
}


class VerificationOut(Out):
    """Receipts of a month: receipts = verified + listed + waiting."""

    district: str
    receipts: int
    verified: int = Field(description="与对账单相符 (agree with the statement)")
    listed: int = Field(description="已列差异 (listed as items)")
    waiting: int = Field(description="尚无对账单 (no statement covers them yet)")
    amount: YuanOut
    arrived: YuanOut
    wrong: int
    corrected: int
    verification_rate: RateOut = Field(description="到账复核率 ((verified + listed) / receipts)")
    correction_rate: RateOut = Field(description="错误修改率 (corrected / wrong)")
    arrival_rate: RateOut = Field(description="到账率 (arrived / amount)")

    @classmethod
    def of(cls, one: DistrictVerification) -> VerificationOut:
        """Build the answer of a district."""
        return cls(
            district=one.district,
            receipts=one.receipts,
            verified=one.verified,
            listed=one.listed,
            waiting=one.waiting,
            amount=one.amount_fen,
            arrived=one.arrived_fen,
            wrong=one.wrong,
            corrected=one.corrected,
            verification_rate=one.verification.ppm,
            correction_rate=one.correction.ppm,
            arrival_rate=one.arrival.ppm,
        )


class VerificationReportOut(Out):
    """The verification of a month's receipts, over all districts and by district."""

    period: str
    whole: VerificationOut
    districts: list[VerificationOut]

    @classmethod
    def of(cls, period: str, each: Sequence[DistrictVerification]) -> VerificationReportOut:
        """Build the answer."""
        whole = DistrictVerification(district="")
        for one in each:
            whole = whole.plus(one)
        return cls(
            period=period,
            whole=VerificationOut.of(whole),
            districts=[VerificationOut.of(one) for one in each],
        )


class UnverifiedReceiptOut(Out):
    """A receipt that is not verified: listed as an item, or waiting for a statement."""

    receipt: str = Field(examples=[Reference.RECEIPT.example])
    serial: str
    credit_code: str
    district: str
    amount: YuanOut
    paid_on: date
    item: str | None
    kind: DifferenceKind | None
    status: DifferenceStatus | None

    @classmethod
    def of(cls, account: str, row: UnverifiedReceipt) -> UnverifiedReceiptOut:
        """Build the answer from a receipt and its item."""
        item = None
        if row.item_id is not None:
            item = Ref(account_key(account), row.item_id).text(Reference.RECONCILIATION_ITEM)
        return cls(
            receipt=Ref(row.receipt_key, row.id).text(Reference.RECEIPT),
            serial=row.serial,
            credit_code=row.credit_code,
            district=row.district,
            amount=row.amount_fen,
            paid_on=row.paid_on,
            item=item,
            kind=None if row.item_kind is None else DifferenceKind(row.item_kind),
            status=None if row.item_status is None else DifferenceStatus(row.item_status),
        )


class DistrictScoreOut(Out):
    """A district's month: each rate is a part of a whole, whose rows can be listed."""

    district: str
    arrived: YuanOut = Field(description="当月应缴中已到账 (paid of what was due in the month)")
    due: YuanOut = Field(description="当月到期应缴 (due in the month)")
    arrival_rate: RateOut = Field(description="到账率")
    right: int = Field(description="信息正确的到账笔数 (receipts without a fault)")
    receipts: int
    accuracy_rate: RateOut = Field(description="准确率")
    timely: int = Field(description="按时报送的汇总 (summaries sent in time)")
    summaries: int
    timeliness_rate: RateOut = Field(description="统计及时率")

    @classmethod
    def of(cls, score: DistrictScore) -> DistrictScoreOut:
        """Build the answer from a district's shares."""
        arrival = score.share(ScoreMeasure.ARRIVAL)
        accuracy = score.share(ScoreMeasure.ACCURACY)
        timeliness = score.share(ScoreMeasure.TIMELINESS)
        return cls(
            district=score.district,
            arrived=arrival.part,
            due=arrival.whole,
            arrival_rate=arrival.ppm,
            right=accuracy.part,
            receipts=accuracy.whole,
            accuracy_rate=accuracy.ppm,
            timely=timeliness.part,
            summaries=timeliness.whole,
            timeliness_rate=timeliness.ppm,
        )


class DistrictScoresOut(Out):
    """The scores of a month, over all districts and by district."""

    period: str
    whole: DistrictScoreOut
    districts: list[DistrictScoreOut]

    @classmethod
    def of(cls, period: str, scores: Sequence[DistrictScore]) -> DistrictScoresOut:
        """Build the answer."""
        shares: dict[ScoreMeasure, Share] = {}
        for measure in ScoreMeasure:
            whole = Share(0, 0)
            for score in scores:
                whole = whole.plus(score.share(measure))
            shares[measure] = whole
        return cls(
            period=period,
            whole=DistrictScoreOut.of(DistrictScore("", shares)),
            districts=[DistrictScoreOut.of(one) for one in scores],
        )


class ScoreRowOut(Out):
    """A paper behind a rate: `part` of `whole` counts (fen for bills, one for other papers)."""

    paper: str
    district: str
    part: int
    whole: int

    @classmethod
    def of(cls, row: ScoreRow) -> ScoreRowOut:
        """Build the answer from a paper."""
        return cls(
            paper=Ref(row.key, row.id).text(_PAPERS[row.paper]),
            district=row.district,
            part=row.part,
            whole=row.whole,
        )
