"""Payment lines by the claim's line that they pay."""

from __future__ import annotations

from alembic import op

revision = "payout_0050"
down_revision = "payout_0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index; without it each month of a pensioner reads a whole batch."""
    op.execute("""
        CREATE INDEX payment_line_of_claim
            ON payment_line (batch_key, batch_id, part_no, claim_line_no)
    """)


def downgrade() -> None:
    """Drop the index."""
    op.execute("DROP INDEX payment_line_of_claim")
