"""A flag whose lifting lies ahead still counts, so it can be lifted sooner."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0054"
down_revision = "collection_0053"
branch_labels = None
depends_on = None

EARLIER: Final = "lifted_on IS NULL"
LATER: Final = "(lifted_on IS NULL OR lifted_on > begins)"


def _write_credit_flag(liftable: str) -> None:
    """Make the function anew; a lifting ends the flags that count on its day."""
    op.execute(f"""
        CREATE OR REPLACE FUNCTION write_credit_flag(key bigint, change uuid) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
        DECLARE
            paper  signed_change := sign_off(key, change, 'credit_flag');
            begins date := CAST(paper.content ->> 'since' AS date);
            people text := paper.filed_by || ' / ' || paper.decided_by;
        BEGIN
            IF paper.content ->> 'action' = 'set' THEN
                INSERT INTO credit_flag (shard_key, id, target, basis, document, since, until,
                                         inspection, set_by)
                VALUES (key, change, paper.target, paper.content ->> 'basis',
                        paper.content ->> 'document', begins,
                        CAST(paper.content ->> 'until' AS date), paper.content ->> 'inspection',
                        people);
            ELSE
                UPDATE credit_flag
                   SET lifted_on = begins, lifted_by = people
                 WHERE shard_key = key AND target = paper.target AND since <= begins
                   AND (until IS NULL OR until >= begins) AND {liftable};
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'no flag of % counts', paper.target
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_flag_current';
                END IF;
            END IF;
        END
        $$
    """)


def upgrade() -> None:
    """Lift what counts on the day."""
    _write_credit_flag(LATER)


def downgrade() -> None:
    """Lift only what was never lifted."""
    _write_credit_flag(EARLIER)
