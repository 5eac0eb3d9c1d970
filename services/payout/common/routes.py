"""Parameters and app state that the doors of several subjects use."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from services.payout.common.clients import CollectionClient
from services.payout.common.flows import PersonKeys
from shared.cursor import BadCursor, read_cursor
from shared.door import Door, door
from shared.errors import Forbidden
from shared.fund import CODE_PATTERN
from shared.roles import Caller, Level, Right

DistrictQuery = Annotated[str | None, Query(pattern=CODE_PATTERN, max_length=32)]
ReadingSums = Annotated[Door, door(Right.READ_PAYOUT, Right.READ_BALANCES)]
"""Sums of districts, funds and kinds: no person and no paper; dashboards may read them."""
FundQuery = Annotated[str | None, Query(pattern=CODE_PATTERN, max_length=32)]


def person_keys(request: Request) -> PersonKeys:
    """Give the installation's keys for identity numbers."""
    keys: PersonKeys = request.app.state.person_keys
    return keys


def collection_client(request: Request) -> CollectionClient:
    """Give the client of collection."""
    client: CollectionClient = request.app.state.collection
    return client


def line_key_after(cursor: str | None, filters: dict[str, str | None]) -> tuple[UUID, int] | None:
    """Read the claim and line to continue after; None at the beginning.

    Raises:
        BadCursor: not a cursor of this list.
    """
    if cursor is None:
        return None
    claim_id, line_no = read_cursor(cursor, filters, (str, int))
    try:
        return UUID(claim_id), min(line_no, 2**31 - 1)
    except ValueError:
        raise BadCursor from None


def require_centre(caller: Caller) -> None:
    """Refuse district callers: a payment batch may span districts, so only the centre sees it.

    Raises:
        Forbidden: a district caller.
    """
    if caller.level is Level.DISTRICT:
        raise Forbidden(district=caller.district, needs="centre")
