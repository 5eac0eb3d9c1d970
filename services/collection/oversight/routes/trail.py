"""Door of the search over all trails (办理轨迹查询), for supervisors and auditors."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import PAPERS, Day
from services.collection.oversight.flows import trail as trail_flow
from services.collection.oversight.schemas.trail import TrailStepOut
from services.collection.oversight.store.trail import StepRow, TrailSearch
from shared.clock import SHANGHAI, today
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.ids import NotAReference, Ref
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()
DAYS_DEFAULT = 31
Word = Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


class TrailQuery:
    """Parameters of a search, and the search that they mean."""

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
            "of": "trail",
            "person": person,
            "paper": paper,
            "kind": kind,
            "step": step,
            "district": district,
            "from": first,
            "to": last,
        }
        begin, end = _days(first, last, whole=paper is not None)
        self.search = TrailSearch(
            person=person,
            paper=None if paper is None else _paper(paper),
            kind=kind,
            step=step,
            district=district,
            first=_midnight(begin),
            last=_midnight(end + timedelta(1)),
        )


@router.get("/v1/trail", operation_id="search_trail", summary="办理轨迹查询 · Search the trail")
async def search_trail(
    at: Annotated[Door, door(Right.READ_TRAIL)],
    query: Annotated[TrailQuery, Depends()],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[TrailStepOut]:
    """Search steps by person, by the paper's reference, or by days (both included).

    Without days a paper's whole trail is searched, and everything else over the last month.
    """
    after = _after(cursor, query.filters, query.search)

    async def work(tx: AsyncConnection) -> list[StepRow]:
        return await trail_flow.page(tx, query.search, after, limit + 1)

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.at.isoformat(), row.id.hex], query.filters
    )
    return Page[TrailStepOut].of([TrailStepOut.of(row) for row in rows], following)


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


def _after(
    cursor: str | None, filters: dict[str, object], search: TrailSearch
) -> tuple[datetime, UUID]:
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
