"""Placeholder of revision 0008; nothing yet."""

from __future__ import annotations

revision = "collection_0008"
down_revision = "collection_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
