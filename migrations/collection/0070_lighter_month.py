"""Three indexes of the trail become one key, and arrays that no condition names have no statistics.

A city's month writes five steps on each of its declarations. The key of a step, the index that finds
a paper's steps and the index that holds four eyes began with the same columns: one serves for all.

Statistics of an array count its elements one by one, in thirty thousand rows. No condition of a
statement names the elements of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from alembic import op

from shared import trail

revision = "collection_0070"
down_revision = "collection_0069"
branch_labels = None
depends_on = None

UNCOUNTED: Final = {
    "declaration_people": (
        "person_id", "wage_fen", "asked_fen", "base_fen", "unit_fen", "personal_fen",
    ),
    "declaration_levy": (
        "level", "insurance", "party", "account", "fund", "rule", "base_fen", "amount_fen",
    ),
}  # fmt: skip


def upgrade() -> None:
    """Make the key; signatures of old that break it, given before names were folded, stand."""
    found = op.get_bind().execute(sa.text(trail.SIGNED_TWICE)).scalars().all()
    for statement in (*trail.one_key_ddl(found), *_statistics(0)):
        op.execute(statement)


def downgrade() -> None:
    """Make the three indexes again."""
    found = op.get_bind().execute(sa.text(trail.SIGNED_TWICE)).scalars().all()
    for statement in (*trail.three_indexes_ddl(found), *_statistics(-1)):
        op.execute(statement)


def _statistics(target: int) -> Iterator[str]:
    for table, columns in UNCOUNTED.items():
        for column in columns:
            yield f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target}"
