"""The answer that every service asks for: public keys, and what was revoked lately."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.message_keys import flows as message_keys_flow
from services.identity.principals import store as principals_store
from services.identity.roles import store as roles_store
from services.identity.tokens.domain.signing import MARGIN
from services.identity.tokens.store import revocation as revocation_store
from services.identity.tokens.store import signing as signing_store
from shared import clock
from shared.security.tokens import TOKEN_SECONDS_MAX
from shared.security.trust import digest_of


async def answer(tx: AsyncConnection) -> dict[str, Any]:
    """Return the keys in force and the revocations that a living token can still meet."""
    now = clock.now()
    since = now - timedelta(seconds=TOKEN_SECONDS_MAX) - MARGIN
    changed = await principals_store.changed_since(tx, since)
    return {
        "keys": await public_keys(tx),
        "message_keys": await message_keys_flow.published(tx),
        "roles": await roles_store.changed(tx),
        "revoked": {
            "tokens": await revocation_store.tokens_since(tx, since),
            "sessions": await revocation_store.sessions_since(tx, since),
            "disabled": [digest_of(name) for name in await principals_store.disabled(tx)],
            "principals": {digest_of(name): version for name, version in sorted(changed)},
        },
    }


async def public_keys(tx: AsyncConnection) -> list[dict[str, Any]]:
    """Return the public keys in force."""
    return [key.public for key in await signing_store.trusted(tx, clock.now())]
