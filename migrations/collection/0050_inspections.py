"""Inspection cases: findings, objections, and the declarations that collect what was found.

The database refuses a case in which one person takes two of its steps.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.trail import folded_sql

revision = "collection_0050"
down_revision = "collection_0049"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

TABLES: Final = (
    f"""
    CREATE TABLE inspection (
        unit_id          bigint  NOT NULL REFERENCES unit (unit_id),
        id               uuid    NOT NULL,
        credit_code      text    NOT NULL,
        district         text    NOT NULL,
        reason           text    NOT NULL
            CHECK (reason IN ('data_comparison', 'complaint', 'routine_sample')),
        document         text    NOT NULL,
        note             text    NOT NULL,
        status           text    NOT NULL
            CHECK (status IN ('opened', 'noticed', 'proposed', 'decided', 'closed')),
        round            integer NOT NULL DEFAULT 1,
        opened_by        text    NOT NULL,
        opened_on        date    NOT NULL,
        noticed_on       date,
        objections_until date,
        proposed_by      text,
        decided_by       text,
        decided_on       date,
        outcome          text
            CHECK (outcome IN ('collected', 'nothing_found', 'uncollectable', 'withdrawn')),
        outcome_reason   text,
        closed_by        text,
        closed_on        date,
        PRIMARY KEY (unit_id, id),
        CHECK ((noticed_on IS NULL) = (objections_until IS NULL)),
        CHECK (status <> 'decided' OR decided_by IS NOT NULL),
        CHECK ((status = 'closed') = (closed_by IS NOT NULL AND outcome IS NOT NULL)),
        CONSTRAINT inspection_no_person_twice CHECK (
            {folded_sql("opened_by")} IS DISTINCT FROM {folded_sql("closed_by")}
            AND (proposed_by IS NULL
                 OR {folded_sql("proposed_by")} NOT IN ({folded_sql("opened_by")},
                                    coalesce({folded_sql("decided_by")}, '')))
            AND {folded_sql("opened_by")} IS DISTINCT FROM {folded_sql("decided_by")}
            AND (decided_by IS NULL OR proposed_by IS NOT NULL))
    )
    """,
    "CREATE INDEX inspection_of_district ON inspection (district, status, unit_id, id)",
    """
    CREATE TABLE inspection_finding (
        unit_id       bigint  NOT NULL,
        inspection_id uuid    NOT NULL,
        finding_no    integer NOT NULL CHECK (finding_no > 0),
        kind          text    NOT NULL CHECK (kind IN ('base_understated', 'not_enrolled',
                                                       'category_wrong', 'benefit_wrong')),
        period        text    NOT NULL,
        person_id     bigint,
        masked_number text,
        wage_fen      bigint  CHECK (wage_fen >= 0),
        claim         text,
        claim_line    integer CHECK (claim_line > 0),
        amount_fen    bigint  CHECK (amount_fen > 0),
        note          text    NOT NULL,
        dropped       text,
        PRIMARY KEY (unit_id, inspection_id, finding_no),
        FOREIGN KEY (unit_id, inspection_id) REFERENCES inspection (unit_id, id),
        CHECK ((kind = 'benefit_wrong') = (claim IS NOT NULL)),
        CHECK ((claim IS NULL) = (amount_fen IS NULL)),
        CHECK ((claim IS NULL) = (claim_line IS NULL)),
        CHECK ((claim IS NULL) = (person_id IS NOT NULL)),
        CHECK ((person_id IS NULL) = (masked_number IS NULL)),
        CHECK ((wage_fen IS NOT NULL) = (kind IN ('base_understated', 'not_enrolled')))
    )
    """,
    "CREATE UNIQUE INDEX inspection_finding_of_person ON inspection_finding"
    " (unit_id, inspection_id, person_id, period) WHERE person_id IS NOT NULL",
    "CREATE UNIQUE INDEX inspection_finding_of_claim ON inspection_finding"
    " (unit_id, inspection_id, claim, claim_line) WHERE claim IS NOT NULL",
    """
    CREATE TABLE inspection_objection (
        unit_id       bigint NOT NULL,
        inspection_id uuid   NOT NULL,
        id            uuid   NOT NULL,
        content       text   NOT NULL,
        document      text,
        made_by       text   NOT NULL,
        made_on       date   NOT NULL,
        PRIMARY KEY (unit_id, inspection_id, id),
        FOREIGN KEY (unit_id, inspection_id) REFERENCES inspection (unit_id, id)
    )
    """,
    # A declaration collects what one case has found, and no second case counts it.
    """
    CREATE TABLE inspection_month (
        unit_id        bigint NOT NULL,
        declaration_id uuid   NOT NULL,
        inspection_id  uuid   NOT NULL,
        period         text   NOT NULL,
        PRIMARY KEY (unit_id, declaration_id),
        FOREIGN KEY (unit_id, inspection_id) REFERENCES inspection (unit_id, id)
    )
    """,
    "CREATE INDEX inspection_month_of_case ON inspection_month (unit_id, inspection_id, period)",
)
GRANTS: Final = (
    "GRANT SELECT, INSERT, UPDATE (status, round, noticed_on, objections_until, proposed_by,"
    " decided_by, decided_on, outcome, outcome_reason, closed_by, closed_on)"
    f" ON inspection TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE (dropped) ON inspection_finding TO {ROLE}",
    f"GRANT SELECT, INSERT ON inspection_objection, inspection_month TO {ROLE}",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in (*TABLES, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Forget the cases."""
    for table in ("inspection_month", "inspection_objection", "inspection_finding", "inspection"):
        op.execute(f"DROP TABLE {table}")
