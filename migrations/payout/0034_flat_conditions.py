"""Triggers written so that a restored database has them in the same words."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "payout_0034"
down_revision = "payout_0033"
branch_labels = None
depends_on = None

TABLES: Final = ("entitlement_change", "entitlement_rule")
APART: Final = """(OLD.status IS DISTINCT FROM NEW.status
                     OR OLD.decided_by IS DISTINCT FROM NEW.decided_by
                     OR OLD.decided_at IS DISTINCT FROM NEW.decided_at)"""
ROWS_APART: Final = """(OLD.status, OLD.decided_by, OLD.decided_at)
                        IS DISTINCT FROM (NEW.status, NEW.decided_by, NEW.decided_at)"""


def upgrade() -> None:
    """Compare column by column: PostgreSQL stores a comparison of rows as nested conditions, and
    reads its own dump of them back as flat ones, which `wuxian verify` takes for tampering."""
    _write(APART)


def downgrade() -> None:
    """Compare rows again."""
    _write(ROWS_APART)


def _write(apart: str) -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_decided_once ON {table}")
        op.execute(f"""
            CREATE TRIGGER {table}_decided_once BEFORE UPDATE ON {table} FOR EACH ROW
              WHEN (OLD.status <> 'proposed' AND {apart})
              EXECUTE FUNCTION refuse_second_decision()
        """)
