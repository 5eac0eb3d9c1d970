"""Doors of credentials: which ones somebody has, and until when; never their values."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from services.identity.credentials.flows import client as client_flow
from services.identity.credentials.schemas import CredentialOut, CredentialsOut
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/principals/{name}/credentials",
    operation_id="list_credentials",
    summary="凭据(不含其值) · List credentials, without their values",
)
async def list_credentials(
    name: Annotated[str, Path(min_length=1, max_length=64)],
    at: Annotated[Door, door(Right.READ_IDENTITY)],
) -> CredentialsOut:
    """List the credentials in force of a person or a client; at a rotation there are two."""
    rows = await at.read(lambda tx: client_flow.credentials_of(tx, name))
    return CredentialsOut(items=[CredentialOut.of(row) for row in rows])
