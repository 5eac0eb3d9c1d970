"""Cases and receipts after a correction: a survivor owes, and the bank's report replaces an entry."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import Watched

revision = "payout_0035"
down_revision = "payout_0034"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
MOVED: Final = "identity_blind, sealed_number, survivor_id"
CASE: Final = Watched(("case_key", "id"), hidden=("identity_blind", "sealed_number", "name"))
REPORTED: Final = "amount_fen, value_date, payer, notice_no, source, entered_by"


def upgrade() -> None:
    """Let a case name the record into which its person's was merged, and a receipt be replaced."""
    op.execute("ALTER TABLE recovery_case ADD COLUMN survivor_id bigint")
    op.execute(CASE.ddl("recovery_case")[-1])
    op.execute(f"GRANT UPDATE ({MOVED}) ON recovery_case TO {ROLE}")
    op.execute(f"GRANT UPDATE ({REPORTED}) ON recovery_receipt TO {ROLE}")


def downgrade() -> None:
    """Drop the column; cases of merged people are of their old records again."""
    op.execute(f"REVOKE UPDATE ({REPORTED}) ON recovery_receipt FROM {ROLE}")
    op.execute(f"REVOKE UPDATE (identity_blind, sealed_number) ON recovery_case FROM {ROLE}")
    op.execute("ALTER TABLE recovery_case DROP COLUMN survivor_id")
