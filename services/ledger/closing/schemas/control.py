"""Shapes of the totals that a closing compares: of business and statistics, and of the books."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.ledger.closing.domain.closing import (
    ClosingEvidence,
    ControlTotals,
    PersonalControl,
)
from services.ledger.closing.domain.errors import ControlHashDiffers
from services.ledger.closing.domain.reconciliation import ReconciliationControl
from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.reports.store.by_hand import HandVoucher
from shared.errors import Fault
from shared.references import Reference
from shared.schema import Code, In, Out, Yuan, YuanOut
from shared.wire.closing import (
    COLLECTION,
    PAYOUT,
    PERSONAL,
    ControlHash,
    ItemTotalsOut,
    PersonalControlOut,
    control_hash,
    hashed_items,
    hashed_reconciliation,
)
from shared.wire.control_item import OF_PAYOUT, ControlItem, ItemTotals


class PersonalControlIn(In):
    """Collection's totals of a fund's personal accounts, from its closing control."""

    received: Yuan
    credited: Yuan
    part_paid: Yuan = 0
    in_delivery: Yuan = 0
    standing_credits: Yuan = 0
    unnamed: Yuan = 0

    def control(self) -> PersonalControl:
        """Return the totals."""
        return PersonalControl(
            received_fen=self.received,
            credited_fen=self.credited,
            part_paid_fen=self.part_paid,
            in_delivery_fen=self.in_delivery,
            standing_credits_fen=self.standing_credits,
            unnamed_fen=self.unnamed,
        )


class BothTotalsIn(In):
    """A total, added up by business and by statistics."""

    business: Yuan = 0
    statistics: Yuan = 0


class ItemTotalsIn(In):
    """One item of a fund, at the end of the day and at the opening of its month."""

    business: Yuan
    statistics: Yuan
    opening: BothTotalsIn = BothTotalsIn()

    def totals(self) -> ItemTotals:
        """Return the totals."""
        return ItemTotals(
            self.business, self.statistics, self.opening.business, self.opening.statistics
        )


class ControlTotalsIn(In):
    """Business totals of one fund at the end of the day, over all periods."""

    receivable: Yuan = Field(
        examples=["1200.00"], description="应收未收:已核定尚未到账 (billed and still open)"
    )
    collected: Yuan = Field(
        examples=["98000.00"], description="实征:已到账并分账 (received and allocated)"
    )
    benefits: Yuan | None = Field(
        default=None, examples=["51000.00"], description="已支付待遇,减当年退回 (from payout)"
    )
    personal: PersonalControlIn | None = None
    items: dict[ControlItem, ItemTotalsIn] = Field(
        default={}, description="业务数与统计数 (business and statistics by item)"
    )

    def of_service(self, *, of_payout: bool) -> dict[ControlItem, ItemTotals]:
        """Return the items of one service."""
        return {
            item: one.totals()
            for item, one in self.items.items()
            if (item in OF_PAYOUT) is of_payout
        }

    def totals(self) -> ControlTotals:
        """Return the totals."""
        personal = None if self.personal is None else self.personal.control()
        items = {item: one.totals() for item, one in self.items.items()}
        return ControlTotals(self.receivable, self.collected, self.benefits, personal, items)


class ReconciliationControlIn(In):
    """Counts of an account's reconciliation, from collection's closing control."""

    account: Code = Field(examples=["treasury_deposit"])
    open_items: int = Field(ge=0, lt=2**31, strict=True)
    missing_days: int = Field(ge=0, lt=2**31, strict=True)
    unmatched_days: int = Field(ge=0, lt=2**31, strict=True)

    def control(self) -> ReconciliationControl:
        """Return the counts."""
        return ReconciliationControl(**self.model_dump())


class HashesIn(In):
    """The hashes that came with the control totals."""

    collection: ControlHash | None = None
    payout: ControlHash | None = None


class ControlIn(In):
    """Control totals of business per fund; a fund left out is zero.

    With `hashes` the ledger checks that the totals are exactly those the services gave for the day.
    """

    funds: dict[Code, ControlTotalsIn] = Field(max_length=50)
    reconciliation: list[ReconciliationControlIn] = Field(
        default=[], max_length=20, description="对账情况 (reconciliation, from collection)"
    )
    hashes: HashesIn = HashesIn()

    def totals(self, day: date) -> dict[str, ControlTotals]:
        """Return the totals of a day by fund.

        Raises:
            ControlHashDiffers: they are not what the services gave for that day.
        """
        hashed = {
            COLLECTION: (
                self.hashes.collection,
                {fund: _of_collection(one) for fund, one in self.funds.items()}
                | hashed_reconciliation(
                    (one.account, one.open_items, one.missing_days, one.unmatched_days)
                    for one in self.reconciliation
                ),
            ),
            PAYOUT: (
                self.hashes.payout,
                {
                    fund: {"benefits": one.benefits or 0}
                    | hashed_items(one.of_service(of_payout=True))
                    for fund, one in self.funds.items()
                },
            ),
        }
        faults = [
            Fault(f"/control/hashes/{service}", ControlHashDiffers.code, day.isoformat())
            for service, (given, funds) in hashed.items()
            if given is not None and given != control_hash(service, day, funds)
        ]
        if faults:
            raise ControlHashDiffers(faults=faults)
        return {fund: one.totals() for fund, one in self.funds.items()}


def _of_collection(totals: ControlTotalsIn) -> dict[str, int]:
    personal = {} if totals.personal is None else totals.personal.model_dump()
    return (
        {"receivable": totals.receivable, "collected": totals.collected}
        | {f"personal.{member}": personal.get(member, 0) for member in PERSONAL}
        | hashed_items(totals.of_service(of_payout=False))
    )


class ControlTotalsOut(Out):
    """Control totals of one fund."""

    receivable: YuanOut
    collected: YuanOut
    benefits: YuanOut | None
    personal: PersonalControlOut | None
    items: dict[ControlItem, ItemTotalsOut]

    @classmethod
    def of(cls, totals: ControlTotals) -> ControlTotalsOut:
        """Answer the totals of a fund."""
        kept = totals.personal
        personal = kept and PersonalControlOut(
            received=kept.received_fen,
            credited=kept.credited_fen,
            part_paid=kept.part_paid_fen,
            in_delivery=kept.in_delivery_fen,
            standing_credits=kept.standing_credits_fen,
            unnamed=kept.unnamed_fen,
        )
        return cls(
            receivable=totals.receivable_fen,
            collected=totals.collected_fen,
            benefits=totals.benefits_fen,
            personal=personal,
            items={item: ItemTotalsOut.of(one) for item, one in totals.items.items()},
        )


class ClosingTotalsOut(Out):
    """The books' totals by fund and item at the end of a day."""

    as_of: date
    funds: dict[str, dict[ControlItem, YuanOut]]
    opening: dict[str, dict[ControlItem, YuanOut]] = Field(
        description="月初数:上月末止 (at the end of the month before the day's)"
    )

    @classmethod
    def of(cls, as_of: date, found: ClosingEvidence) -> ClosingTotalsOut:
        """Build the answer."""
        return cls(
            as_of=as_of,
            funds={fund: dict(items) for fund, items in found.items.items()},
            opening={fund: dict(items) for fund, items in found.opening.items()},
        )


class HandVoucherOut(Out):
    """A voucher that a person posted or reversed, and by how much it moves an item's accounts."""

    voucher: str = Field(examples=[Reference.VOUCHER.example])
    source: str = Field(description="经办人 (the person who posted it)")
    event_id: str
    kind: str
    book_date: date
    summary: str
    credit: YuanOut = Field(description="贷方减借方 (credits less debits on the item's accounts)")

    @classmethod
    def of(cls, row: HandVoucher) -> HandVoucherOut:
        """Build the answer."""
        return cls(
            voucher=voucher_id(row.slot, row.seq),
            source=row.source,
            event_id=row.event_id,
            kind=row.kind,
            book_date=row.book_date,
            summary=row.summary,
            credit=row.credit_fen,
        )
