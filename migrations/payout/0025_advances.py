"""Advances that later claims settle: what a line deducts, and what is left to pay of it."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "payout_0025"
down_revision = "payout_0024"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"

SETTLEMENT: Final = """
CREATE TABLE advance_settlement (
    advance_key  bigint  NOT NULL,
    advance_id   uuid    NOT NULL,
    advance_line integer NOT NULL,
    claim_key    bigint  NOT NULL,
    claim_id     uuid    NOT NULL,
    line_no      integer NOT NULL,
    amount_fen   bigint  NOT NULL CHECK (amount_fen > 0),
    live         boolean NOT NULL DEFAULT true,
    PRIMARY KEY (advance_key, advance_id, advance_line, claim_id, line_no)
)
"""

STATEMENTS: Final = (
    SETTLEMENT,
    "CREATE INDEX advance_settlement_of_claim ON advance_settlement (claim_id)",
    # Of a line that an advance covers wholly nothing is left to pay.
    """
    ALTER TABLE claim_line
      ADD COLUMN settled_fen bigint NOT NULL DEFAULT 0 CHECK (settled_fen >= 0),
      DROP CONSTRAINT claim_line_amount_fen_check,
      ADD CONSTRAINT claim_line_amount CHECK (amount_fen >= 0 AND amount_fen + settled_fen > 0)
    """,
    """
    ALTER TABLE claim
      ADD COLUMN settled_fen bigint NOT NULL DEFAULT 0 CHECK (settled_fen >= 0),
      ADD COLUMN settled_lines integer NOT NULL DEFAULT 0 CHECK (settled_lines BETWEEN 0 AND lines),
      ADD COLUMN settled_on date CHECK (settled_on IS NULL OR settled_fen > 0),
      DROP CONSTRAINT claim_total_fen_check,
      ADD CONSTRAINT claim_total CHECK (total_fen >= 0 AND total_fen + settled_fen > 0)
    """,
    "CREATE INDEX claim_of_advances ON claim (id) WHERE account = 'temporary_payment'",
    f"GRANT SELECT, INSERT, UPDATE (live) ON advance_settlement TO {ROLE}",
    f"GRANT UPDATE (settled_on) ON claim TO {ROLE}",
)


def upgrade() -> None:
    """Create the table and the columns; claims of before settle nothing."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.execute("DROP INDEX claim_of_advances")
    op.execute("""
        ALTER TABLE claim
         DROP CONSTRAINT claim_total, DROP COLUMN settled_on, DROP COLUMN settled_lines,
         DROP COLUMN settled_fen,
          ADD CONSTRAINT claim_total_fen_check CHECK (total_fen > 0)
    """)
    op.execute("""
        ALTER TABLE claim_line
         DROP CONSTRAINT claim_line_amount, DROP COLUMN settled_fen,
          ADD CONSTRAINT claim_line_amount_fen_check CHECK (amount_fen > 0)
    """)
    op.execute("DROP TABLE advance_settlement")
