"""Load the formula rows that ship since 0022, where no row of theirs is in force yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.payout.formulas.store.shipped import LOAD_MISSING, load_values

revision = "payout_0030"
down_revision = "payout_0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Load what is missing; rows that people have put in force stay."""
    op.get_bind().execute(sa.text(LOAD_MISSING), load_values())


def downgrade() -> None:
    """Keep the rows: the older version reads only those of the rules that it knows."""
