"""Doors of units (用人单位) and of the people enrolled at them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.routes.account import account_cipher
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import enrolment as enrolment_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.flows.enrolment import Vault
from services.collection.register.routes.page import CreditCodePath
from services.collection.register.schemas.unit import (
    EnrolmentIn,
    EnrolmentOut,
    EnrolmentResultOut,
    UnitBatchIn,
    UnitBatchOut,
    UnitIn,
    UnitOut,
)
from services.collection.register.store.person import Enrolment
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.errors import Fault
from shared.guard.entrance import BULK_BYTES
from shared.ids import key_of
from shared.page import Cursor, Limit, Page
from shared.process.settings import Settings
from shared.roles import Right
from shared.schema import Code
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
Registering = Annotated[Door, door(Right.REGISTER)]
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Listing = Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)]


def _region(at: Door) -> str:
    settings: Settings = at.request.app.state.settings
    return settings.region


@router.post(
    "/v1/units",
    operation_id="register_unit",
    summary="单位参保登记 · Register a unit",
    status_code=201,
    response_model=UnitOut,
)
async def register_unit(body: UnitIn, at: Registering) -> Response:
    """Register a unit. Repeating it changes nothing; a registration with other facts is refused."""
    accounts = account_cipher(at)
    unit = body.unit(accounts)

    async def work(tx: AsyncConnection) -> UnitOut:
        registered = await unit_flow.register(
            tx, unit, region=_region(at), caller=at.caller, accounts=accounts
        )
        return UnitOut.of(registered, accounts)

    return await at.write(work, key=unit.id, status=201)


@router.post(
    "/v1/unit-batches",
    max_body_size=BULK_BYTES,
    operation_id="register_units",
    summary="批量单位登记 · Register several units",
    status_code=201,
    response_model=UnitBatchOut,
)
async def register_units(body: UnitBatchIn, at: Registering) -> Response:
    """Register all units or none; every fault of every unit is named."""
    accounts = account_cipher(at)
    units = [unit.unit(accounts) for unit in body.units]

    async def work(tx: AsyncConnection) -> UnitBatchOut:
        result = await unit_flow.register_all(
            tx, units, region=_region(at), caller=at.caller, accounts=accounts
        )
        return UnitBatchOut(created=result.created, replayed=result.replayed)

    return await at.write(work, key=key_of("unit_batch", at.caller.subject), status=201)


@router.get("/v1/units", operation_id="list_units", summary="单位列表 · Units")
async def list_units(
    at: Listing,
    district: Annotated[Code | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[UnitOut]:
    """List the units of a district or of all; district staff see their own district."""
    scope = at.caller.scope(district)
    filters = {"of": "units", "district": scope}
    after = None if cursor is None else read_cursor(cursor, filters, (int,))[0]

    async def work(tx: AsyncConnection) -> list[Unit]:
        return await unit_flow.page(tx, scope, at.own_keys, after, limit + 1)

    rows, following = cut(await at.read(work), limit, lambda unit: [unit.id], filters)
    accounts = account_cipher(at)
    return Page[UnitOut].of([UnitOut.of(unit, accounts) for unit in rows], following)


@router.get("/v1/units/{credit_code}", operation_id="get_unit", summary="单位 · One unit")
async def get_unit(credit_code: CreditCodePath, at: Reading) -> UnitOut:
    """Return a unit with a masked account number."""

    async def work(tx: AsyncConnection) -> UnitOut:
        return UnitOut.of(await unit_flow.find(tx, credit_code, at.caller), account_cipher(at))

    return await at.read(work)


@router.post(
    "/v1/units/{credit_code}/enrolments",
    max_body_size=BULK_BYTES,
    operation_id="enrol_people",
    summary="职工参保登记 · Enrol people",
    status_code=201,
    response_model=EnrolmentResultOut,
)
async def enrol_people(credit_code: CreditCodePath, body: EnrolmentIn, at: Registering) -> Response:
    """Enrol all people or none. Enrolments from the same day are left unchanged."""
    people = body.requests()
    identity: Identity = at.request.app.state.identity
    vault = Vault.of(identity.pepper, identity.field_keys)

    async def find_unit(tx: AsyncConnection) -> Unit:
        return await unit_flow.find(tx, credit_code, at.caller)

    async def store_people(tx: AsyncConnection) -> tuple[Fault, ...]:
        warnings = await enrolment_flow.store_people(tx, people, vault)
        return warnings + await enrolment_flow.covered_elsewhere(tx, unit, people, vault)

    unit = await at.read(find_unit)
    enrolment_flow.check(people)
    warnings = await at.db.run(store_people)

    async def work(tx: AsyncConnection) -> EnrolmentResultOut:
        return EnrolmentResultOut.of(
            await enrolment_flow.enrol(tx, unit, people, vault, warnings, _region(at))
        )

    return await at.write(work, key=unit.id, status=201)


@router.get(
    "/v1/units/{credit_code}/enrolments",
    operation_id="list_enrolments",
    summary="参保人员 · A unit's people",
)
async def list_enrolments(
    credit_code: CreditCodePath,
    at: Reading,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EnrolmentOut]:
    """List a unit's people; numbers and names are masked."""
    filters = {"of": "enrolments", "unit": credit_code}
    after = _read_person(cursor, filters)

    async def work(tx: AsyncConnection) -> list[Enrolment]:
        return await enrolment_flow.page(tx, credit_code, after, limit + 1, at.caller)

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.person_id, row.joined_on.isoformat()], filters
    )
    return Page[EnrolmentOut].of([EnrolmentOut.of(row) for row in rows], following)


def _read_person(cursor: str | None, filters: dict[str, str]) -> tuple[int, date] | None:
    if cursor is None:
        return None
    person_id, day = read_cursor(cursor, filters, (int, str))
    try:
        return person_id, date.fromisoformat(day)
    except ValueError:
        raise BadCursor from None
