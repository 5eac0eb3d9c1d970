"""Closings at the door."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.ledger.closing.domain.closing import (
    Action,
    Closing,
    ClosingStatus,
    PersonalTie,
    Standing,
    Tie,
)
from services.ledger.closing.domain.errors import ControlHashDiffers
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.rules.domain.closing_rule import Level, last_day
from shared.errors import Fault, Faulty
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.schema import Code, In, Out, ShortText, Yuan, YuanOut
from shared.wire.closing import (
    COLLECTION,
    PAYOUT,
    PERSONAL,
    ControlHash,
    PersonalControlOut,
    control_hash,
)


class PersonalTieIn(In):
    """What business says of a fund's personal accounts: see collection's closing control."""

    received: Yuan
    credited: Yuan
    part_paid: Yuan = 0
    in_delivery: Yuan = 0
    standing_credits: Yuan = 0
    unnamed: Yuan = 0


class TieIn(In):
    """What business says of one fund at the end of the day, over all periods."""

    receivable: Yuan = Field(
        examples=["1200.00"], description="应收未收:已核定尚未到账 (billed and still open)"
    )
    collected: Yuan = Field(
        examples=["98000.00"], description="实征:已到账并分账 (received and allocated)"
    )
    benefits: Yuan | None = Field(
        default=None, examples=["51000.00"], description="已支付待遇,减当年退回 (payout's word)"
    )
    personal: PersonalTieIn | None = None


class HashesIn(In):
    """The hashes that came with the control totals."""

    collection: ControlHash | None = None
    payout: ControlHash | None = None


class ControlIn(In):
    """Business's control totals per fund; a fund left out is zero.

    With `hashes` the ledger checks that they are, to the fen and the day, what the services said.
    """

    funds: dict[Code, TieIn] = Field(max_length=50)
    hashes: HashesIn = HashesIn()


class ClosingIn(In):
    """Propose to close a day, a month or a year."""

    level: Level = Field(examples=["month"])
    period: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")] = (
        Field(examples=["2021-07"], description="2021-07-31 · 2021-07 · 2021")
    )
    region: Code | None = Field(default=None, examples=["tianjin"], description="统筹区")
    control: ControlIn | None = None
    note: ShortText | None = None


class ReopeningIn(In):
    """Propose to open days again: `from_day` and all later ones."""

    from_day: date = Field(examples=["2021-07-15"])
    region: Code | None = Field(default=None, examples=["tianjin"])
    reason: ShortText = Field(examples=["银行补送 7 月 15 日回单"])


class TieOut(Out):
    """One fund's control totals."""

    receivable: YuanOut
    collected: YuanOut
    benefits: YuanOut | None
    personal: PersonalControlOut | None


class HeadAtOut(Out):
    """Where a slot's chain stood when a closing was done."""

    slot: int
    seq: int
    hash: str


class CarriedOut(Out):
    """A fund's carry-over voucher, or the one that took it back."""

    fund: str
    year: int
    voucher: str


class StepOut(Out):
    """A step in the paper's trail."""

    step: str
    person: str
    role: str
    why: str | None
    at: datetime


class ClosingOut(Out):
    """A closing or a reopening. Its id is an anchor: `known_at` takes it."""

    id: str
    region: str
    action: Action
    level: Level
    period: str
    day: date
    reason: str
    control: dict[str, TieOut] | None
    status: ClosingStatus
    proposed_by: str
    approved_by: str | None
    closed_before: date | None
    closed_until: date | None
    heads: list[HeadAtOut]
    carried: list[CarriedOut]
    reopened_by: str | None


class ClosingsOut(Out):
    """A page of closings, newest first."""

    items: list[ClosingOut]
    next_cursor: str | None
    has_more: bool


class ClosingTrailOut(Out):
    """Who did what on a paper, oldest first."""

    items: list[StepOut]


class StandingOut(Out):
    """How far a region's books are closed."""

    region: str
    closed_until: date | None
    month: str | None = Field(examples=["2021-07"])
    year: str | None = Field(examples=["2020"])


class OpenItemOut(Out):
    """Money in suspense of one receipt."""

    receipt: str = Field(description="到账单号;凭证未注明者为凭证号")
    fund: str
    district: str
    amount: YuanOut
    since: date


class OpenItemsOut(Out):
    """A page of what is still unmatched."""

    as_of: date
    items: list[OpenItemOut]
    next_cursor: str | None
    has_more: bool


def closing_from(body: ClosingIn, region: str, proposed_by: str) -> Closing:
    """The paper that a request asks for.

    Raises:
        Faulty: not a period of its level, or another region's.
    """
    _require_region(body.region, region)
    day = last_day(body.level, body.period)
    return Closing(
        id=uuid7(),
        region=region,
        action=Action.CLOSE,
        level=body.level,
        day=day,
        reason=body.note or "",
        control=None if body.control is None else _control_from(body.control, day),
        status=ClosingStatus.PROPOSED,
        proposed_by=proposed_by,
    )


