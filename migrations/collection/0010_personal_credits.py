"""Placeholder of revision 0010; nothing yet."""

from __future__ import annotations

revision = "collection_0010"
down_revision = "collection_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
