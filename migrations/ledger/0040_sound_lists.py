"""Lists of postings say what they hold, and arrays of lines begin at one."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "ledger_0040"
down_revision = "ledger_0039"
branch_labels = None
depends_on = None

BEFORE: Final = "OR array_ndims(places) <> 1 OR array_ndims(amounts) <> 1"
AFTER: Final = (
    f"{BEFORE}\n           OR array_lower(places, 1) <> 1 OR array_lower(amounts, 1) <> 1"
)


def upgrade() -> None:
    """Add the checks."""
    _replace(BEFORE, AFTER)
    op.execute("""
        ALTER TABLE place_postings ADD CONSTRAINT place_postings_sound CHECK (
            postings > 0 AND postings = cardinality(offsets) AND postings = cardinality(nets_fen)
            AND array_lower(offsets, 1) = 1 AND array_lower(nets_fen, 1) = 1
            AND offsets[1] > 0 AND upto_seq = from_seq + offsets[postings])
    """)


def downgrade() -> None:
    """Take the checks away."""
    op.execute("ALTER TABLE place_postings DROP CONSTRAINT place_postings_sound")
    _replace(AFTER, BEFORE)


def _replace(old: str, new: str) -> None:
    """Define the function of the balance anew."""
    found = op.get_bind().scalar(
        sa.text(
            "SELECT pg_get_functiondef(to_regprocedure('ledger.lines_balance(integer[],bigint[])'))"
        )
    )
    assert old in found, "lines_balance looks at the arrays' dimensions"
    op.get_bind().exec_driver_sql(found.replace(old, new))
