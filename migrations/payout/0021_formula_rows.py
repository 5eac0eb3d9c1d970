"""Formula rows: dated values of the rules by which benefits are calculated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.payout.formulas.store.shipped import LOAD_MISSING, load_values
from shared.evidence.tables import Watched

revision = "payout_0021"
down_revision = "payout_0020"
branch_labels = None
depends_on = None

# A row is never edited: a later one replaces it, or lets it end the day before.
FORMULA_ROW = """
CREATE TABLE formula_row (
    id            uuid        NOT NULL PRIMARY KEY,
    rule          text        NOT NULL,
    place         text        NOT NULL,
    in_force_from date        NOT NULL,
    in_force_to   date        CHECK (in_force_to >= in_force_from),
    value         jsonb       NOT NULL,
    source        text        NOT NULL,
    certain       boolean     NOT NULL,
    status        text        NOT NULL
                  CHECK (status IN ('proposed', 'in_force', 'replaced', 'refused')),
    proposed_by   text        NOT NULL,
    proposed_at   timestamptz NOT NULL DEFAULT now(),
    approved_by   text,
    approved_at   timestamptz,
    note          text,
    CONSTRAINT formula_row_decided
        CHECK ((status = 'proposed') = (approved_by IS NULL)),
    CONSTRAINT formula_row_by_two
        CHECK (approved_by <> proposed_by OR proposed_by = 'shipped'),
    CONSTRAINT formula_row_one_in_force_a_day
        EXCLUDE USING gist (rule WITH =, place WITH =,
                            daterange(in_force_from, in_force_to, '[]') WITH &&)
        WHERE (status = 'in_force')
)
"""


def upgrade() -> None:
    """Create the table and load the rows that ship with the product."""
    op.execute(FORMULA_ROW)
    op.get_bind().execute(sa.text(LOAD_MISSING), load_values())
    for statement in Watched(("id",)).ddl("formula_row"):
        op.execute(statement)
    op.execute("GRANT SELECT, INSERT ON formula_row TO wuxian_payout")
    op.execute("""
        GRANT UPDATE (status, in_force_to, approved_by, approved_at) ON formula_row TO wuxian_payout
    """)


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE formula_row")
