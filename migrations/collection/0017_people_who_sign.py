"""Compare the people who sign by folded names, and find a receipt by its serial alone.

Case, width and blanks make no other person; the name of a client makes no other receipt.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared import trail

revision = "collection_0017"
down_revision = "collection_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes; signatures that break the first were given before and are let stand."""
    found = op.get_bind().execute(sa.text(trail.SIGNED_TWICE)).scalars().all()
    for statement in trail.one_person_ddl(found):
        op.execute(statement)
    op.execute("CREATE INDEX receipt_of_serial ON receipt (serial, channel)")
    # A file after a return asks for these; there are few.
    op.execute(
        "CREATE INDEX declaration_returned ON declaration (period) WHERE status = 'returned'"
    )


def downgrade() -> None:
    """Compare names as they are written, and drop what the upgrade made."""
    op.execute("DROP INDEX declaration_returned")
    op.execute("DROP INDEX receipt_of_serial")
    op.execute("DROP INDEX trail_one_signature_a_person")
    op.execute("""
        CREATE UNIQUE INDEX trail_one_signature_a_person
            ON trail (shard_key, paper_id, round, person) WHERE signs
    """)
