"""Late fees, interest, deferrals, repayment plans, dunning and certificates."""

from __future__ import annotations

revision = "collection_0003"
down_revision = "collection_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
