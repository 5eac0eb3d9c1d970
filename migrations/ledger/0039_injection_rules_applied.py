"""The digest of the rules that a run of injections applied."""

from __future__ import annotations

from alembic import op

revision = "ledger_0039"
down_revision = "ledger_0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Runs of before have none: the next run looks at every month of everybody."""
    op.execute("ALTER TABLE injection_run ADD COLUMN rules_digest text")
    op.execute("GRANT UPDATE (rules_digest) ON injection_run TO wuxian_ledger")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE injection_run DROP COLUMN rules_digest")
