"""Three indexes of the trail become one key: it finds a paper's steps and holds four eyes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared import trail

revision = "payout_0055"
down_revision = "payout_0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the key; signatures of old that break it, given before names were folded, stand."""
    found = op.get_bind().execute(sa.text(trail.SIGNED_TWICE)).scalars().all()
    for statement in trail.one_key_ddl(found):
        op.execute(statement)


def downgrade() -> None:
    """Make the three indexes again."""
    found = op.get_bind().execute(sa.text(trail.SIGNED_TWICE)).scalars().all()
    for statement in trail.three_indexes_ddl(found):
        op.execute(statement)
