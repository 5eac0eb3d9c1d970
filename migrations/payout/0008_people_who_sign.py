"""Compare the people who sign by folded names: case, width and blanks make no other person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared import trail

revision = "payout_0008"
down_revision = "payout_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index anew; signatures that break it were given before and are let stand."""
    found = op.get_bind().execute(sa.text(trail.SIGNED_TWICE)).scalars().all()
    for statement in trail.one_person_ddl(found):
        op.execute(statement)


def downgrade() -> None:
    """Compare names as they are written."""
    op.execute("DROP INDEX trail_one_signature_a_person")
    op.execute("""
        CREATE UNIQUE INDEX trail_one_signature_a_person
            ON trail (shard_key, paper_id, round, person) WHERE signs
    """)
