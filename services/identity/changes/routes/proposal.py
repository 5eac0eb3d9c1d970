"""Doors of proposals: what gives a person or a client power. Another administrator decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Path
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.changes.domain import Proposal
from services.identity.changes.flows import change as change_flow
from services.identity.changes.flows import proposal as proposal_flow
from services.identity.changes.schemas import (
    AssignmentIn,
    ClientIn,
    MessageKeyIn,
    PersonIn,
    PrincipalChangeOut,
    ProviderLinkIn,
    ReasonIn,
    RotationIn,
)
from services.identity.message_keys.flows import KeyRequest
from services.identity.principals.domain import Principal, PrincipalKind
from shared.door import Door, door
from shared.ids import key_of
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Managing = Annotated[Door, door(Right.MANAGE_IDENTITY)]
NamePath = Annotated[str, Path(min_length=1, max_length=64)]
_PROPOSED: dict[str, Any] = {"status_code": 201, "response_model": PrincipalChangeOut}


@router.post(
    "/v1/people",
    operation_id="propose_person",
    summary="提出增加人员 · Propose a person",
    **_PROPOSED,
)
async def propose_person(body: PersonIn, at: Managing) -> Response:
    """Propose a person with a role. The approval makes a first password."""
    new = Principal(
        name=body.name,
        kind=PrincipalKind.PERSON,
        display=body.display,
        organisation=body.organisation,
        role=body.role,
        district=body.district,
        provider_subject=body.provider_subject,
    )
    return await _propose(
        at, body.name, body.why, lambda tx: proposal_flow.to_add(tx, new, _districts(at))
    )


@router.post(
    "/v1/clients",
    operation_id="propose_client",
    summary="提出增加客户端 · Propose a client",
    **_PROPOSED,
)
async def propose_client(body: ClientIn, at: Managing) -> Response:
    """Propose a client of a machine or of a person. The approval makes its secret, if it has no key."""
    new = Principal(
        name=body.name,
        kind=PrincipalKind.CLIENT,
        display=body.display,
        organisation=body.organisation,
        person=body.person,
        role=body.role,
        district=body.district,
        units=None if body.units is None else tuple(body.units),
    )
    return await _propose(
        at,
        body.name,
        body.why,
        lambda tx: proposal_flow.to_add(
            tx, new, _districts(at), every_unit=body.every_unit, public_key=body.public_key
        ),
    )


@router.post(
    "/v1/principals/{name}/assignments",
    operation_id="propose_assignment",
    summary="提出变更角色、分中心或单位 · Propose a role, a district or units",
    **_PROPOSED,
)
async def propose_assignment(name: NamePath, body: AssignmentIn, at: Managing) -> Response:
    """Propose the role, district and units of a person or a client. A person's clients follow."""
    return await _propose(
        at,
        name,
        body.why,
        lambda tx: proposal_flow.to_assign(
            tx,
            name,
            _districts(at),
            role=body.role,
            district=body.district,
            units=None if body.units is None else tuple(body.units),
            every_unit=body.every_unit,
        ),
    )


@router.post(
    "/v1/principals/{name}/provider-links",
    operation_id="propose_provider_link",
    summary="提出关联外部账号 · Propose a person's account at the OpenID provider",
    **_PROPOSED,
)
async def propose_provider_link(name: NamePath, body: ProviderLinkIn, at: Managing) -> Response:
    """Propose the subject by which the site's OpenID provider knows a person, or its end (null)."""
    return await _propose(
        at,
        name,
        body.why,
        lambda tx: proposal_flow.to_link(tx, name, body.provider_subject, _districts(at)),
    )


@router.post(
    "/v1/principals/{name}/enablements",
    operation_id="propose_enablement",
    summary="提出重新启用 · Propose to enable again",
    **_PROPOSED,
)
async def propose_enablement(name: NamePath, body: ReasonIn, at: Managing) -> Response:
    """Propose to enable a disabled person or client again."""
    return await _propose(at, name, body.why, lambda tx: proposal_flow.to_enable(tx, name))


@router.post(
    "/v1/principals/{name}/resets",
    operation_id="propose_reset",
    summary="提出重置密码与动态码 · Propose a new password and second factor",
    **_PROPOSED,
)
async def propose_reset(name: NamePath, body: ReasonIn, at: Managing) -> Response:
    """Propose a new first password and second factor for a person who has lost one of them.

    The approval ends the old ones. The approver gets the password, the proposer the second factor.
    """
    return await _propose(at, name, body.why, lambda tx: proposal_flow.to_reset(tx, name))


@router.post(
    "/v1/principals/{name}/rotations",
    operation_id="propose_rotation",
    summary="提出更换客户端密钥 · Propose a new secret or key of a client",
    **_PROPOSED,
)
async def propose_rotation(name: NamePath, body: RotationIn, at: Managing) -> Response:
    """Propose a new secret or public key of a client; the old one ends after the overlap."""
    overlap = timedelta(hours=body.overlap_hours)
    return await _propose(
        at,
        name,
        body.why,
        lambda tx: proposal_flow.to_rotate(tx, name, overlap=overlap, public_key=body.public_key),
    )


@router.post(
    "/v1/message-keys",
    operation_id="propose_message_key",
    summary="提出登记报文验签公钥 · Propose a key of signed messages",
    **_PROPOSED,
)
async def propose_message_key(body: MessageKeyIn, at: Managing) -> Response:
    """Propose the public key with which a client signs its messages from now on (RFC 9421).

    Once approved, every service knows it within a second, and the client's keys of before end
    after the overlap.
    """
    request = KeyRequest(
        client=body.client,
        algorithm=body.algorithm,
        public_key=body.public_key,
        kid=body.kid,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        overlap=timedelta(hours=body.overlap_hours),
    )
    return await _propose(
        at, body.client, body.why, lambda tx: proposal_flow.to_register_key(tx, request)
    )


async def _propose(
    at: Door, name: str, why: str, check: Callable[[AsyncConnection], Awaitable[Proposal]]
) -> Response:
    async def work(tx: AsyncConnection) -> PrincipalChangeOut:
        proposal = replace(await check(tx), why=why)
        return PrincipalChangeOut.of(await change_flow.propose(tx, proposal, at.caller.subject))

    return await at.write(work, key=key_of("principal", name), status=201)


def _districts(at: Door) -> frozenset[str]:
    districts: frozenset[str] = at.request.app.state.districts
    return districts
