"""Shapes of the keys of clients' messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.identity.message_keys.domain import RegisteredKey
from shared.schema import Out


class MessageKeyOut(Out):
    """A public key of a client's messages."""

    kid: str
    client: str
    algorithm: str
    public_key: dict[str, Any]
    thumbprint: str
    valid_from: datetime
    valid_until: datetime | None
    registered_by: str
    registered_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None

    @classmethod
    def of(cls, key: RegisteredKey) -> MessageKeyOut:
        """Build one."""
        return cls(
            kid=key.kid,
            client=key.client,
            algorithm=key.algorithm.value,
            public_key=dict(key.public_key),
            thumbprint=key.thumbprint,
            valid_from=key.valid_from,
            valid_until=key.valid_until,
            registered_by=key.registered_by,
            registered_at=key.registered_at,
            revoked_at=key.revoked_at,
            revoked_by=key.revoked_by,
        )
