"""The unit's own base as a review has set it for the year, beside a declaration that was levied on it."""

from __future__ import annotations

from alembic import op

revision = "collection_0011"
down_revision = "collection_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a declaration say the frozen base of its unit, by which it is explained."""
    op.execute("ALTER TABLE declaration ADD COLUMN frozen_base_fen bigint")
    # Most units have no review, so the index is small; it is asked for every file of a region.
    op.execute("""
        CREATE INDEX base_review_living
            ON base_review (unit_id, year, version) WHERE status = 'confirmed'
    """)


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.execute("DROP INDEX base_review_living")
    op.execute("ALTER TABLE declaration DROP COLUMN frozen_base_fen")
