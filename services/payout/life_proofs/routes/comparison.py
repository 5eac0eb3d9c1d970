"""Doors of comparison files and their matches."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.entitlements.flows import change as change_flow
from services.payout.entitlements.schemas.change import EntitlementChangeOut
from services.payout.life_proofs.domain.comparison import (
    Comparison,
    ComparisonFormat,
    MatchStatus,
)
from services.payout.life_proofs.flows import comparison as comparison_flow
from services.payout.life_proofs.schemas.comparison import (
    ComparisonDecisionIn,
    ComparisonFileOut,
    ComparisonMatchOut,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["life proofs"])
_RAW: Final[dict[str, Any]] = {"schema": {"type": "string", "minLength": 1}}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": _RAW, "application/x-ndjson": _RAW},
    }
}


@router.post(
    "/v1/comparison-files",
    max_body_size=BULK_BYTES,
    operation_id="upload_comparison_file",
    summary="导入比对文件 · Upload a list of deaths, prisoners or receipts elsewhere",
    status_code=201,
    response_model=ComparisonFileOut,
    openapi_extra=_BODY,
)
async def upload_comparison_file(
    at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT, Right.RECONCILE)],
    comparison: Comparison,
    source: Annotated[str, Query(min_length=1, max_length=100)],
    file_format: Annotated[ComparisonFormat, Query(alias="format")] = ComparisonFormat.CSV,
) -> Response:
    """Take in a file with `identity_number`, `event_on` and `note`; whom we pay becomes a match."""
    content = await at.request.body()

    async def work(tx: AsyncConnection) -> ComparisonFileOut:
        file = await comparison_flow.take(
            tx,
            content,
            comparison=comparison,
            file_format=file_format,
            source=source,
            keys=person_keys(at.request),
            today=today(),
            caller=at.caller,
        )
        return ComparisonFileOut.of(file)

    return await at.write(work, key=comparison_flow.file_key(comparison), status=201)


@router.get(
    "/v1/comparison-matches",
    operation_id="list_comparison_matches",
    summary="比对线索 · People of comparison files who are paid here",
)
async def list_comparison_matches(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    comparison: Comparison | None = None,
    status: MatchStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ComparisonMatchOut]:
    """List matches in order of arrival; district people see their own district's."""
    columns = {
        "district": at.caller.scope(district),
        "comparison": comparison.value if comparison else None,
        "status": status.value if status else None,
    }
    filters = {"list": "comparison_matches"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: comparison_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    shown, next_cursor = cut(rows, limit, lambda match: [match.ref.id.hex], filters)
    keys = person_keys(at.request)
    return Page[ComparisonMatchOut].of(
        [ComparisonMatchOut.of(match, keys) for match in shown], next_cursor
    )


@router.post(
    "/v1/comparison-decisions",
    operation_id="decide_comparison_matches",
    summary="处理比对线索 · Propose what to do about matches",
    status_code=201,
    response_model=EntitlementChangeOut,
)
async def decide_comparison_matches(
    body: ComparisonDecisionIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Propose one paper that ends, suspends or keeps; it settles them once another person approves."""
    decision = body.decision()

    async def work(tx: AsyncConnection) -> EntitlementChangeOut:
        change = await comparison_flow.decide(
            tx, decision, keys=person_keys(at.request), today=today(), caller=at.caller
        )
        return EntitlementChangeOut.of(change)

    return await at.write(work, key=change_flow.change_key(body.district), status=201)
