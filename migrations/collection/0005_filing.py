"""Filing by changes, adjustments, defaults, projects, and long-running imports."""

from __future__ import annotations

revision = "collection_0005"
down_revision = "collection_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
