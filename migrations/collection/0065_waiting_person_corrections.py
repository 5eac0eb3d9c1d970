"""An index of the corrections of persons that wait for a second person: an inbox lists them."""

from __future__ import annotations

from alembic import op

revision = "collection_0065"
down_revision = "collection_0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX person_correction_waiting
            ON person_correction (district, proposed_at)
         WHERE status = 'proposed'
    """)


def downgrade() -> None:
    op.execute("DROP INDEX person_correction_waiting")
