"""Personal credits that are taken back when their bill is not settled any more, and given again.

The turns of a bill: the first one credits its people, the second takes it back, the third credits
them again, and so on. `sign` says which way a chunk went: 1 credited, -1 taken back, 0 nothing to do.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0015"
down_revision = "collection_0014"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

UP = (
    "ALTER TABLE bill ADD COLUMN personal_turn integer NOT NULL DEFAULT 0",
    "UPDATE bill SET personal_turn = 1 WHERE personal_told",
    "ALTER TABLE bill ADD CHECK (personal_told = (personal_turn % 2 = 1))",
    """
    CREATE INDEX bill_to_take_back
        ON bill (id) WHERE status <> 'settled' AND kind <> 'charge' AND personal_told
    """,
    """
    ALTER TABLE personal_credit
        ADD COLUMN turn integer NOT NULL DEFAULT 1 CHECK (turn > 0),
        ADD COLUMN sign smallint NOT NULL DEFAULT 1 CHECK (sign BETWEEN -1 AND 1),
        DROP CONSTRAINT personal_credit_pkey,
        ADD PRIMARY KEY (unit_id, declaration_id, chunk, turn)
    """,
    f"GRANT UPDATE (personal_turn) ON bill TO {ROLE}",
    f"GRANT UPDATE (sign) ON personal_credit TO {ROLE}",
)
DOWN = (
    """
    ALTER TABLE personal_credit
        DROP CONSTRAINT personal_credit_pkey,
        DROP COLUMN turn,
        DROP COLUMN sign,
        ADD PRIMARY KEY (unit_id, declaration_id, chunk)
    """,
    "DROP INDEX bill_to_take_back",
    "ALTER TABLE bill DROP COLUMN personal_turn",
)


def upgrade() -> None:
    """Count the turns of bills and of what was sent."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop what the upgrade made. Refuses by itself where credits were taken back."""
    for statement in DOWN:
        op.execute(statement)
