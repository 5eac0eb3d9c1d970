"""A requested correction of a base may be refused by another person; a wrong one no longer waits for ever."""

from __future__ import annotations

from alembic import op

revision = "collection_0071"
down_revision = "collection_0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a correction be refused."""
    op.execute("ALTER TABLE base_correction DROP CONSTRAINT base_correction_status_check")
    op.execute("""
        ALTER TABLE base_correction ADD CONSTRAINT base_correction_status_check
            CHECK (status IN ('requested', 'approved', 'refused'))
    """)


def downgrade() -> None:
    """Go back where nothing was refused; a refusal stands in the trail and is not lost silently."""
    op.execute("ALTER TABLE base_correction DROP CONSTRAINT base_correction_status_check")
    op.execute("""
        ALTER TABLE base_correction ADD CONSTRAINT base_correction_status_check
            CHECK (status IN ('requested', 'approved'))
    """)
