"""Statements that two people withdraw: kept whole, out of the chain of balances.

Only the database's function moves them, after two people have signed.
"""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0044"
down_revision = "collection_0043"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    """
    CREATE TABLE withdrawn_statement (
        withdrawal uuid NOT NULL,
        LIKE bank_statement,
        PRIMARY KEY (account_key, withdrawal, day)
    )
    """,
    """
    CREATE TABLE withdrawn_statement_line (
        withdrawal uuid NOT NULL,
        LIKE bank_statement_line,
        PRIMARY KEY (account_key, withdrawal, day, line_no)
    )
    """,
    # A learned payer account goes with the last entry that showed it; the next run learns it anew
    # where another entry does.
    """
    CREATE FUNCTION withdraw_statement(key bigint, change uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper   signed_change := sign_off(key, change, 'statement_withdrawal');
        since   date  := CAST(paper.content ->> 'first' AS date);
        until   date  := CAST(paper.content ->> 'last' AS date);
        content bytea := decode(paper.content ->> 'sha256', 'hex');
        moved   bigint;
    BEGIN
        WITH gone AS (
            DELETE FROM bank_statement
             WHERE account_key = key AND day BETWEEN since AND until AND file_hash = content
            RETURNING *)
        INSERT INTO withdrawn_statement SELECT change, gone.* FROM gone;
        GET DIAGNOSTICS moved = ROW_COUNT;
        IF moved <> until - since + 1 THEN
            RAISE EXCEPTION 'the statement of change % is no longer so', change
                USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_current';
        END IF;
        WITH gone AS (
            DELETE FROM bank_statement_line
             WHERE account_key = key AND day BETWEEN since AND until
            RETURNING *)
        INSERT INTO withdrawn_statement_line SELECT change, gone.* FROM gone;
        DELETE FROM payer_account
         WHERE payer_key IN (SELECT counter_mark FROM withdrawn_statement_line
                              WHERE account_key = key AND withdrawal = change)
           AND NOT EXISTS (SELECT 1 FROM bank_statement_line
                            WHERE counter_mark = payer_account.payer_key);
    END
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION withdraw_statement(bigint, uuid) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION withdraw_statement(bigint, uuid) TO {ROLE}",
    f"GRANT SELECT ON withdrawn_statement, withdrawn_statement_line TO {ROLE}",
)
DOWN: Final = (
    "DROP FUNCTION withdraw_statement(bigint, uuid)",
    "DROP TABLE withdrawn_statement_line",
    "DROP TABLE withdrawn_statement",
)


def upgrade() -> None:
    """Make the tables and the function."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Forget what was withdrawn."""
    for statement in DOWN:
        op.execute(statement)
