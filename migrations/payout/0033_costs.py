"""The cost of a treatment on a claim's line, from which its amount follows."""

from __future__ import annotations

from alembic import op

revision = "payout_0033"
down_revision = "payout_0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; lines of before have an amount alone."""
    op.execute("ALTER TABLE claim_line ADD COLUMN cost jsonb")
    op.execute("ALTER TABLE benefit_kind ADD COLUMN needs_cost boolean NOT NULL DEFAULT false")
    op.execute("""
        UPDATE benefit_kind SET needs_cost = true
         WHERE kind IN ('medical_reimbursement', 'injury_reimbursement')
    """)


def downgrade() -> None:
    """Drop the columns."""
    op.execute("ALTER TABLE benefit_kind DROP COLUMN needs_cost")
    op.execute("ALTER TABLE claim_line DROP COLUMN cost")
