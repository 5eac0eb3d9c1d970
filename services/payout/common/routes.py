"""What several routes ask of the request and the app."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request

from services.payout.common.clients import CollectionClient
from services.payout.common.flows import People
from shared.cursor import LIMIT_DEFAULT, LIMIT_MAX
from shared.errors import Forbidden
from shared.fund import CODE_PATTERN
from shared.roles import Caller, Level

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
LIMIT = LIMIT_DEFAULT
CursorQuery = Annotated[str | None, Query(max_length=400)]
DistrictQuery = Annotated[str | None, Query(pattern=CODE_PATTERN, max_length=32)]
FundQuery = Annotated[str | None, Query(pattern=CODE_PATTERN, max_length=32)]
IdPath = Annotated[str, Path(max_length=80)]


def people_of(request: Request) -> People:
    """The installation's secrets about persons."""
    people: People = request.app.state.people
    return people


def collection_of(request: Request) -> CollectionClient:
    """The client of collection."""
    client: CollectionClient = request.app.state.collection
    return client


def wake(request: Request) -> None:
    """Hint the background work that there is something to do."""
    request.app.state.wake()


def require_centre(caller: Caller) -> None:
    """Payment batches span districts: the centre's people and machines alone see them.

    Raises:
        Forbidden: a district caller.
    """
    if caller.level is Level.DISTRICT:
        raise Forbidden(district=caller.district, needs="centre")
