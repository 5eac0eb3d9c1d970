"""Operations that take longer than a request, the files they read and the reports they leave."""

from __future__ import annotations

from alembic import op

revision = "collection_0005"
down_revision = "collection_0004"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

OPERATIONS = (
    # The natural key says what is asked, so that asking twice finds the first. Who works on it holds
    # it for a while; when that time is over without a word, another takes it up from the beginning.
    """
    CREATE TABLE operation (
        operation_key bigint      NOT NULL,
        id            uuid        NOT NULL,
        natural_key   text        NOT NULL,
        kind          text        NOT NULL,
        status        text        NOT NULL
            CHECK (status IN ('waiting', 'running', 'succeeded', 'failed')),
        person        text        NOT NULL,
        role          text        NOT NULL,
        district      text        NOT NULL,
        asked         jsonb       NOT NULL,
        done          bigint      NOT NULL DEFAULT 0,
        total         bigint,
        result        jsonb,
        error         jsonb,
        attempt       integer     NOT NULL DEFAULT 1,
        tries         integer     NOT NULL DEFAULT 0,
        holder        text,
        held_until    timestamptz,
        created_at    timestamptz NOT NULL DEFAULT now(),
        finished_at   timestamptz,
        PRIMARY KEY (operation_key, id),
        UNIQUE (operation_key, natural_key)
    )
    """,
    """
    CREATE INDEX operation_to_do
        ON operation (created_at, operation_key, id) WHERE status IN ('waiting', 'running')
    """,
    # The file as it came, in sealed pieces: it is full of identity numbers. Gone when it was read.
    """
    CREATE TABLE operation_part (
        operation_key bigint  NOT NULL,
        operation_id  uuid    NOT NULL,
        part_no       integer NOT NULL,
        sealed        bytea   NOT NULL,
        PRIMARY KEY (operation_key, operation_id, part_no),
        FOREIGN KEY (operation_key, operation_id) REFERENCES operation (operation_key, id)
    )
    """,
    # What it leaves to be fetched: the faults of a file, by row and column.
    """
    CREATE TABLE operation_report (
        operation_key bigint  NOT NULL,
        operation_id  uuid    NOT NULL,
        attempt       integer NOT NULL,
        rows          bigint  NOT NULL,
        content       bytea   NOT NULL,
        PRIMARY KEY (operation_key, operation_id, attempt),
        FOREIGN KEY (operation_key, operation_id) REFERENCES operation (operation_key, id)
    )
    """,
)

GRANTS = {
    "operation": "SELECT, INSERT, UPDATE",
    "operation_part": "SELECT, INSERT, DELETE",
    "operation_report": "SELECT, INSERT",
}


def upgrade() -> None:
    """Make the tables and grant what the service needs."""
    for statement in OPERATIONS:
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made."""
    for table in ("operation_report", "operation_part", "operation"):
        op.execute(f"DROP TABLE {table}")
