"""Doors that every service verifies tokens with. They hold no secret and ask for no token."""

from __future__ import annotations

from fastapi import Request

from services.identity.tokens.flows import trust as trust_flow
from services.identity.tokens.schemas import KeySetOut, RevokedOut, TrustedMessageKeyOut, TrustOut
from shared.db import Database
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/trust",
    operation_id="get_trust",
    summary="公钥与近期撤销 · Public keys, and what was revoked lately",
)
async def get_trust(request: Request) -> TrustOut:
    """Get what services verify tokens with, in one answer."""
    db: Database = request.app.state.db
    found = await db.run(trust_flow.answer)
    keys = KeySetOut.of(found["keys"]).keys
    return TrustOut(
        keys=keys,
        message_keys=[TrustedMessageKeyOut(**row) for row in found["message_keys"]],
        revoked=RevokedOut(**found["revoked"]),
        roles=found["roles"],
    )


@router.get(
    "/.well-known/jwks.json", operation_id="get_key_set", summary="公钥集 · Public keys (JWKS)"
)
async def get_key_set(request: Request) -> KeySetOut:
    """Get the public keys in force (RFC 7517)."""
    db: Database = request.app.state.db
    return KeySetOut.of(await db.run(trust_flow.public_keys))
