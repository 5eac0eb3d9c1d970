"""Grounds of a levy beside kind and class: a unit's size and floating step, a person's category.

A category is written only for people who are no ordinary employees, each with the month it holds
from; what a declaration was levied by is kept with the declaration, so that it is explained by it.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0008"
down_revision = "collection_0007"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

FACTS = (
    """
    ALTER TABLE unit
        ADD COLUMN size        text CHECK (size IN ('large', 'medium', 'small', 'micro', 'sole')),
        ADD COLUMN injury_step text
    """,
    """
    ALTER TABLE declaration
        ADD COLUMN unit_size   text,
        ADD COLUMN injury_step text
    """,
    # Only lines of people who are no employees have a category.
    """
    ALTER TABLE declaration_figures
        ADD COLUMN category    text,
        ADD COLUMN base_choice text
    """,
)

CATEGORIES = (
    # Nobody edits a row: the latest one that a month has reached holds. `joining` marks what the
    # enrolment itself said, by which a repeated enrolment is recognised.
    """
    CREATE TABLE enrolment_category (
        unit_id     bigint      NOT NULL,
        person_id   bigint      NOT NULL,
        joined_on   date        NOT NULL,
        from_period text        NOT NULL CHECK (from_period ~ '^[0-9]{4}-[0-9]{2}$'),
        id          uuid        NOT NULL,
        category    text        NOT NULL,
        base_choice text,
        joining     boolean     NOT NULL,
        reason      text,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, person_id, joined_on, from_period, id),
        FOREIGN KEY (unit_id, person_id, joined_on)
            REFERENCES enrolment (unit_id, person_id, joined_on)
    )
    """,
    f"GRANT SELECT, INSERT ON enrolment_category TO {ROLE}",
)


def upgrade() -> None:
    """Add the facts and the table of categories."""
    for statement in (*FACTS, *CATEGORIES):
        op.execute(statement)


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.execute("DROP TABLE enrolment_category")
    op.execute("ALTER TABLE declaration_figures DROP COLUMN category, DROP COLUMN base_choice")
    op.execute("ALTER TABLE declaration DROP COLUMN unit_size, DROP COLUMN injury_step")
    op.execute("ALTER TABLE unit DROP COLUMN size, DROP COLUMN injury_step")
