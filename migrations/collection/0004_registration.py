"""Changes of units and people, base reviews, imports."""

from __future__ import annotations

revision = "collection_0004"
down_revision = "collection_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
