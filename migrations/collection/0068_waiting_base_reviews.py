"""An index of the base reviews that wait to be confirmed: an inbox lists them."""

from __future__ import annotations

from alembic import op

revision = "collection_0068"
down_revision = "collection_0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX base_review_waiting
            ON base_review (district, submitted_at)
         WHERE status = 'submitted'
    """)


def downgrade() -> None:
    op.execute("DROP INDEX base_review_waiting")
