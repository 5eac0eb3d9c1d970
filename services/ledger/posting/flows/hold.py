"""Holds, made and released through the centre's writer, which checks the floors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.refusal import HoldUnknown, LedgerRefusal
from services.ledger.posting.domain.batch import HoldState, HoldStates
from services.ledger.posting.domain.hold import GroupRelease, Hold, HoldRelease, hold_uuid
from services.ledger.posting.flows.books import Books
from services.ledger.posting.store import hold as hold_store
from services.ledger.rules.domain.chart import OWN_SOURCE
from shared import clock
from shared.errors import Fault, Faulty, NotFound
from shared.ids import uuid7
from shared.roles import Caller

EXPIRED_MAX = 1_000
"""Expired holds of one look; the next look takes the rest."""


async def make(
    books: Books,
    caller: Caller,
    *,
    event_id: str,
    fund: str,
    account: str,
    amount_fen: int,
    summary: str,
    expires_on: date | None,
) -> HoldState:
    """Set money aside, or give the hold that this event made before.

    Raises:
        Faulty: it would have expired already.
        LedgerRefusal: not enough, or not an account that can be held.
    """
    if expires_on is not None and expires_on < clock.today():
        raise Faulty(faults=[Fault("/expires_on", "IN_THE_PAST", expires_on.isoformat())])
    return _held(
        await books.change_holds(
            Hold(
                id=uuid7(),
                source=caller.subject,
                event_id=event_id,
                fund=fund,
                account=account,
                amount_fen=amount_fen,
                remaining_fen=amount_fen,
                summary=summary,
                expires_on=expires_on,
            )
        )
    )


async def release(
    books: Books, id: str, caller: Caller, *, event_id: str, amount_fen: int | None
) -> HoldState:
    """Give back part of a hold, or all that remains.

    Raises:
        NotFound: no such hold.
        LedgerRefusal: more than remains.
    """
    command = HoldRelease(
        hold_id=await books.db.run(lambda tx: _existing(tx, id)),
        source=caller.subject,
        event_id=event_id,
        amount_fen=amount_fen,
    )
    return _held(await books.change_holds(command))


async def release_all(
    books: Books, ids: Sequence[str], caller: Caller, *, event_id: str
) -> HoldStates:
    """Give back, in one event, all that remains of many holds; all of them or none.

    Raises:
        HoldUnknown: some are not there; each is named.
        LedgerRefusal: the event id stands for other holds.
    """
    uuids = [hold_uuid(id) for id in ids]
    found = dict.fromkeys(uuid for uuid in uuids if uuid is not None)
    if None in uuids:
        raise HoldUnknown(
            faults=[
                Fault(f"/holds/{index}", HoldUnknown.code, "无此预留 (no such hold)")
                for index, uuid in enumerate(uuids)
                if uuid is None
            ]
        )
    outcome = await books.change_holds(
        GroupRelease(hold_ids=tuple(found), source=caller.subject, event_id=event_id)
    )
    if isinstance(outcome, LedgerRefusal):
        raise outcome
    assert isinstance(outcome, HoldStates)
    return outcome


async def expire(books: Books) -> int:
    """Give back what expired holds kept; how many there were.

    The centre's writer does so by itself in every round, before it judges anything; this commands for a
    round when there is none. May be repeated, and run by several processes at once.
    """
    today = clock.today()
    ids = await books.db.run(lambda tx: hold_store.expired(tx, today, EXPIRED_MAX))
    if ids:
        command = GroupRelease(
            hold_ids=tuple(ids), source=OWN_SOURCE, event_id=f"expire:{today.isoformat()}"
        )
        outcome = await books.change_holds(command)
        if isinstance(outcome, LedgerRefusal):
            raise outcome
    return len(ids)


async def _existing(tx: AsyncConnection, id: str) -> UUID:
    return (await read(tx, id)).id


async def read(tx: AsyncConnection, id: str) -> Hold:
    """Load a hold.

    Raises:
        NotFound: no such hold.
    """
    uuid = hold_uuid(id)
    hold = await hold_store.load(tx, uuid) if uuid else None
    if hold is None:
        raise NotFound(hold=id[:60])
    return hold


def _held(outcome: object) -> HoldState:
    if isinstance(outcome, LedgerRefusal):
        raise outcome
    assert isinstance(outcome, HoldState)
    return outcome
