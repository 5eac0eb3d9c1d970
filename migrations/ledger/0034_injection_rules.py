"""Two people correct the amounts that retirees get into their personal accounts (门诊共济划入)."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "ledger_0034"
down_revision = "ledger_0033"
branch_labels = None
depends_on = None

BEFORE: Final = "'report_line', 'warning_threshold')"
AFTER: Final = "'report_line', 'warning_threshold', 'personal_injection_rule')"


def upgrade() -> None:
    """Let the function of corrections write the table too."""
    _replace(BEFORE, AFTER)


def downgrade() -> None:
    """Take the table away from the function again."""
    _replace(AFTER, BEFORE)


def _replace(old: str, new: str) -> None:
    """Define the function anew with other tables; its owner and grants stay."""
    found = op.get_bind().scalar(
        sa.text("SELECT pg_get_functiondef(to_regprocedure('ledger.apply_correction(uuid)'))")
    )
    assert old in found, "apply_correction names the tables of rules"
    op.get_bind().exec_driver_sql(found.replace(old, new))
