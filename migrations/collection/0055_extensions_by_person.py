"""An index of extensions by person: handing in a month looks for its people among them."""

from __future__ import annotations

from alembic import op

revision = "collection_0055"
down_revision = "collection_0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.execute("""
        CREATE INDEX contribution_extension_person
            ON contribution_extension (person_id, first, last)
    """)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX contribution_extension_person")
