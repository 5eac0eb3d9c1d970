"""Shapes of closings, reopenings and receipts in suspense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from services.ledger.closing.domain.closing import (
    Closing,
    ClosingAction,
    ClosingProgress,
    ClosingStatus,
)
from services.ledger.closing.schemas.control import ControlIn, ControlTotalsOut
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.reports.store.report import OpenItem
from services.ledger.rules.domain.closing_rule import Level, last_day
from shared.errors import Fault, Faulty
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.schema import Code, Day, In, Out, ShortText, YuanOut
from shared.wire.closing import ReconciliationControlOut


def _require_region(given: str | None, region: str) -> None:
    if given is not None and given != region:
        message = f"本账簿属 {region} (these books belong to {region})"
        raise Faulty(faults=[Fault("/region", "REGION_OF_ANOTHER_LEDGER", message)])


class ClosingIn(In):
    """A proposal to close a day, a month or a year."""

    level: Level = Field(examples=["month"])
    period: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")] = (
        Field(examples=["2021-07"], description="2021-07-31 · 2021-07 · 2021")
    )
    region: Code | None = Field(default=None, examples=["tianjin"], description="统筹区")
    control: ControlIn | None = None
    note: ShortText | None = None

    def closing(self, region: str, proposed_by: str) -> Closing:
        """Return the proposed closing.

        Raises:
            Faulty: not a period of its level, or another region.
        """
        _require_region(self.region, region)
        day = last_day(self.level, self.period)
        return Closing(
            id=uuid7(),
            region=region,
            action=ClosingAction.CLOSE,
            level=self.level,
            day=day,
            reason=self.note or "",
            control=None if self.control is None else self.control.totals(day),
            reconciliation=tuple(
                one.control() for one in (self.control.reconciliation if self.control else ())
            ),
            status=ClosingStatus.PROPOSED,
            proposed_by=proposed_by,
        )


class ReopeningIn(In):
    """A proposal to reopen `from_day` and all later days."""

    from_day: Day = Field(examples=["2021-07-15"])
    region: Code | None = Field(default=None, examples=["tianjin"])
    reason: ShortText = Field(examples=["银行补送 7 月 15 日回单"])

    def reopening(self, region: str, proposed_by: str) -> Closing:
        """Return the proposed reopening.

        Raises:
            Faulty: no such day, or another region.
        """
        _require_region(self.region, region)
        return Closing(
            id=uuid7(),
            region=region,
            action=ClosingAction.REOPEN,
            level=Level.DAY,
            day=last_day(Level.DAY, self.from_day.isoformat()),
            reason=self.reason,
            control=None,
            status=ClosingStatus.PROPOSED,
            proposed_by=proposed_by,
        )


class ClosingHeadOut(Out):
    """The position of a slot's chain when a closing was done."""

    slot: int
    seq: int
    hash: str


class CarryOverOut(Out):
    """A fund's carry-over voucher, or its reversal."""

    fund: str
    year: int
    voucher: str


class TrailStepOut(Out):
    """A step in the trail of a closing."""

    step: str
    person: str
    role: str
    why: str | None
    at: datetime


class ClosingOut(Out):
    """A closing or a reopening. Reports take its id as `known_at`."""

    id: str
    region: str
    action: ClosingAction
    level: Level
    period: str
    day: date
    reason: str
    control: dict[str, ControlTotalsOut] | None
    reconciliation: list[ReconciliationControlOut]
    status: ClosingStatus
    proposed_by: str
    approved_by: str | None
    closed_before: date | None
    closed_until: date | None
    heads: list[ClosingHeadOut]
    carried: list[CarryOverOut]
    reopened_by: str | None

    @classmethod
    def of(cls, closing: Closing) -> ClosingOut:
        """Answer a closing or reopening."""
        heads, control = closing.heads or {}, closing.control
        return cls(
            id=_text(closing.id),
            region=closing.region,
            action=closing.action,
            level=closing.level,
            period=closing.period,
            day=closing.day,
            reason=closing.reason,
            control=None
            if control is None
            else {fund: ControlTotalsOut.of(totals) for fund, totals in control.items()},
            reconciliation=[
                ReconciliationControlOut(
                    account=one.account,
                    open_items=one.open_items,
                    missing_days=one.missing_days,
                    unmatched_days=one.unmatched_days,
                )
                for one in closing.reconciliation
            ],
            status=closing.status,
            proposed_by=closing.proposed_by,
            approved_by=closing.approved_by,
            closed_before=closing.closed_before,
            closed_until=closing.closed_after,
            heads=[
                ClosingHeadOut(slot=slot, seq=seq, hash=hash)
                for slot, (seq, hash) in sorted(heads.items())
            ],
            carried=[
                CarryOverOut(fund=one.fund, year=one.year, voucher=voucher_id(CENTRE_SLOT, one.seq))
                for one in closing.carried
            ],
            reopened_by=None if closing.reopened_by is None else _text(closing.reopened_by),
        )


def _text(id: UUID) -> str:
    return Ref(CENTRE_SLOT, id).text(Reference.CLOSING)


class ClosingTrailOut(Out):
    """The steps of a closing or reopening, oldest first."""

    items: list[TrailStepOut]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> ClosingTrailOut:
        """Answer the steps."""
        return cls(
            items=[
                TrailStepOut(
                    step=row["step"],
                    person=row["person"],
                    role=row["role"],
                    why=row["why"],
                    at=row["at"],
                )
                for row in rows
            ]
        )


class ClosedUntilOut(Out):
    """How far a region's books are closed."""

    region: str
    closed_until: date | None
    month: str | None = Field(examples=["2021-07"])
    year: str | None = Field(examples=["2020"])

    @classmethod
    def of(cls, region: str, progress: ClosingProgress) -> ClosedUntilOut:
        """Answer a region's progress."""
        return cls(
            region=region,
            closed_until=progress.closed_until,
            month=progress.month.isoformat()[:7] if progress.month else None,
            year=progress.year.isoformat()[:4] if progress.year else None,
        )


class OpenItemOut(Out):
    """Money of one receipt in suspense."""

    receipt: str = Field(description="到账单号;凭证未注明者为凭证号")
    fund: str
    district: str
    amount: YuanOut
    since: date

    @classmethod
    def of(cls, item: OpenItem) -> OpenItemOut:
        """Answer one receipt."""
        return cls(
            receipt=item.receipt,
            fund=item.fund,
            district=item.district,
            amount=item.open_fen,
            since=item.since,
        )


class OpenItemsOut(Out):
    """A page of unmatched receipts at the end of a day."""

    as_of: date
    items: list[OpenItemOut]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(cls, as_of: date, items: Sequence[OpenItem], next_cursor: str | None) -> OpenItemsOut:
        """Answer a page."""
        return cls(
            as_of=as_of,
            items=[OpenItemOut.of(item) for item in items],
            next_cursor=next_cursor,
            has_more=next_cursor is not None,
        )
