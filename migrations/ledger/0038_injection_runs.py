"""Monthly runs of retirees' injections (退休人员划入): who is retired, and the runs of two people."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import EVENTS, Watched
from shared.trail import folded_sql

revision = "ledger_0038"
down_revision = "ledger_0037"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_ledger"
WATCHED: Final = Watched(("id",))
TABLES: Final = (
    # Retired from `since` until before `until`; payout says so, and its latest word counts.
    """
    CREATE TABLE retiree (
        person_id  bigint           NOT NULL PRIMARY KEY,
        born       date             NOT NULL,
        since      text COLLATE "C" NOT NULL,
        until      text COLLATE "C",
        version    text COLLATE "C" NOT NULL,
        changed_at timestamptz      NOT NULL
    )
    """,
    "CREATE INDEX retiree_changed ON retiree (changed_at)",
    f"""
    CREATE TABLE injection_run (
        id            uuid             NOT NULL PRIMARY KEY,
        fund          text COLLATE "C" NOT NULL,
        period        text COLLATE "C" NOT NULL,
        day           date             NOT NULL,
        status        text COLLATE "C" NOT NULL
                      CHECK (status IN ('proposed', 'posted', 'replaced')),
        people        integer          NOT NULL,
        total_fen     bigint           NOT NULL,
        proposed_by   text             NOT NULL,
        proposed_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
        approved_by   text,
        posted_at     timestamptz,
        CONSTRAINT injection_run_posted
            CHECK ((status = 'posted') = (approved_by IS NOT NULL)
                   AND (approved_by IS NULL) = (posted_at IS NULL)),
        CONSTRAINT injection_run_two_people
            CHECK ({folded_sql("approved_by")} <> {folded_sql("proposed_by")})
    )
    """,
    """
    CREATE UNIQUE INDEX injection_run_once ON injection_run (fund, period)
     WHERE status = 'posted'
    """,
    """
    CREATE UNIQUE INDEX injection_run_open ON injection_run (fund) WHERE status = 'proposed'
    """,
)


def _sign(either: str) -> None:
    op.execute("ALTER TABLE personal_credit DROP CONSTRAINT personal_credit_sign")
    op.execute(f"""
        ALTER TABLE personal_credit
          ADD CONSTRAINT personal_credit_sign
              CHECK (amount_fen <> 0
                     AND (kind IN ({either})
                          OR (kind IN ('transfer_out', 'withdrawal')) = (amount_fen < 0)))
    """)


def upgrade() -> None:
    """Make the tables; an injection after a death is taken back."""
    for statement in TABLES:
        op.execute(statement)
    for statement in WATCHED.ddl("injection_run"):
        op.execute(statement)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON retiree TO {ROLE}")
    op.execute(f"GRANT SELECT, INSERT ON injection_run TO {ROLE}")
    op.execute(f"GRANT UPDATE (status, approved_by, posted_at) ON injection_run TO {ROLE}")
    _sign("'contribution', 'transfer_in', 'pension', 'injection'")


def downgrade() -> None:
    """Drop the tables; no injection may have been taken back."""
    _sign("'contribution', 'transfer_in', 'pension'")
    for event in EVENTS:
        op.execute(f"DROP TRIGGER injection_run_{event.lower()}_recorded ON injection_run")
    op.execute("DROP TABLE injection_run")
    op.execute("DROP TABLE retiree")
