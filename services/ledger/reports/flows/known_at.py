"""Earlier moments of the books (`known_at`): chain positions, a closing, or an anchored day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.store import head as head_store
from services.ledger.posting.store import past as past_store
from services.ledger.posting.store.past import ClosingMark
from services.ledger.rules.domain.chart import Catalogue
from services.ledger.rules.domain.row import (
    Table,
    account_of,
    as_known,
    flow_of,
    fund_of,
    report_line_of,
)
from services.ledger.rules.store import correction as correction_store
from shared import clock
from shared.errors import Fault, Faulty, NotFound
from shared.ids import Ref
from shared.period import DAY_MAX, DAY_MIN
from shared.references import Reference

_PLACES = re.compile(r"^(0|[1-9][0-9]{0,3}):(0|[1-9][0-9]{0,17})$")
_DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


async def places(tx: AsyncConnection, known_at: str | None) -> Mapping[int, int] | None:
    """Return slot → last sequence number that counts; None if everything posted by now counts.

    Args:
        tx: the reading transaction.
        known_at: "slot:seq,slot:seq" for every slot that there was; or the id of a closing that is
            done (it kept the heads of that moment); or a day whose end was anchored.

    Raises:
        Faulty: malformed, or a slot is missing, unknown or named twice.
        NotFound: no such closing, or it is not done; no anchors of that day.
    """
    if known_at is None:
        return None
    heads = {slot: seq for slot, seq, _ in await head_store.all_heads(tx)}
    if known_at.startswith(f"{Reference.CLOSING}_"):
        found = (await _closing_mark(tx, known_at)).places
    elif _DAY.fullmatch(known_at):
        found = await _anchored(tx, _day(known_at), heads.keys())
    else:
        found = await _named(tx, known_at, heads)
    # Slots that a growth made later were empty at that moment.
    return dict.fromkeys(heads, 0) | dict(found)


async def _named(tx: AsyncConnection, known_at: str, heads: Mapping[int, int]) -> Mapping[int, int]:
    named: dict[int, int] = {}
    for part in known_at.split(","):
        found = _PLACES.fullmatch(part)
        if not found or int(found[1]) in named:
            raise _faulty(part[:40])
        named[int(found[1])] = int(found[2])
    slots = await head_store.load_slots(tx)
    if slots is None or not slots[0].names_a_generation(named.keys()):
        raise _faulty(f"须列全部记账单元 (every slot): {sorted(heads)}")
    beyond = sorted(slot for slot, seq in named.items() if heads.get(slot, 0) < seq)
    if beyond:
        raise _faulty(f"序号尚未记账 (the sequence number is not posted yet), slots: {beyond}")
    return named


async def _anchored(tx: AsyncConnection, day: date, slots: Set[int]) -> Mapping[int, int]:
    anchored = await past_store.anchored(tx, day)
    if missing := slots - anchored.keys():
        first = await past_store.first_anchored(tx)
        if not anchored or any(first.get(slot, day) <= day for slot in missing):
            raise NotFound(anchors_of=day.isoformat())
    return anchored


async def catalogue(tx: AsyncConnection, now: Catalogue, known_at: str | None) -> Catalogue:
    """Return the chart, the funds and the report lines as they were known at that moment.

    Later corrections do not change an answer about an earlier moment, even if they are backdated.

    Raises:
        Faulty, NotFound: as `places`.
    """
    if known_at is None:
        return now
    instant = await _instant(tx, known_at)
    made = await correction_store.made(tx, instant)
    if not made:
        return now
    tables = (Table.ACCOUNT, Table.FUND, Table.FLOW, Table.REPORT_LINE)
    rows = as_known(await correction_store.rows(tx, tables), made, instant)
    return Catalogue(
        [account_of(row) for row in rows[Table.ACCOUNT]],
        [fund_of(row) for row in rows[Table.FUND]],
        [flow_of(row) for row in rows[Table.FLOW]],
        [report_line_of(row) for row in rows[Table.REPORT_LINE]],
    )


async def _instant(tx: AsyncConnection, known_at: str) -> datetime:
    """Return the time of the moment: of the closing, the day's end, or the last voucher counted."""
    if known_at.startswith(f"{Reference.CLOSING}_"):
        return (await _closing_mark(tx, known_at)).done_at
    if _DAY.fullmatch(known_at):
        eve = datetime.combine(_day(known_at), time.min, clock.SHANGHAI)
        return eve + timedelta(days=1)
    seqs = await places(tx, known_at)
    assert seqs is not None
    last = await past_store.recorded(tx, seqs)
    return last or datetime(1970, 1, 1, tzinfo=clock.SHANGHAI)


def _day(known_at: str) -> date:
    try:
        day = date.fromisoformat(known_at)
    except ValueError:
        raise _faulty(known_at) from None
    if not DAY_MIN <= day <= DAY_MAX:
        raise _faulty(f"须在 {DAY_MIN} 至 {DAY_MAX} 之间 (a day between): {known_at}")
    return day


async def _closing_mark(tx: AsyncConnection, known_at: str) -> ClosingMark:
    reference = Ref.parse(Reference.CLOSING, known_at)
    mark = None
    if reference.key == CENTRE_SLOT:
        mark = await past_store.closing_mark(tx, reference.id)
    if mark is None:
        raise NotFound(known_at=known_at[:60])
    return mark


def _faulty(message: str) -> Faulty:
    return Faulty(faults=[Fault("/query/known_at", "KNOWN_AT_MALFORMED", message)])
