"""Tables of events, registered addresses and deliveries, the same in every service."""

from __future__ import annotations

from typing import Final

from shared.security.resealing import Form, ResealedTable, SealedColumn

LABEL: Final = "webhook secret"
RESEALED: Final = ResealedTable(
    "webhook_secret",
    {"endpoint_id": "uuid", "id": "uuid"},
    (SealedColumn("sealed", Form.BYTES, (LABEL,)),),
)
"""Its sealed column, for a rotation of a service's keys."""

KEYS: Final[dict[str, str]] = {
    "event": "shard_key",
    "event_place": "reference",
    "webhook_endpoint": "reference",
    "webhook_secret": "reference",
    "webhook_delivery": "reference",
    "webhook_attempt": "reference",
}
"""Table → its key column, as in each service's own list."""

_TABLES: Final = (
    """
    CREATE TABLE event (
        shard_key   bigint      NOT NULL,
        id          uuid        NOT NULL,
        seq         bigint,
        type        text        NOT NULL,
        occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        data        jsonb       NOT NULL,
        PRIMARY KEY (shard_key, id)
    )
    """,
    "CREATE INDEX event_waiting ON event (id) WHERE seq IS NULL",
    "CREATE INDEX event_order ON event (seq) WHERE seq IS NOT NULL",
    """
    CREATE TABLE event_place (
        name text   PRIMARY KEY CHECK (name = 'last'),
        seq  bigint NOT NULL
    )
    """,
    "INSERT INTO event_place (name, seq) VALUES ('last', 0)",
    """
    CREATE TABLE webhook_endpoint (
        id           uuid        PRIMARY KEY,
        client       text        NOT NULL,
        url          text        NOT NULL,
        types        text[]      NOT NULL CHECK (cardinality(types) > 0),
        is_active    boolean     NOT NULL DEFAULT true,
        reason       text,
        paused_until timestamptz,
        created_by   text        NOT NULL,
        created_at   timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX webhook_endpoint_client ON webhook_endpoint (client, id)",
    """
    CREATE TABLE webhook_secret (
        endpoint_id uuid        NOT NULL REFERENCES webhook_endpoint (id),
        id          uuid        NOT NULL,
        scheme      text        NOT NULL CHECK (scheme IN ('hmac', 'ed25519')),
        sealed      bytea       NOT NULL,
        public_key  text,
        created_by  text        NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT now(),
        ends_at     timestamptz,
        PRIMARY KEY (endpoint_id, id)
    )
    """,
    """
    CREATE TABLE webhook_delivery (
        endpoint_id  uuid    NOT NULL REFERENCES webhook_endpoint (id),
        event_seq    bigint  NOT NULL,
        event_key    bigint  NOT NULL,
        event_id     uuid    NOT NULL,
        attempts     integer NOT NULL DEFAULT 0,
        due_at       timestamptz,
        delivered_at timestamptz,
        PRIMARY KEY (endpoint_id, event_seq)
    )
    """,
    "CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, due_at)"
    " WHERE due_at IS NOT NULL",
    """
    CREATE TABLE webhook_attempt (
        endpoint_id  uuid        NOT NULL,
        event_seq    bigint      NOT NULL,
        id           uuid        NOT NULL,
        began_at     timestamptz NOT NULL,
        milliseconds integer     NOT NULL,
        status       integer,
        error        text,
        PRIMARY KEY (endpoint_id, event_seq, id)
    )
    """,
)
_NAMES: Final = (
    "webhook_attempt",
    "webhook_delivery",
    "webhook_secret",
    "webhook_endpoint",
    "event_place",
    "event",
)


def ddl(role: str) -> list[str]:
    """Return the statements of a migration that give a service its events and webhooks."""
    return [
        *_TABLES,
        f"GRANT SELECT, INSERT ON {', '.join(name for name in _NAMES if name != 'event_place')}"
        f" TO {role}",
        f"GRANT SELECT ON event_place TO {role}",
        f"GRANT UPDATE (seq) ON event, event_place TO {role}",
        f"GRANT UPDATE (is_active, reason, paused_until) ON webhook_endpoint TO {role}",
        f"GRANT UPDATE (ends_at) ON webhook_secret TO {role}",
        f"GRANT UPDATE (attempts, due_at, delivered_at) ON webhook_delivery TO {role}",
    ]


def ddl_back() -> list[str]:
    """Return the statements that take `ddl` back."""
    return [f"DROP TABLE {name}" for name in _NAMES]
