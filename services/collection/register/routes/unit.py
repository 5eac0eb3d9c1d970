"""Doors of the register: units, and the people enrolled at them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.domain.unit import Unit
from services.collection.register.flows import enrolment as enrolment_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.flows.enrolment import Vault
from services.collection.register.routes.page import CreditCodePath
from services.collection.register.schemas.unit import (
    EnrolledOut,
    EnrolmentIn,
    EnrolmentPageOut,
    EnrolmentRowOut,
    UnitBatchIn,
    UnitBatchOut,
    UnitIn,
    UnitOut,
    UnitPageOut,
)
from services.collection.register.store import person as person_store
from services.collection.register.store import unit as unit_store
from services.collection.register.store.person import Enrolment
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.errors import Fault
from shared.ids import key_of, unit_key
from shared.page import Cursor, Limit
from shared.process.settings import Settings
from shared.roles import Right
from shared.schema import Code
from shared.security.identity import Identity

router = APIRouter(tags=["register"])
Registering = Annotated[Door, door(Right.REGISTER)]
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


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
    """The same registration again changes nothing; another one of the same unit is refused."""
    unit = body.unit()

    async def work(tx: AsyncConnection) -> UnitOut:
        return UnitOut.of(await unit_flow.register(tx, unit, region=_region(at), caller=at.caller))

    return await at.write(work, key=unit.id, status=201)


@router.post(
    "/v1/unit-batches",
    operation_id="register_units",
    summary="批量单位登记 · Register units",
    status_code=201,
    response_model=UnitBatchOut,
)
async def register_units(body: UnitBatchIn, at: Registering) -> Response:
    """All or nothing, with every fault of every unit named."""
    units = [unit.unit() for unit in body.units]

    async def work(tx: AsyncConnection) -> UnitBatchOut:
        made = await unit_flow.register_all(tx, units, region=_region(at), caller=at.caller)
        return UnitBatchOut(created=made.created, replayed=made.replayed)

    return await at.write(work, key=key_of("unit_batch", at.caller.subject), status=201)


@router.get("/v1/units", operation_id="list_units", summary="单位列表 · Units")
async def list_units(
    at: Reading,
    district: Annotated[Code | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> UnitPageOut:
    """Of a district, or of all; district people see their own."""
    asked = at.caller.scope(district)
    filters = {"of": "units", "district": asked}
    after = -1 if cursor is None else read_cursor(cursor, filters, (int,))[0]

    async def work(tx: AsyncConnection) -> list[Unit]:
        return await unit_store.of_district(tx, asked, after, limit + 1)

    rows, following = cut(await at.read(work), limit, lambda unit: [unit.id], filters)
    return UnitPageOut(
        items=[UnitOut.of(unit) for unit in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get("/v1/units/{credit_code}", operation_id="get_unit", summary="单位 · One unit")
async def get_unit(credit_code: CreditCodePath, at: Reading) -> UnitOut:
    """The account number is masked."""

    async def work(tx: AsyncConnection) -> UnitOut:
        return UnitOut.of(await unit_flow.find(tx, credit_code, at.caller))

    return await at.read(work)


@router.post(
    "/v1/units/{credit_code}/enrolments",
    operation_id="enrol_people",
    summary="职工参保登记 · Enrol people",
    status_code=201,
    response_model=EnrolledOut,
)
async def enrol_people(credit_code: CreditCodePath, body: EnrolmentIn, at: Registering) -> Response:
    """All or nothing; who is enrolled already since the same day is left as is."""
    people = body.joining()
    identity: Identity = at.request.app.state.identity
    vault = Vault.of(identity.pepper, identity.field_key)

    async def allowed(tx: AsyncConnection) -> Unit:
        return await unit_flow.find(tx, credit_code, at.caller)

    async def stored(tx: AsyncConnection) -> tuple[Fault, ...]:
        warnings = await enrolment_flow.store_people(tx, people, vault)
        return warnings + await enrolment_flow.covered_elsewhere(tx, unit, people, vault)

    unit = await at.read(allowed)
    enrolment_flow.check(people)
    warnings = await at.db.run(stored)

    async def work(tx: AsyncConnection) -> EnrolledOut:
        made = await enrolment_flow.enrol(tx, unit, people, vault, warnings, _region(at))
        return EnrolledOut.of(made)

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
) -> EnrolmentPageOut:
    """Numbers and names are masked."""
    filters = {"of": "enrolments", "unit": credit_code}
    after = _read_person(cursor, filters)

    async def work(tx: AsyncConnection) -> list[Enrolment]:
        await unit_flow.find(tx, credit_code, at.caller)
        return await person_store.of_unit(tx, unit_key(credit_code), after, limit + 1)

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.person_id, row.joined_on.isoformat()], filters
    )
    return EnrolmentPageOut(
        items=[EnrolmentRowOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


def _read_person(cursor: str | None, filters: dict[str, str]) -> tuple[int, date]:
    if cursor is None:
        return -1, date.min
    person_id, day = read_cursor(cursor, filters, (int, str))
    try:
        return person_id, date.fromisoformat(day)
    except ValueError:
        raise BadCursor from None
