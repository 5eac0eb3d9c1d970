"""Personal accounts that are paid to the person or the heirs (个人账户退还、继承)."""

from __future__ import annotations

from alembic import op

revision = "ledger_0030"
down_revision = "ledger_0029"
branch_labels = None
depends_on = None


def _constrain(kinds: str, taken: str) -> None:
    for name in ("personal_credit_kind_check", "personal_credit_sign"):
        op.execute(f"ALTER TABLE personal_credit DROP CONSTRAINT {name}")
    op.execute(f"""
        ALTER TABLE personal_credit
          ADD CONSTRAINT personal_credit_kind_check CHECK (kind IN ({kinds})),
          ADD CONSTRAINT personal_credit_sign
              CHECK (amount_fen <> 0
                     AND (kind = 'contribution' OR (kind IN ({taken})) = (amount_fen < 0)))
    """)


def upgrade() -> None:
    """Let a withdrawal take money from an account, as a transfer out does."""
    _constrain(
        "'contribution', 'injection', 'transfer_in', 'transfer_out', 'withdrawal'",
        "'transfer_out', 'withdrawal'",
    )


def downgrade() -> None:
    """Know no withdrawals any more; there must be none."""
    _constrain("'contribution', 'injection', 'transfer_in', 'transfer_out'", "'transfer_out'")