def _control_from(body: ControlIn, day: date) -> dict[str, Tie]:
    said = {
        COLLECTION: (body.hashes.collection, {f: _of_collection(t) for f, t in body.funds.items()}),
        PAYOUT: (
            body.hashes.payout,
            {fund: {"benefits": tie.benefits or 0} for fund, tie in body.funds.items()},
        ),
    }
    faults = [
        Fault(f"/control/hashes/{service}", ControlHashDiffers.code, day.isoformat())
        for service, (given, funds) in said.items()
        if given is not None and given != control_hash(service, day, funds)
    ]
    if faults:
        raise ControlHashDiffers(faults=faults)
    return {fund: _tie_from(tie) for fund, tie in body.funds.items()}


def _of_collection(tie: TieIn) -> dict[str, int]:
    personal = {} if tie.personal is None else tie.personal.model_dump()
    return {"receivable": tie.receivable, "collected": tie.collected} | {
        f"personal.{member}": personal.get(member, 0) for member in PERSONAL
    }


def _tie_from(tie: TieIn) -> Tie:
    said = tie.personal
    personal = (
        None
        if said is None
        else PersonalTie(
            received_fen=said.received,
            credited_fen=said.credited,
            part_paid_fen=said.part_paid,
            in_delivery_fen=said.in_delivery,
            standing_credits_fen=said.standing_credits,
            unnamed_fen=said.unnamed,
        )
    )
    return Tie(tie.receivable, tie.collected, tie.benefits, personal)


def _tie_out(tie: Tie) -> TieOut:
    kept = tie.personal
    personal = kept and PersonalControlOut(
        received=kept.received_fen,
        credited=kept.credited_fen,
        part_paid=kept.part_paid_fen,
        in_delivery=kept.in_delivery_fen,
        standing_credits=kept.standing_credits_fen,
        unnamed=kept.unnamed_fen,
    )
    return TieOut(
        receivable=tie.receivable_fen,
        collected=tie.collected_fen,
        benefits=tie.benefits_fen,
        personal=personal,
    )


def reopening_from(body: ReopeningIn, region: str, proposed_by: str) -> Closing:
    """The paper that a request asks for.

    Raises:
        Faulty: no such day, or another region's.
    """
    _require_region(body.region, region)
    return Closing(
        id=uuid7(),
        region=region,
        action=Action.REOPEN,
        level=Level.DAY,
        day=last_day(Level.DAY, body.from_day.isoformat()),
        reason=body.reason,
        control=None,
        status=ClosingStatus.PROPOSED,
        proposed_by=proposed_by,
    )


def _require_region(asked: str | None, region: str) -> None:
    if asked is not None and asked != region:
        said = f"本账簿属 {region} (these books are {region}'s)"
        raise Faulty(faults=[Fault("/region", "REGION_OF_ANOTHER_LEDGER", said)])


def closing_out(closing: Closing) -> ClosingOut:
    """A paper going out."""
    heads = closing.heads or {}
    control = closing.control
    return ClosingOut(
        id=_text(closing.id),
        region=closing.region,
        action=closing.action,
        level=closing.level,
        period=closing.period,
        day=closing.day,
        reason=closing.reason,
        control=None if control is None else {fund: _tie_out(tie) for fund, tie in control.items()},
        status=closing.status,
        proposed_by=closing.proposed_by,
        approved_by=closing.approved_by,
        closed_before=closing.closed_before,
        closed_until=closing.closed_after,
        heads=[HeadAtOut(slot=slot, seq=seq, hash=h) for slot, (seq, h) in sorted(heads.items())],
        carried=[
            CarriedOut(fund=one.fund, year=one.year, voucher=voucher_id(CENTRE_SLOT, one.seq))
            for one in closing.carried
        ],
        reopened_by=None if closing.reopened_by is None else _text(closing.reopened_by),
    )


def _text(id: Any) -> str:
    return Ref(CENTRE_SLOT, id).text(Reference.CLOSING)


def standing_out(region: str, standing: Standing) -> StandingOut:
    """The standing going out."""
    return StandingOut(
        region=region,
        closed_until=standing.closed_until,
        month=standing.month.isoformat()[:7] if standing.month else None,
        year=standing.year.isoformat()[:4] if standing.year else None,
    )


def trail_out(rows: list[dict[str, Any]]) -> ClosingTrailOut:
    """A paper's trail going out."""
    return ClosingTrailOut(
        items=[
            StepOut(step=r["step"], person=r["person"], role=r["role"], why=r["why"], at=r["at"])
            for r in rows
        ]
    )
