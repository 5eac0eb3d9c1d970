"""Several reallocations of a unit in one transaction: each may change what a charge bill asks for.

A push may bring several late tickets, or refunds, of one unit. The guard added up the differences of
the whole transaction, so the second reallocation was refused. Now a change must equal the difference
that one reallocation of the transaction wrote down.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0036"
down_revision = "collection_0035"
branch_labels = None
depends_on = None


def _issued_stands(table: str, asked: str, line: str, *, is_each: bool) -> str:
    name = f"{table}_issued_stands"
    after, before = (
        f"{row}.{asked} + {row}.credited_fen + {row}.waived_fen" for row in ("NEW", "OLD")
    )
    rows = f"""
        FROM reallocation_line
       WHERE unit_id = NEW.unit_id AND {line} AND made_by = pg_current_xact_id()"""
    written = (
        f"""EXISTS (SELECT 1 {rows}
               GROUP BY reallocation_id
              HAVING sum(issued_fen) = {after} - ({before}))"""
        if is_each
        else f"{after} - ({before}) IS NOT DISTINCT FROM (SELECT sum(issued_fen) {rows})"
    )
    return f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {after} <> {before} AND NOT ({written}) THEN
                RAISE EXCEPTION 'what a bill or a line of it was issued over never changes'
                    USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
            END IF;
            RETURN NEW;
        END $$
    """


def _guards(*, is_each: bool) -> None:
    op.execute(_issued_stands("bill", "total_fen", "bill_id = NEW.id", is_each=is_each))
    line = "bill_id = NEW.bill_id AND line_no = NEW.line_no"
    op.execute(_issued_stands("bill_line", "amount_fen", line, is_each=is_each))


def upgrade() -> None:
    """Compare a change with one reallocation."""
    _guards(is_each=True)


def downgrade() -> None:
    """Compare a change with all reallocations of the transaction again."""
    _guards(is_each=False)
