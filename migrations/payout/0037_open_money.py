"""Cases that closed on a deduction of a run that may still be refused, or was: open again."""

from __future__ import annotations

from alembic import op

revision = "payout_0037"
down_revision = "payout_0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Confirm them again; a run that is approved closes its own."""
    op.execute("""
        UPDATE recovery_case AS owner
           SET status = 'confirmed'
         WHERE owner.status = 'closed' AND owner.decided_by IS NOT NULL
           AND (EXISTS (SELECT 1
                          FROM recovery_line AS line
                         WHERE line.case_key = owner.case_key AND line.case_id = owner.id
                           AND line.amount_fen > line.recovered_fen + line.written_off_fen)
                OR EXISTS (SELECT 1
                             FROM recovery_entry AS kept
                            WHERE kept.case_key = owner.case_key AND kept.case_id = owner.id
                              AND kept.way = 'deduction' AND kept.status = 'proposed'))
    """)


def downgrade() -> None:
    """Cases that are open again stay so: their money is to be recovered."""
