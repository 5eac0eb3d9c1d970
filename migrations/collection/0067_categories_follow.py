"""Categories of an enrolment follow it by a statement of their own.

A distributed database has no ON UPDATE CASCADE over the key that spreads a table. The constraint is
checked at the end of the transaction, which changes both.
"""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0067"
down_revision = "collection_0066"
branch_labels = None
depends_on = None

NAME: Final = "enrolment_category_unit_id_person_id_joined_on_fkey"


def _replace(how: str) -> None:
    op.execute(f"ALTER TABLE enrolment_category DROP CONSTRAINT {NAME}")
    op.execute(f"""
        ALTER TABLE enrolment_category ADD CONSTRAINT {NAME}
            FOREIGN KEY (unit_id, person_id, joined_on)
            REFERENCES enrolment (unit_id, person_id, joined_on)
            {how}
    """)


def upgrade() -> None:
    """Check the constraint later, and let the service change the columns."""
    _replace("ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED")
    op.execute("GRANT UPDATE (person_id, joined_on) ON enrolment_category TO wuxian_collection")


def downgrade() -> None:
    """Let the database change the columns again."""
    op.execute("REVOKE UPDATE (person_id, joined_on) ON enrolment_category FROM wuxian_collection")
    _replace("ON UPDATE CASCADE ON DELETE CASCADE")
