"""Events, deliveries and attempts are cleaned after their time; the feed says from where on it is whole."""

from __future__ import annotations

from alembic import op

from shared.db import role_of
from shared.webhooks import cleaning

revision = "payout_0029"
down_revision = "payout_0028"
branch_labels = None
depends_on = None

ROLE = role_of("payout")


def upgrade() -> None:
    """Add the end of the feed, the triggers that keep rows, and the rights to clean."""
    for statement in cleaning.ddl(ROLE):
        op.execute(statement)


def downgrade() -> None:
    """Keep everything again."""
    for statement in cleaning.ddl_back(ROLE):
        op.execute(statement)
