"""The supervisor's and the auditor's door to all trails: who did what."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import PAPERS, Day
from services.collection.oversight.schemas.trail import TrailPageOut, TrailStepOut
from services.collection.oversight.store import trail as trail_store
from services.collection.oversight.store.trail import Search, StepRow
from shared.clock import SHANGHAI, today
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.ids import NotAReference, Ref
from shared.page import Cursor, Limit
from shared.roles import Right
from shared.schema import Code

router = APIRouter()
DAYS_DEFAULT = 31
Word = Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


class Asked:
    """What is looked for, as the query says it."""

    def __init__(
        self,
        person: Word = None,
        paper: Word = None,
        kind: Annotated[Code | None, Query()] = None,
        step: Annotated[Code | None, Query()] = None,
        district: Annotated[Code | None, Query()] = None,
        first: Annotated[Day | None, Query(alias="from")] = None,
        last: Annotated[Day | None, Query(alias="to")] = None,
    ) -> None:
        self.filters: dict[str, object] = {
            "of": "trail", "person": person, "paper": paper, "kind": kind, "step": step,
            "district": district, "from": first, "to": last,
        }  # fmt: skip
        begin, end = _days(first, last, whole=paper is not None)
        self.search = Search(
            person=person,
            paper=None if paper is None else _paper(paper),
            kind=kind,
            step=step,
            district=district,
            first=_midnight(begin),
            last=_midnight(end + timedelta(1)),
        )


@router.get("/v1/trail", operation_id="search_trail", summary="办理轨迹查询 · Who did what")
async def search_trail(
    at: Annotated[Door, door(Right.READ_TRAIL)],
    asked: Annotated[Asked, Depends()],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> TrailPageOut:
    """By person, by paper (its reference), or in time; both days are included. Without days a paper
    is searched whole, anything else over the last month."""
    after = _after(cursor, asked.filters, asked.search)

    async def work(tx: AsyncConnection) -> list[StepRow]:
        return await trail_store.page(tx, asked.search, after, limit + 1)

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.at.isoformat(), row.id.hex], asked.filters
    )
    return TrailPageOut(
        items=[TrailStepOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


def _days(first: date | None, last: date | None, *, whole: bool) -> tuple[date, date]:
    end = last or today()
    if first is None:
        first = date(1990, 1, 1) if whole else end - timedelta(DAYS_DEFAULT)
    return first, end


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)


def _paper(text: str) -> Ref:
    for kind in PAPERS.values():
        if text.startswith(f"{kind}_"):
            return Ref.parse(kind, text)
    raise NotAReference(expected="、".join(f"{known}_…" for known in PAPERS.values()))


def _after(cursor: str | None, filters: dict[str, object], search: Search) -> tuple[datetime, UUID]:
    if cursor is None:
        return search.first, UUID(int=0)
    moment, step = read_cursor(cursor, filters, (str, str))
    try:
        found = datetime.fromisoformat(moment)
        if found.tzinfo is None:
            raise BadCursor
        return found, UUID(step)
    except ValueError:
        raise BadCursor from None
