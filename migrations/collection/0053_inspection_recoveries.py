"""Wrong benefits that inspections found: payout takes each order once and reports its case."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0053"
down_revision = "collection_0052"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    """
    CREATE TABLE inspection_recovery (
        unit_id         bigint  NOT NULL,
        inspection_id   uuid    NOT NULL,
        finding_no      integer NOT NULL,
        status          text    NOT NULL DEFAULT 'waiting'
            CHECK (status IN ('waiting', 'opened', 'refused', 'closed')),
        recovery_case   text,
        refusal         text,
        recovered_fen   bigint  NOT NULL DEFAULT 0 CHECK (recovered_fen >= 0),
        written_off_fen bigint  NOT NULL DEFAULT 0 CHECK (written_off_fen >= 0),
        PRIMARY KEY (unit_id, inspection_id, finding_no),
        FOREIGN KEY (unit_id, inspection_id, finding_no)
            REFERENCES inspection_finding (unit_id, inspection_id, finding_no),
        CHECK ((status = 'refused') = (refusal IS NOT NULL)),
        CHECK (status NOT IN ('opened', 'closed') OR recovery_case IS NOT NULL)
    )
    """,
    "CREATE INDEX inspection_recovery_waiting ON inspection_recovery"
    " (unit_id, inspection_id, finding_no) WHERE status = 'waiting'",
    # Findings that were decided before orders existed get theirs.
    """
    INSERT INTO inspection_recovery (unit_id, inspection_id, finding_no)
    SELECT finding.unit_id, finding.inspection_id, finding.finding_no
      FROM inspection_finding AS finding
      JOIN inspection AS owner
        ON owner.unit_id = finding.unit_id AND owner.id = finding.inspection_id
     WHERE owner.status = 'decided' AND finding.kind = 'benefit_wrong' AND finding.dropped IS NULL
    """,
    "GRANT SELECT, INSERT, UPDATE (status, recovery_case, refusal, recovered_fen, written_off_fen)"
    f" ON inspection_recovery TO {ROLE}",
)


def upgrade() -> None:
    """Make the table."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Forget the orders."""
    op.execute("DROP TABLE inspection_recovery")
