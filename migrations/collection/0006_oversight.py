"""District inboxes, late items, checks of registered and declared data."""

from __future__ import annotations

revision = "collection_0006"
down_revision = "collection_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
