"""Pensions that are paid out of personal accounts (养老金从个人账户支付): what was asked, and drawn."""

from __future__ import annotations

from alembic import op

revision = "ledger_0035"
down_revision = "ledger_0034"
branch_labels = None
depends_on = None

ROLE = "wuxian_ledger"
KINDS = "'contribution', 'injection', 'transfer_in', 'transfer_out', 'withdrawal'"
EITHER = "'contribution', 'transfer_in'"


def _constrain(kinds: str, either: str) -> None:
    for name in ("personal_credit_kind_check", "personal_credit_sign"):
        op.execute(f"ALTER TABLE personal_credit DROP CONSTRAINT {name}")
    op.execute(f"""
        ALTER TABLE personal_credit
          ADD CONSTRAINT personal_credit_kind_check CHECK (kind IN ({kinds})),
          ADD CONSTRAINT personal_credit_sign
              CHECK (amount_fen <> 0
                     AND (kind IN ({either})
                          OR (kind IN ('transfer_out', 'withdrawal')) = (amount_fen < 0)))
    """)


def upgrade() -> None:
    """Make the table; a pension lowers an account, and one that comes back raises it again."""
    op.execute("""
        CREATE TABLE personal_draw (
            person_id bigint           NOT NULL,
            fund      text COLLATE "C" NOT NULL,
            paper     text COLLATE "C" NOT NULL,
            asked_fen bigint           NOT NULL,
            drawn_fen bigint           NOT NULL,
            drawn_on  date             NOT NULL,
            PRIMARY KEY (person_id, fund, paper)
        )
    """)
    op.execute("""
        CREATE TRIGGER personal_draw_append_only
            BEFORE UPDATE OR DELETE OR TRUNCATE ON personal_draw
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute(f"GRANT SELECT, INSERT ON personal_draw TO {ROLE}")
    _constrain(f"{KINDS}, 'pension'", f"{EITHER}, 'pension'")


def downgrade() -> None:
    """Drop the table; no account may have paid a pension."""
    _constrain(KINDS, EITHER)
    op.execute("DROP TABLE personal_draw")
