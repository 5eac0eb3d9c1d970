"""Changes of entitlements by two people; suspended months; accounts that change after the opening.

Rows of before were registered by one person: they keep their place and name no paper.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import EVENTS, Watched
from shared.trail import folded_sql

revision = "payout_0019"
down_revision = "payout_0018"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"

TABLES: Final = (
    f"""
    CREATE TABLE entitlement_change (
        change_key  bigint      NOT NULL,
        id          uuid        NOT NULL,
        action      text        NOT NULL,
        district    text        NOT NULL,
        reason      text        NOT NULL,
        note        text,
        document    text        NOT NULL CHECK (document <> ''),
        lines       integer     NOT NULL CHECK (lines > 0),
        applied     integer     CHECK (applied BETWEEN 0 AND lines),
        status      text        NOT NULL DEFAULT 'proposed'
                    CHECK (status IN ('proposed', 'approved', 'refused')),
        proposed_by text        NOT NULL,
        proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        decided_by  text,
        decided_at  timestamptz,
        PRIMARY KEY (change_key, id),
        CONSTRAINT entitlement_change_decided
            CHECK ((status = 'proposed') = (decided_by IS NULL)
                   AND (decided_by IS NULL) = (decided_at IS NULL)
                   AND (status = 'approved' OR applied IS NULL)),
        CONSTRAINT entitlement_change_two_people
            CHECK (decided_by IS NULL
                   OR {folded_sql("decided_by")} <> {folded_sql("proposed_by")})
    )
    """,
    "CREATE INDEX entitlement_change_by_id ON entitlement_change (id)",
    """
    CREATE TABLE entitlement_change_line (
        change_key     bigint  NOT NULL,
        change_id      uuid    NOT NULL,
        line_no        integer NOT NULL,
        person_id      bigint  NOT NULL,
        identity_blind bytea   NOT NULL,
        kind           text    NOT NULL,
        sealed_number  bytea   NOT NULL,
        since          text    NOT NULL,
        name           bytea,
        monthly_fen    bigint  CHECK (monthly_fen > 0),
        bank           text,
        bank_number    bytea,
        bank_holder    bytea,
        holder_reason  text,
        PRIMARY KEY (change_key, change_id, line_no),
        CONSTRAINT entitlement_change_line_account
            CHECK (num_nulls(bank, bank_number, bank_holder) IN (0, 3))
    )
    """,
    # From `since` the months are not due; from `until` they are again. Nobody knows the end yet
    # where `until` is null; a month never comes that is not before `since` where they are equal.
    """
    CREATE TABLE entitlement_suspension (
        person_id      bigint      NOT NULL,
        id             uuid        NOT NULL,
        identity_blind bytea       NOT NULL,
        kind           text        NOT NULL,
        since          text        NOT NULL,
        until          text        CHECK (until >= since),
        reason         text        NOT NULL,
        change_key     bigint      NOT NULL,
        change_id      uuid        NOT NULL,
        known_at       timestamptz NOT NULL,
        resumed_key    bigint,
        resumed_id     uuid,
        PRIMARY KEY (person_id, id),
        CONSTRAINT entitlement_suspension_resumed
            CHECK (num_nulls(until, resumed_key, resumed_id) IN (0, 3))
    )
    """,
    """
    CREATE UNIQUE INDEX entitlement_suspension_open
        ON entitlement_suspension (person_id, identity_blind, kind, reason) WHERE until IS NULL
    """,
    # A person's account from a paper on. The account of the opening stands in the entitlement.
    """
    CREATE TABLE entitlement_account (
        person_id      bigint      NOT NULL,
        id             uuid        NOT NULL,
        identity_blind bytea       NOT NULL,
        kind           text        NOT NULL,
        bank           text        NOT NULL,
        bank_number    bytea       NOT NULL,
        bank_holder    bytea       NOT NULL,
        holder_reason  text,
        held           boolean     NOT NULL,
        change_key     bigint      NOT NULL,
        change_id      uuid        NOT NULL,
        known_at       timestamptz NOT NULL,
        PRIMARY KEY (person_id, id)
    )
    """,
    """
    CREATE INDEX entitlement_account_of
        ON entitlement_account (person_id, identity_blind, kind, known_at)
    """,
)

_PERSON: Final = ("identity_blind", "sealed_number", "name")
_ACCOUNT: Final = ("bank", "bank_number", "bank_holder")
WATCHED: Final = {
    "entitlement_change": Watched(("change_key", "id")),
    "entitlement_suspension": Watched(("person_id", "id"), hidden=("identity_blind",)),
    "entitlement_account": Watched(("person_id", "id"), hidden=("identity_blind", *_ACCOUNT)),
}
# Their rows have another form from now on: the record begins anew from it.
RECORDED: Final = {
    "entitlement": Watched(("person_id", "id"), hidden=(*_PERSON, *_ACCOUNT)),
    "entitlement_end": Watched(("person_id", "id"), hidden=_PERSON),
}


def upgrade() -> None:
    """Make the tables; say of every row when it became known, and from which month an end ends."""
    for statement in TABLES:
        op.execute(statement)
    op.execute("""
        ALTER TABLE entitlement
          ADD COLUMN change_key bigint, ADD COLUMN change_id uuid, ADD COLUMN known_at timestamptz,
          ADD CONSTRAINT entitlement_paper CHECK (num_nulls(change_key, change_id) IN (0, 2))
    """)
    # A change of type copies the instants without a trigger that records each row.
    op.execute("""
        ALTER TABLE entitlement
          ALTER COLUMN known_at TYPE timestamptz USING registered_at,
          ALTER COLUMN known_at SET DEFAULT clock_timestamp(),
          ALTER COLUMN known_at SET NOT NULL
    """)
    op.execute("CREATE INDEX entitlement_known ON entitlement (kind, district, known_at)")
    op.execute("ALTER TABLE entitlement_end ADD COLUMN again_from text CHECK (again_from > '')")
    # Until now a row that was registered after the end for a later month began again by itself.
    op.execute("""
        UPDATE entitlement_end AS ended
           SET again_from = again.since
          FROM (SELECT stopped.person_id, stopped.id, min(row.in_force_from) AS since
                  FROM entitlement_end AS stopped
                  JOIN entitlement AS row
                    ON row.person_id = stopped.person_id
                   AND row.identity_blind = stopped.identity_blind AND row.kind = stopped.kind
                   AND row.registered_at >= stopped.decided_at
                   AND row.in_force_from > stopped.last_period
                   AND row.suspended_at IS NULL
                 WHERE stopped.status = 'approved'
                 GROUP BY stopped.person_id, stopped.id) AS again
         WHERE ended.person_id = again.person_id AND ended.id = again.id
    """)
    for how in (WATCHED, RECORDED):
        for table, watched in how.items():
            for statement in watched.ddl(table)[None if how is WATCHED else -1 :]:
                op.execute(statement)
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(WATCHED)}, entitlement_change_line TO {ROLE}")
    op.execute(
        f"GRANT UPDATE (status, applied, decided_by, decided_at) ON entitlement_change TO {ROLE}"
    )
    op.execute(f"GRANT UPDATE (until, resumed_key, resumed_id) ON entitlement_suspension TO {ROLE}")
    op.execute(f"GRANT UPDATE (known_at) ON entitlement TO {ROLE}")
    op.execute(f"GRANT UPDATE (again_from) ON entitlement_end TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made; papers and suspended months are lost."""
    for table in WATCHED:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}")
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP TABLE entitlement_change_line")
    op.execute("ALTER TABLE entitlement_end DROP COLUMN again_from")
    op.execute("""
        ALTER TABLE entitlement
         DROP COLUMN change_key, DROP COLUMN change_id, DROP COLUMN known_at
    """)
    for table, how in RECORDED.items():
        op.execute(how.ddl(table)[-1])
