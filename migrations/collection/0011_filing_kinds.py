"""Placeholder of revision 0011; nothing yet."""

from __future__ import annotations

revision = "collection_0011"
down_revision = "collection_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
