"""Changes that two people sign; the database writes which accounts statements are expected of.

The service's role reads `statement_account` and cannot write it. Rows that one person set stay.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shared import trail

revision = "collection_0043"
down_revision = "collection_0042"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    """
    CREATE TABLE signed_change (
        shard_key  bigint      NOT NULL,
        id         uuid        NOT NULL,
        subject    text        NOT NULL,
        target     text        NOT NULL,
        content    jsonb       NOT NULL,
        reason     text        NOT NULL,
        status     text        NOT NULL CHECK (status IN ('filed', 'approved', 'refused')),
        filed_by   text        NOT NULL,
        filed_at   timestamptz NOT NULL,
        decided_by text,
        decided_at timestamptz,
        written_at timestamptz,
        PRIMARY KEY (shard_key, id),
        CHECK ((status = 'filed') = (decided_by IS NULL)),
        CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
        CHECK (decided_by IS DISTINCT FROM filed_by),
        CHECK ((written_at IS NOT NULL) <= (status = 'approved'))
    )
    """,
    "CREATE UNIQUE INDEX signed_change_one ON signed_change (shard_key, subject, target)"
    " WHERE status = 'filed'",
    "CREATE INDEX signed_change_by_id ON signed_change (id)",
    # The content of a change, once: after two different people have signed it.
    f"""
    CREATE FUNCTION sign_off(key bigint, change uuid, asked text) RETURNS signed_change
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper  signed_change%ROWTYPE;
        people integer;
    BEGIN
        SELECT * INTO paper FROM signed_change
         WHERE shard_key = key AND id = change AND subject = asked FOR UPDATE;
        SELECT count(DISTINCT {trail.folded_sql("person")}) INTO people
          FROM trail WHERE shard_key = key AND paper_id = change AND signs;
        IF paper.status IS DISTINCT FROM 'approved' OR paper.written_at IS NOT NULL
           OR people < 2 THEN
            RAISE EXCEPTION 'change % is not signed by two people, or was written', change
                USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_change_two_people';
        END IF;
        UPDATE signed_change SET written_at = clock_timestamp()
         WHERE shard_key = key AND id = change;
        RETURN paper;
    END
    $$
    """,
    # An earlier row ends the day before; a row of the same day is replaced; a later one stays.
    """
    CREATE FUNCTION write_statement_account(key bigint, change uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper signed_change := sign_off(key, change, 'statement_account');
        place text := paper.content ->> 'account';
        since date := CAST(paper.content ->> 'expected_from' AS date);
    BEGIN
        UPDATE statement_account
           SET expected_to = since - 1
         WHERE account = place AND expected_from < since
           AND (expected_to IS NULL OR expected_to >= since);
        INSERT INTO statement_account (account, expected_from, expected_to, arrives_within, note,
                                       set_by)
        SELECT place, since,
               least(CAST(paper.content ->> 'expected_to' AS date),
                     (SELECT min(expected_from) - 1 FROM statement_account
                       WHERE account = place AND expected_from > since)),
               CAST(paper.content ->> 'arrives_within' AS integer), paper.reason,
               paper.filed_by || ' / ' || paper.decided_by
        ON CONFLICT (account, expected_from) DO UPDATE
           SET expected_to = excluded.expected_to, arrives_within = excluded.arrives_within,
               note = excluded.note, set_by = excluded.set_by, set_at = now();
    END
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION sign_off(bigint, uuid, text) FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION write_statement_account(bigint, uuid) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION write_statement_account(bigint, uuid) TO {ROLE}",
    "GRANT SELECT, INSERT (shard_key, id, subject, target, content, reason, status, filed_by,"
    f" filed_at), UPDATE (status, decided_by, decided_at) ON signed_change TO {ROLE}",
    # Held before as a right on the table and on a column.
    f"REVOKE INSERT, UPDATE ON statement_account FROM {ROLE}",
    f"REVOKE UPDATE (expected_to) ON statement_account FROM {ROLE}",
)
DOWN: Final = (
    f"GRANT INSERT, UPDATE (expected_to) ON statement_account TO {ROLE}",
    "DROP FUNCTION write_statement_account(bigint, uuid)",
    "DROP FUNCTION sign_off(bigint, uuid, text)",
    "DROP TABLE signed_change",
)


def upgrade() -> None:
    """Make the table and the functions, and take the right to write from the service."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Let the service write the rows again."""
    for statement in DOWN:
        op.execute(statement)
