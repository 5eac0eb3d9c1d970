"""Pushes by file: how far each is taken, what became of its lines; and envelopes over several pushes."""

from __future__ import annotations

from alembic import op

revision = "collection_0032"
down_revision = "collection_0031"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

UP = (
    # `done_lines` grows in the transaction that takes the lines, so a killed worker leaves no doubt.
    """
    CREATE TABLE tax_push (
        push_key      bigint      NOT NULL,
        authority     text        NOT NULL,
        push_no       text        NOT NULL,
        digest        bytea       NOT NULL,
        collected_on  date        NOT NULL,
        lines         bigint      NOT NULL,
        total_fen     bigint      NOT NULL,
        done_lines    bigint      NOT NULL DEFAULT 0 CHECK (done_lines BETWEEN 0 AND lines),
        matched       bigint      NOT NULL DEFAULT 0,
        suspended     bigint      NOT NULL DEFAULT 0,
        replayed      bigint      NOT NULL DEFAULT 0,
        rejected      bigint      NOT NULL DEFAULT 0,
        allocated_fen bigint      NOT NULL DEFAULT 0,
        suspended_fen bigint      NOT NULL DEFAULT 0,
        pushed_by     text        NOT NULL,
        pushed_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (push_key, authority, push_no),
        CHECK (matched + suspended + replayed + rejected = done_lines)
    )
    """,
    # The results of some thousand lines in a row, as the CSV that is downloaded.
    """
    CREATE TABLE tax_push_result (
        push_key  bigint NOT NULL,
        authority text   NOT NULL,
        push_no   text   NOT NULL,
        first     bigint NOT NULL,
        content   bytea  NOT NULL,
        PRIMARY KEY (push_key, authority, push_no, first)
    )
    """,
    """
    CREATE TABLE tax_envelope (
        envelope_key bigint NOT NULL,
        authority    text   NOT NULL,
        envelope_no  text   NOT NULL,
        lines        bigint NOT NULL,
        total_fen    bigint NOT NULL,
        PRIMARY KEY (envelope_key, authority, envelope_no)
    )
    """,
    """
    CREATE TABLE tax_envelope_part (
        envelope_key bigint      NOT NULL,
        authority    text        NOT NULL,
        envelope_no  text        NOT NULL,
        push_no      text        NOT NULL,
        lines        bigint      NOT NULL,
        total_fen    bigint      NOT NULL,
        pushed_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (envelope_key, authority, envelope_no, push_no),
        FOREIGN KEY (envelope_key, authority, envelope_no) REFERENCES tax_envelope
    )
    """,
)

GRANTS = {
    "tax_push": "SELECT, INSERT, UPDATE (done_lines, matched, suspended, replayed, rejected,"
    " allocated_fen, suspended_fen)",
    "tax_push_result": "SELECT, INSERT",
    "tax_envelope": "SELECT, INSERT, UPDATE (envelope_no)",
    "tax_envelope_part": "SELECT, INSERT",
}


def upgrade() -> None:
    """Make the tables."""
    for statement in UP:
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made."""
    for table in ("tax_envelope_part", "tax_envelope", "tax_push_result", "tax_push"):
        op.execute(f"DROP TABLE {table}")
