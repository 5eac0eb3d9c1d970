"""Doors of the success of direct debits (扣款成功率)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.collection.common.schemas.common import Day
from services.collection.debits.domain.debit import DebitReasonClass, DebitStatus
from services.collection.debits.domain.success import SuccessBy
from services.collection.debits.flows import success as success_flow
from services.collection.debits.schemas.success import DebitedLineOut, DebitSuccessOut
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
First = Annotated[Day, Query(alias="from", description="扣款日起 (first debit day)")]
Last = Annotated[Day, Query(alias="to", description="扣款日止 (last debit day)")]
_BEGINNING = (-1, UUID(int=0), 0)


def _line_key(cursor: str | None, filters: dict[str, Any]) -> tuple[int, UUID, int]:
    """Read the line to continue after.

    Raises:
        BadCursor: the cursor does not belong to this list.
    """
    if cursor is None:
        return _BEGINNING
    unit_id, batch, line_no = read_cursor(cursor, filters, (int, str, int))
    try:
        return unit_id, UUID(batch), line_no
    except ValueError:
        raise BadCursor from None


@router.get(
    "/v1/debit-success",
    operation_id="report_debit_success",
    summary="扣款成功率 · Report the success of direct debits",
)
async def report_debit_success(
    at: Reading,
    first: First,
    last: Last,
    by: SuccessBy = SuccessBy.BANK,
    bank: Annotated[Code | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[DebitSuccessOut]:
    """Count the lines of batches of some debit days by bank, unit or reason, with their rates."""
    filters = {"of": "debit_success", "by": by, "from": f"{first}", "to": f"{last}", "bank": bank}
    after = read_cursor(cursor, filters, (str,))[0] if cursor else ""
    found = await at.read(
        lambda tx: success_flow.report(
            tx, by, at.caller, first=first, last=last, bank=bank, after=after, limit=limit + 1
        )
    )
    rows, following = cut(found, limit, lambda row: [row.key], filters)
    return Page[DebitSuccessOut].of([DebitSuccessOut.of(row) for row in rows], following)


@router.get(
    "/v1/debit-lines",
    operation_id="list_debited_lines",
    summary="扣款明细查询 · List the lines behind the success of debits",
)
async def list_debited_lines(  # noqa: PLR0913 - the filters of a list
    at: Reading,
    first: First,
    last: Last,
    bank: Annotated[Code | None, Query()] = None,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    status: DebitStatus | None = None,
    reason_class: DebitReasonClass | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[DebitedLineOut]:
    """List lines of batches of some debit days, in the order of their units."""
    filters = {
        "of": "debited_lines",
        "from": f"{first}",
        "to": f"{last}",
        "bank": bank,
        "unit": credit_code,
        "status": status,
        "class": reason_class,
    }
    after = _line_key(cursor, filters)
    found = await at.read(
        lambda tx: success_flow.lines(
            tx,
            at.caller,
            first=first,
            last=last,
            bank=bank,
            credit_code=credit_code,
            status=status and status.value,
            reason_class=reason_class and reason_class.value,
            after=after,
            limit=limit + 1,
        )
    )
    rows, following = cut(
        found, limit, lambda row: [row.unit_id, str(row.batch_id), row.line_no], filters
    )
    return Page[DebitedLineOut].of([DebitedLineOut.of(row) for row in rows], following)
