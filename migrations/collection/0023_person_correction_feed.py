"""Corrections of persons have numbers in the order in which they came into force; payout follows them."""

from __future__ import annotations

from alembic import op

revision = "collection_0023"
down_revision = "collection_0022"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

# One row to count with. Its lock is held until the transaction ends, so that numbers become visible
# in their order and none is missing: a reader that goes on after a number passes over nothing.
COUNT = """
    CREATE TABLE person_correction_count (
        name text   PRIMARY KEY CHECK (name = 'in_force'),
        last bigint NOT NULL
    )
"""
NUMBERS_BEFORE = """
    UPDATE person_correction
       SET number = numbered.number
      FROM (SELECT person_id, id, row_number() OVER (ORDER BY decided_at, id) AS number
              FROM person_correction
             WHERE status = 'in_force') AS numbered
     WHERE person_correction.person_id = numbered.person_id
       AND person_correction.id = numbered.id
"""


def upgrade() -> None:
    """Number the corrections that are in force, and go on counting from there."""
    op.execute("ALTER TABLE person_correction ADD COLUMN number bigint")
    op.execute(NUMBERS_BEFORE)
    op.execute("""
        ALTER TABLE person_correction
          ADD CONSTRAINT person_correction_numbered
              CHECK ((number IS NOT NULL) = (status = 'in_force'))
    """)
    op.execute("CREATE INDEX person_correction_in_order ON person_correction (number)")
    op.execute(COUNT)
    op.execute("""
        INSERT INTO person_correction_count
        SELECT 'in_force', coalesce(max(number), 0) FROM person_correction
    """)
    op.execute(f"GRANT UPDATE (number) ON person_correction TO {ROLE}")
    op.execute(f"GRANT SELECT, UPDATE ON person_correction_count TO {ROLE}")


def downgrade() -> None:
    """Drop the numbers."""
    op.execute("DROP TABLE person_correction_count")
    op.execute("ALTER TABLE person_correction DROP COLUMN number")
