"""On a distributed database, count the signers of a change from its own row.

The trail lies in shards there, written by the service's role, and a server takes no second role's
statements beside them in the same transaction. A CHECK of the row keeps the two people apart.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shared import trail

revision = "collection_0069"
down_revision = "collection_0068"
branch_labels = None
depends_on = None

FROM_THE_TRAIL: Final = f"""
        SELECT count(DISTINCT {trail.folded_sql("person")}) INTO people
          FROM trail WHERE shard_key = key AND paper_id = change AND signs;
"""
FROM_EITHER: Final = f"""
        IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
            SELECT count(DISTINCT {trail.folded_sql("person")}) INTO people
              FROM (VALUES (paper.filed_by), (paper.decided_by)) AS signer (person);
        ELSE{FROM_THE_TRAIL.replace(chr(10), chr(10) + "    ").rstrip(" ")}        END IF;
"""


def upgrade() -> None:
    """Count from either."""
    op.get_bind().exec_driver_sql(_sign_off(FROM_EITHER))


def downgrade() -> None:
    """Count from the trail."""
    op.get_bind().exec_driver_sql(_sign_off(FROM_THE_TRAIL))


def _sign_off(count: str) -> str:
    """Write the function anew; its owner and rights stay."""
    return f"""
    CREATE OR REPLACE FUNCTION sign_off(key bigint, change uuid, asked text) RETURNS signed_change
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper  signed_change%ROWTYPE;
        people integer;
    BEGIN
        SELECT * INTO paper FROM signed_change
         WHERE shard_key = key AND id = change AND subject = asked FOR UPDATE;
{count.strip(chr(10))}
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
    """
