"""Placeholder of revision 0007; nothing yet."""

from __future__ import annotations

revision = "collection_0007"
down_revision = "collection_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
