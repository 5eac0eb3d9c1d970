"""An index of merged records, so that a person's months are found under every record of theirs."""

from __future__ import annotations

from alembic import op

revision = "collection_0045"
down_revision = "collection_0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the few records that were merged into another one."""
    op.execute(
        "CREATE INDEX person_merged_into ON person (merged_into) WHERE merged_into IS NOT NULL"
    )


def downgrade() -> None:
    """Drop the index."""
    op.execute("DROP INDEX person_merged_into")
