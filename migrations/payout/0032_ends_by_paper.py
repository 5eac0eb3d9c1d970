"""Ends and what begins again are approved by two people in the database too; lines found by person."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shared.evidence.tables import Watched
from shared.trail import folded_sql

revision = "payout_0032"
down_revision = "payout_0031"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
RECORDED: Final = Watched(("person_id", "id"), hidden=("identity_blind", "sealed_number", "name"))


def upgrade() -> None:
    """Keep who approved an end and which paper lifts it; those of before lack both."""
    op.execute("""
        CREATE INDEX entitlement_change_line_of_person
            ON entitlement_change_line (change_key, change_id, person_id)
    """)
    now = op.get_bind().execute(sa.text("SELECT CAST(clock_timestamp() AS text)")).scalar_one()
    op.execute(f"""
        ALTER TABLE entitlement_end
          ADD COLUMN decided_by text, ADD COLUMN again_key bigint, ADD COLUMN again_id uuid,
          ADD CONSTRAINT entitlement_end_two_people
              CHECK (status <> 'approved' OR decided_at <= TIMESTAMPTZ '{now}'
                     OR (decided_by IS NOT NULL
                         AND {folded_sql("decided_by")} <> {folded_sql("proposed_by")})),
          ADD CONSTRAINT entitlement_end_again
              CHECK (num_nulls(again_key, again_id) IN (0, 2)
                     AND (again_id IS NULL OR again_from IS NOT NULL))
    """)
    op.execute(RECORDED.ddl("entitlement_end")[-1])
    op.execute(f"""
        GRANT UPDATE (decided_by, again_key, again_id) ON entitlement_end TO {ROLE}
    """)
    lifted = f"again_from IS NOT NULL AND (again_id IS NOT NULL OR decided_at > '{now}')"
    for event in ("INSERT", "UPDATE"):
        op.execute(f"""
            CREATE TRIGGER entitlement_end_{event.lower()}_two_people AFTER {event} ON entitlement_end
               REFERENCING NEW TABLE AS met FOR EACH STATEMENT
               EXECUTE FUNCTION require_approved_change('again_key', 'again_id', $rows${lifted}$rows$)
        """)


def downgrade() -> None:
    """Forget who approved an end."""
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER entitlement_end_{event}_two_people ON entitlement_end")
    op.execute("""
        ALTER TABLE entitlement_end
         DROP COLUMN decided_by, DROP COLUMN again_key, DROP COLUMN again_id
    """)
    op.execute("DROP INDEX entitlement_change_line_of_person")
    op.execute(RECORDED.ddl("entitlement_end")[-1])
