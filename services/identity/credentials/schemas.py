"""Shapes of credentials, without their values."""

from __future__ import annotations

from datetime import datetime

from services.identity.credentials.domain.credential import Credential
from shared.schema import Out


class CredentialOut(Out):
    """A credential that is in force. Its value is never shown."""

    kind: str
    created_at: datetime
    ends_at: datetime | None
    must_change: bool

    @classmethod
    def of(cls, found: Credential) -> CredentialOut:
        """Build one."""
        return cls(
            kind=found.kind.value,
            created_at=found.created_at,
            ends_at=found.ends_at,
            must_change=found.must_change,
        )


class CredentialsOut(Out):
    """The credentials in force of a person or a client, newest first."""

    items: list[CredentialOut]
