"""Shapes of the keys of clients' messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from services.identity.message_keys.domain import KID_PATTERN, RegisteredKey
from shared.schema import In, Out
from shared.security.message_keys import MessageAlgorithm

_Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC)),
]
_Member = Annotated[str, StringConstraints(max_length=2000)]


class MessageKeyIn(In):
    """A public key (JWK) that a client signs its messages with.

    Without `kid`, the thumbprint (RFC 7638) is its name. The client's keys of before still count
    for `overlap_hours` once this one does.
    """

    client: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    algorithm: MessageAlgorithm
    public_key: Annotated[
        dict[_Member, _Member | Annotated[list[_Member], Field(max_length=10)]],
        Field(
            max_length=20,
            examples=[{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS…"}],
        ),
    ]
    kid: Annotated[str, StringConstraints(pattern=KID_PATTERN)] | None = None
    valid_from: _Moment | None = None
    valid_until: _Moment | None = None
    overlap_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 24


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
