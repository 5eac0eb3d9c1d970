"""Credits of persons from bills that are settled in full, and whether the ledger has them.

The bills themselves are the queue: settled, and not yet told of. So nothing that settles a bill can
forget it, and what was settled before this revision is credited too. A row is written when the ledger
has answered; a worker killed before that sends the same credits again under the same name.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0010"
down_revision = "collection_0009"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

UP = (
    "ALTER TABLE bill ADD COLUMN personal_told boolean NOT NULL DEFAULT false",
    # In the order of issue: a restated month comes after the one that it restates.
    """
    CREATE INDEX bill_to_credit
        ON bill (id) WHERE status = 'settled' AND kind <> 'charge' AND NOT personal_told
    """,
    # One row a chunk of a paper's persons; `funds` and `totals_fen` stand side by side. No person is
    # named here: who they are stands in the paper.
    """
    CREATE TABLE personal_credit (
        unit_id        bigint      NOT NULL,
        declaration_id uuid        NOT NULL,
        chunk          integer     NOT NULL CHECK (chunk BETWEEN 1 AND chunks),
        chunks         integer     NOT NULL,
        bill_id        uuid        NOT NULL,
        credited_on    date        NOT NULL,
        people         integer     NOT NULL,
        funds          text[]      NOT NULL,
        totals_fen     bigint[]    NOT NULL,
        refused        text,
        told_at        timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, declaration_id, chunk),
        CHECK (cardinality(funds) = cardinality(totals_fen)),
        FOREIGN KEY (unit_id, declaration_id) REFERENCES declaration (unit_id, id)
    )
    """,
    "CREATE INDEX personal_credit_refused ON personal_credit (bill_id) WHERE refused IS NOT NULL",
    f"GRANT UPDATE (personal_told) ON bill TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE (credited_on, people, funds, totals_fen, refused, told_at)"
    f" ON personal_credit TO {ROLE}",
)
DOWN = (
    "DROP TABLE personal_credit",
    "DROP INDEX bill_to_credit",
    "ALTER TABLE bill DROP COLUMN personal_told",
)


def upgrade() -> None:
    """Let bills be told of, and make the table of what was told."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop what the upgrade made; the ledger knows what it was told, and will say so again."""
    for statement in DOWN:
        op.execute(statement)
