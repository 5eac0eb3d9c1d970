"""SQL of registered addresses and their signing secrets. Secrets are stored sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Kind, NotFound, Refusal
from shared.ids import Ref, uuid7
from shared.page import read_page
from shared.references import Reference
from shared.security.field_cipher import FieldCipher
from shared.webhooks.signing import Scheme, Secret

ENDPOINTS_MAX: Final = 20
_COLUMNS: Final = "id, client, url, types, is_active, reason, created_at"


class EndpointUnknown(NotFound):
    """无此推送地址 (no such webhook endpoint)"""

    code = "WEBHOOK_ENDPOINT_UNKNOWN"


class TooManyEndpoints(Refusal):
    """该客户端的推送地址已达上限 (this client has as many webhook endpoints as it may)"""

    kind = Kind.CONFLICT
    code = "TOO_MANY_WEBHOOK_ENDPOINTS"


def reference_of(endpoint_id: UUID) -> str:
    """Return the reference of an address on the wire."""
    return Ref(0, endpoint_id).text(Reference.WEBHOOK_ENDPOINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A registered address."""

    id: UUID
    client: str
    url: str
    types: Sequence[str]
    is_active: bool
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """A secret in force, sealed."""

    id: UUID
    scheme: str
    sealed: bytes
    public_key: str | None
    created_at: datetime
    ends_at: datetime | None

    def opened(self, cipher: FieldCipher) -> Secret:
        """Open it for signing."""
        return Secret(Scheme(self.scheme), cipher.open_bytes(bytes(self.sealed)))


async def insert(
    tx: AsyncConnection, client: str, url: str, types: Sequence[str], by: str
) -> Endpoint:
    """Register an address.

    Raises:
        TooManyEndpoints: the client has as many as it may.
    """
    known = await tx.scalar(
        text("SELECT count(*) FROM webhook_endpoint WHERE client = :client"), {"client": client}
    )
    if (known or 0) >= ENDPOINTS_MAX:
        raise TooManyEndpoints(limit=ENDPOINTS_MAX)
    made = await tx.execute(
        text(f"""
            INSERT INTO webhook_endpoint (id, client, url, types, created_by)
            VALUES (:id, :client, :url, CAST(:types AS text[]), :by)
            RETURNING {_COLUMNS}
        """),
        {"id": uuid7(), "client": client, "url": url, "types": list(types), "by": by},
    )
    return Endpoint(**made.one()._mapping)


async def find(tx: AsyncConnection, client: str, reference: str) -> Endpoint:
    """Read an address of a client.

    Raises:
        NotAReference, EndpointUnknown: it has no such address.
    """
    ref = Ref.parse(Reference.WEBHOOK_ENDPOINT, reference)
    found = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM webhook_endpoint WHERE id = :id AND client = :client"),
        {"id": ref.id, "client": client},
    )
    row = found.one_or_none()
    if row is None or ref.key:
        raise EndpointUnknown
    return Endpoint(**row._mapping)


async def page(
    tx: AsyncConnection, client: str, *, after: UUID | None, limit: int
) -> list[Endpoint]:
    """Read the addresses of a client in the order of their registration."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM webhook_endpoint",
        key=("id",),
        after=None if after is None else [after],
        limit=limit,
        row=Endpoint,
        equal={"client": client},
    )


async def set_active(
    tx: AsyncConnection, endpoint_id: UUID, *, is_active: bool, reason: str | None
) -> None:
    """Disable an address, or enable it again; what waits for it then goes on."""
    await tx.execute(
        text("""
            UPDATE webhook_endpoint
               SET is_active = :is_active, reason = :reason, paused_until = NULL
             WHERE id = :id
        """),
        {"id": endpoint_id, "is_active": is_active, "reason": reason},
    )


async def add_secret(
    tx: AsyncConnection,
    endpoint_id: UUID,
    secret: Secret,
    cipher: FieldCipher,
    *,
    by: str,
    overlap: timedelta,
) -> StoredSecret:
    """Give an address a new secret; the one of before stays valid for the overlap, others end."""
    await tx.execute(
        text("""
            UPDATE webhook_secret
               SET ends_at = now()
             WHERE endpoint_id = :endpoint_id AND ends_at > now()
        """),
        {"endpoint_id": endpoint_id},
    )
    await tx.execute(
        text("""
            UPDATE webhook_secret
               SET ends_at = now() + :overlap
             WHERE endpoint_id = :endpoint_id AND ends_at IS NULL
        """),
        {"endpoint_id": endpoint_id, "overlap": overlap},
    )
    made = await tx.execute(
        text("""
            INSERT INTO webhook_secret (endpoint_id, id, scheme, sealed, public_key, created_by)
            VALUES (:endpoint_id, :id, :scheme, :sealed, :public_key, :by)
            RETURNING id, scheme, sealed, public_key, created_at, ends_at
        """),
        {
            "endpoint_id": endpoint_id,
            "id": uuid7(),
            "scheme": secret.scheme.value,
            "sealed": cipher.seal_bytes(secret.value),
            "public_key": secret.public_key,
            "by": by,
        },
    )
    return StoredSecret(**made.one()._mapping)


async def secrets_of(tx: AsyncConnection, endpoint_id: UUID) -> list[StoredSecret]:
    """Read the secrets of an address that are in force, newest first."""
    rows = await tx.execute(
        text("""
            SELECT id, scheme, sealed, public_key, created_at, ends_at
              FROM webhook_secret
             WHERE endpoint_id = :endpoint_id AND (ends_at IS NULL OR ends_at > now())
             ORDER BY id DESC
        """),
        {"endpoint_id": endpoint_id},
    )
    return [StoredSecret(**row._mapping) for row in rows]
