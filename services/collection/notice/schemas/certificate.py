"""Shapes of full-payment certificates (足额缴费证明)."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.collection.common.schemas.common import Day
from services.collection.notice.store import Certificate
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.schema import In, Out, PeriodField, YuanOut


class CertificateIn(In):
    """The periods and the day of a full-payment certificate."""

    period_from: PeriodField
    period_to: PeriodField
    as_of: Day

    def periods(self) -> tuple[Period, Period]:
        """Return the first and the last period."""
        return self.period_from, self.period_to


class CertificateMarkOut(Out):
    """A return or a move of a receipt that became known after a certificate was issued."""

    reason: str = Field(examples=["退票"])
    paper: str = Field(examples=[Reference.RECEIPT_RETURN.example])
    day: date


class CertificateOut(Out):
    """A certificate that nothing was overdue on a day.

    `deferred` is a part of `billed` and counts as paid (缓缴视同已缴). With a `mark`, money that it
    counts on was returned or moved: it proves nothing any more.
    """

    id: str = Field(examples=[Reference.CERTIFICATE.example])
    number: str = Field(examples=["ZM-91120101MA05K0TH1H-2021-0001"])
    credit_code: str
    district: str
    as_of: date
    period_from: str
    period_to: str
    billed: YuanOut
    deferred: YuanOut
    issued_by: str
    issued_at: datetime
    mark: CertificateMarkOut | None = None

    @classmethod
    def of(cls, row: Certificate) -> CertificateOut:
        """Build the answer."""
        return cls(
            id=Ref(row.unit_id, row.id).text(Reference.CERTIFICATE),
            number=row.number,
            credit_code=row.credit_code,
            district=row.district,
            as_of=row.as_of,
            period_from=row.period_from,
            period_to=row.period_to,
            billed=row.billed_fen,
            deferred=row.deferred_fen,
            issued_by=row.issued_by,
            issued_at=row.issued_at,
            mark=None
            if row.mark is None
            else CertificateMarkOut(reason=row.mark.reason, paper=row.mark.paper, day=row.mark.day),
        )
