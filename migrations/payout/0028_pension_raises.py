"""Mass raises: their papers, the facts that they ask for, and the rows that they write."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shared.evidence.tables import EVENTS, Watched
from shared.trail import folded_sql

revision = "payout_0028"
down_revision = "payout_0027"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"


def _two_people(table: str, first: str) -> str:
    """Write the constraints of a paper that one person begins and another one decides."""
    return f"""
        CONSTRAINT {table}_decided
            CHECK (num_nulls(decided_by, decided_at) IN (0, 2)
                   AND (decided_by IS NULL) = (status IN ('draft', 'proposed'))),
        CONSTRAINT {table}_two_people
            CHECK (decided_by IS NULL
                   OR {folded_sql("decided_by")} <> {folded_sql(first)})
    """


TABLES: Final = (
    f"""
    CREATE TABLE pension_raise (
        raise_key    bigint      NOT NULL,
        id           uuid        NOT NULL,
        kind         text        NOT NULL,
        first_period text        NOT NULL,
        sequence     integer     NOT NULL CHECK (sequence > 0),
        title        text        NOT NULL,
        source       text        NOT NULL CHECK (source <> ''),
        rule         jsonb       NOT NULL,
        status       text        NOT NULL DEFAULT 'draft'
                     CHECK (status IN ('draft', 'approved', 'refused')),
        drafted_by   text        NOT NULL,
        drafted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        decided_by   text,
        decided_at   timestamptz,
        people       integer     CHECK (people > 0),
        monthly_fen  bigint      CHECK (monthly_fen >= 0),
        arrears_fen  bigint      CHECK (arrears_fen >= 0),
        PRIMARY KEY (raise_key, id),
        CONSTRAINT pension_raise_totals
            CHECK (num_nulls(people, monthly_fen, arrears_fen) IN (0, 3)
                   AND (people IS NOT NULL) = (status = 'approved')),
        {_two_people("pension_raise", "drafted_by")}
    )
    """,
    """
    CREATE UNIQUE INDEX pension_raise_once ON pension_raise (kind, first_period, sequence)
     WHERE status <> 'refused'
    """,
    "CREATE INDEX pension_raise_by_id ON pension_raise (id)",
    f"""
    CREATE TABLE pension_fact_list (
        list_key    bigint      NOT NULL,
        id          uuid        NOT NULL,
        kind        text        NOT NULL,
        district    text        NOT NULL,
        document    text        NOT NULL CHECK (document <> ''),
        people      integer     NOT NULL CHECK (people > 0),
        status      text        NOT NULL DEFAULT 'proposed'
                    CHECK (status IN ('proposed', 'approved', 'refused')),
        proposed_by text        NOT NULL,
        proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        decided_by  text,
        decided_at  timestamptz,
        PRIMARY KEY (list_key, id),
        {_two_people("pension_fact_list", "proposed_by")}
    )
    """,
    "CREATE INDEX pension_fact_list_by_id ON pension_fact_list (id)",
    """
    CREATE TABLE pension_fact (
        person_id      bigint  NOT NULL,
        id             uuid    NOT NULL,
        identity_blind bytea   NOT NULL,
        kind           text    NOT NULL,
        list_key       bigint  NOT NULL,
        list_id        uuid    NOT NULL,
        born_in        text,
        retired_in     text    NOT NULL,
        paid_months    integer NOT NULL CHECK (paid_months >= 0),
        is_current     boolean NOT NULL DEFAULT false,
        PRIMARY KEY (person_id, id)
    )
    """,
    """
    CREATE UNIQUE INDEX pension_fact_current ON pension_fact (person_id, identity_blind, kind)
     WHERE is_current
    """,
    "CREATE INDEX pension_fact_of_list ON pension_fact (list_id)",
    # One line for each registered row and each raise that raises it: the explanation of the
    # amount. A line that other facts replaced is not live.
    """
    CREATE TABLE raise_line (
        person_id      bigint      NOT NULL,
        id             uuid        NOT NULL,
        identity_blind bytea       NOT NULL,
        kind           text        NOT NULL,
        base_id        uuid        NOT NULL,
        raise_key      bigint      NOT NULL,
        raise_id       uuid        NOT NULL,
        first_period   text        NOT NULL,
        sequence       integer     NOT NULL,
        begins         text        NOT NULL,
        groups         text[]      NOT NULL,
        born_in        text,
        retired_in     text,
        paid_months    integer,
        before_fen     bigint      NOT NULL,
        after_fen      bigint      NOT NULL CHECK (after_fen >= before_fen),
        live           boolean     NOT NULL DEFAULT true,
        written_at     timestamptz NOT NULL,
        PRIMARY KEY (person_id, id)
    )
    """,
    "CREATE UNIQUE INDEX raise_line_once ON raise_line (person_id, base_id, raise_id) WHERE live",
    "CREATE INDEX raise_line_of_raise ON raise_line (raise_id, id)",
)

WATCHED: Final = {
    "pension_raise": Watched(("raise_key", "id")),
    "pension_fact_list": Watched(("list_key", "id")),
    "pension_fact": Watched(("person_id", "id"), hidden=("identity_blind",)),
}
# Its rows have another form from now on: the record begins anew.
ENTITLEMENT: Final = Watched(
    ("person_id", "id"),
    hidden=("identity_blind", "sealed_number", "name", "bank", "bank_number", "bank_holder"),
)
# A raised row needs a raise that two people have approved. The row is written before the decision,
# and a preview is undone, so the database looks when the transaction ends.
APPROVED: Final = (
    """
    CREATE FUNCTION require_approved_raise() RETURNS trigger LANGUAGE plpgsql
    SET search_path = payout, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM pension_raise AS paper
                        WHERE paper.id = NEW.raise_id AND paper.status = 'approved') THEN
            RAISE EXCEPTION 'a raised row has no raise that two people have approved'
                  USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE CONSTRAINT TRIGGER entitlement_raise_two_people AFTER INSERT ON entitlement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.raise_id IS NOT NULL)
      EXECUTE FUNCTION require_approved_raise()
    """,
    """
    CREATE TRIGGER pension_raise_decided_once BEFORE UPDATE ON pension_raise FOR EACH ROW
      WHEN (OLD.status <> 'draft') EXECUTE FUNCTION refuse_second_decision()
    """,
    """
    CREATE TRIGGER pension_fact_list_decided_once BEFORE UPDATE ON pension_fact_list FOR EACH ROW
      WHEN (OLD.status <> 'proposed') EXECUTE FUNCTION refuse_second_decision()
    """,
)
PAPERED: Final = "DROP TRIGGER entitlement_insert_two_people ON entitlement"
REASONS: Final = "ALTER TABLE entitlement DROP CONSTRAINT entitlement_suspended_reason_check"


def _require_change(rows: str) -> None:
    op.execute(PAPERED)
    now = op.get_bind().execute(sa.text("SELECT CAST(clock_timestamp() AS text)")).scalar_one()
    op.execute(f"""
        CREATE TRIGGER entitlement_insert_two_people AFTER INSERT ON entitlement
           REFERENCING NEW TABLE AS met FOR EACH STATEMENT
           EXECUTE FUNCTION require_approved_change('change_key', 'change_id',
               $rows$(change_id IS NOT NULL OR registered_at > '{now}'){rows}$rows$)
    """)


def upgrade() -> None:
    """Make the tables; a row that a raise wrote names the row that it raises."""
    for statement in TABLES:
        op.execute(statement)
    op.execute("""
        ALTER TABLE entitlement
          ADD COLUMN base_id uuid, ADD COLUMN raise_id uuid,
          ADD CONSTRAINT entitlement_raised CHECK (num_nulls(base_id, raise_id) IN (0, 2))
    """)
    op.execute(REASONS)
    op.execute("""
        ALTER TABLE entitlement ADD CONSTRAINT entitlement_suspended_reason_check
              CHECK (suspended_reason IN ('merged', 'second', 'raised'))
    """)
    op.execute(
        "CREATE INDEX entitlement_of_base ON entitlement (base_id) WHERE base_id IS NOT NULL"
    )
    for table, watched in WATCHED.items():
        for statement in watched.ddl(table):
            op.execute(statement)
    op.execute(ENTITLEMENT.ddl("entitlement")[-1])
    _require_change(" AND raise_id IS NULL")
    for statement in APPROVED:
        op.execute(statement)
    op.execute(
        "GRANT SELECT, INSERT ON pension_raise, pension_fact_list, pension_fact, raise_line"
        f" TO {ROLE}"
    )
    op.execute(f"""
        GRANT UPDATE (status, decided_by, decided_at, people, monthly_fen, arrears_fen)
           ON pension_raise TO {ROLE}
    """)
    op.execute(f"GRANT UPDATE (status, decided_by, decided_at) ON pension_fact_list TO {ROLE}")
    op.execute(f"GRANT UPDATE (is_current) ON pension_fact TO {ROLE}")
    op.execute(f"GRANT UPDATE (live) ON raise_line TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made; raised rows stay as registered ones."""
    for table in WATCHED:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}")
    op.execute("DROP TRIGGER entitlement_raise_two_people ON entitlement")
    op.execute("DROP FUNCTION require_approved_raise()")
    for table in ("raise_line", "pension_fact", "pension_fact_list", "pension_raise"):
        op.execute(f"DROP TABLE {table}")
    op.execute(REASONS)
    op.execute(
        "UPDATE entitlement SET suspended_reason = 'merged' WHERE suspended_reason = 'raised'"
    )
    op.execute("""
        ALTER TABLE entitlement ADD CONSTRAINT entitlement_suspended_reason_check
              CHECK (suspended_reason IN ('merged', 'second'))
    """)
    op.execute("ALTER TABLE entitlement DROP COLUMN base_id, DROP COLUMN raise_id")
    _require_change("")
    op.execute(ENTITLEMENT.ddl("entitlement")[-1])
