"""Funding plans (用款计划): plans by two people, their claims, each claim in one plan."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import EVENTS, Watched
from shared.trail import folded_sql

revision = "payout_0042"
down_revision = "payout_0041"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"

PLAN: Final = f"""
    CREATE TABLE funding_plan (
        plan_key    bigint  NOT NULL,
        id          uuid    NOT NULL,
        fund        text    NOT NULL,
        month       text    NOT NULL CHECK (month ~ '^[0-9]{{4}}-[0-9]{{2}}$'),
        number      integer NOT NULL CHECK (number > 0),
        status      text    NOT NULL DEFAULT 'proposed'
                    CHECK (status IN ('proposed', 'approved', 'refused')),
        claims      integer NOT NULL CHECK (claims > 0),
        total_fen   bigint  NOT NULL CHECK (total_fen > 0),
        note        text    NOT NULL,
        warnings    jsonb   NOT NULL,
        proposed_by text    NOT NULL,
        proposed_on date    NOT NULL,
        decided_by  text,
        decided_on  date,
        PRIMARY KEY (plan_key, id),
        CONSTRAINT funding_plan_decided
            CHECK ((status = 'proposed') = (decided_by IS NULL)
                   AND (decided_by IS NULL) = (decided_on IS NULL)),
        CONSTRAINT funding_plan_two_people
            CHECK (decided_by IS NULL OR {folded_sql("decided_by")} <> {folded_sql("proposed_by")})
    )
"""
PART: Final = """
    CREATE TABLE funding_part (
        plan_key   bigint  NOT NULL,
        plan_id    uuid    NOT NULL,
        part_no    integer NOT NULL,
        claim_key  bigint  NOT NULL,
        claim_id   uuid    NOT NULL,
        kind       text    NOT NULL,
        district   text    NOT NULL,
        period     text    NOT NULL,
        account    text    NOT NULL,
        lines      integer NOT NULL,
        amount_fen bigint  NOT NULL CHECK (amount_fen > 0),
        PRIMARY KEY (plan_key, plan_id, part_no)
    )
"""
# A plan that was decided takes no further claims. The lock waits for a decision under way.
OPEN: Final = (
    """
    CREATE FUNCTION funding_plan_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1
           FROM funding_plan
          WHERE plan_key = NEW.plan_key AND id = NEW.plan_id AND status = 'proposed'
            FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no plan waits for approval: propose another one'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER funding_plan_open BEFORE INSERT ON funding_part
        FOR EACH ROW EXECUTE FUNCTION funding_plan_is_open()
    """,
)
CLAIM: Final = """
    CREATE TABLE claim_funding (
        claim_key bigint  NOT NULL,
        claim_id  uuid    NOT NULL,
        plan_key  bigint  NOT NULL,
        plan_id   uuid    NOT NULL,
        live      boolean NOT NULL DEFAULT true,
        PRIMARY KEY (claim_key, claim_id, plan_id)
    )
"""

STATEMENTS: Final = (
    PLAN,
    "CREATE INDEX funding_plan_by_id ON funding_plan (id)",
    "CREATE INDEX funding_plan_of_month ON funding_plan (month, fund)",
    """
    CREATE UNIQUE INDEX funding_plan_number ON funding_plan (plan_key, fund, month, number)
     WHERE status <> 'refused'
    """,
    """
    CREATE UNIQUE INDEX funding_plan_waiting ON funding_plan (plan_key, fund, month)
     WHERE status = 'proposed'
    """,
    PART,
    *OPEN,
    CLAIM,
    # A claim is in at most one plan that is not refused.
    "CREATE UNIQUE INDEX claim_funding_once ON claim_funding (claim_key, claim_id) WHERE live",
    # Claims that wait for a plan.
    "CREATE INDEX claim_approved ON claim (fund, period) WHERE status = 'approved'",
)
TABLES: Final = ("claim_funding", "funding_part", "funding_plan")
WATCHED: Final = {
    "funding_plan": Watched(("plan_key", "id")),
    "funding_part": Watched(("plan_key", "plan_id", "part_no")),
}


def upgrade() -> None:
    """Create the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
    for table, watched in WATCHED.items():
        for statement in watched.ddl(table):
            op.execute(statement)
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(TABLES)} TO {ROLE}")
    op.execute(f"GRANT UPDATE (status, decided_by, decided_on, warnings) ON funding_plan TO {ROLE}")
    op.execute(f"GRANT UPDATE (live) ON claim_funding TO {ROLE}")


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP INDEX claim_approved")
    for table in TABLES:
        for event in EVENTS if table in WATCHED else ():
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}")
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION funding_plan_is_open()")
