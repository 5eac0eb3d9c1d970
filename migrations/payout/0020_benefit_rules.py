"""The conditions of each kind of benefit, corrected by two people; what people claimed in a year."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

import services.payout
from shared.evidence.tables import Watched
from shared.money import parse_yuan

revision = "payout_0020"
down_revision = "payout_0019"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
COLUMNS: Final = {
    "payee": "text NOT NULL DEFAULT 'person' CHECK (payee IN ('person', 'unit', 'institution'))",
    "origin": "text NOT NULL DEFAULT 'filed' CHECK (origin IN ('filed', 'run', 'computed'))",
    "once": "text NOT NULL DEFAULT 'none' CHECK (once IN ('none', 'person', 'birth', 'event_day', "
    "'month', 'paper', 'unit_year'))",
    "documents": "text[] NOT NULL DEFAULT '{}'",
    "needs_person": "boolean NOT NULL DEFAULT false",
    "needs_employer": "boolean NOT NULL DEFAULT false",
    "checks_arrears": "boolean NOT NULL DEFAULT false",
    "line_limit_fen": "bigint CHECK (line_limit_fen > 0)",
    "year_limit_fen": "bigint CHECK (year_limit_fen > 0)",
    "signatures": "integer NOT NULL DEFAULT 3 CHECK (signatures IN (2, 3))",
}
CHECKS: Final = {
    "benefit_kind_person": "needs_person OR (once NOT IN ('person', 'birth', 'event_day', 'month') "
    "AND year_limit_fen IS NULL)",
    "benefit_kind_employer": "needs_employer OR (once <> 'unit_year' AND NOT checks_arrears)",
}

CORRECTION: Final = """
CREATE TABLE benefit_kind_correction (
    id         uuid        PRIMARY KEY,
    kind       text        NOT NULL,
    row        jsonb       NOT NULL,
    reason     text        NOT NULL,
    status     text        NOT NULL CHECK (status IN ('filed', 'approved', 'refused')),
    filed_by   text        NOT NULL,
    filed_at   timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    decided_by text        CHECK (decided_by <> filed_by)
)
"""

# A service may write a row only in the transaction in which a second person approves its correction.
# The owner of the table, who may delete too, is a migration.
BY_TWO: Final = (
    """
    CREATE FUNCTION benefit_kind_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT has_table_privilege(current_user, TG_RELID, 'DELETE') AND NOT EXISTS (
               SELECT 1
                 FROM benefit_kind_correction
                WHERE kind = NEW.kind AND status = 'approved' AND decided_at = now()
                  AND decided_by <> filed_by) THEN
            RAISE EXCEPTION 'permission denied: two people correct a row of benefit_kind'
                  USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER benefit_kind_by_two BEFORE INSERT OR UPDATE ON benefit_kind
       FOR EACH ROW EXECUTE FUNCTION benefit_kind_by_two()
    """,
)

# What the claims of a kind and year sum up to for a person, one row a claim; a refused one is not live.
CLAIMED_YEAR: Final = """
CREATE TABLE claimed_year (
    person_id  bigint  NOT NULL,
    kind       text    NOT NULL,
    year       integer NOT NULL,
    claim_key  bigint  NOT NULL,
    claim_id   uuid    NOT NULL,
    amount_fen bigint  NOT NULL CHECK (amount_fen > 0),
    live       boolean NOT NULL DEFAULT true
)
"""

CLAIMED_BEFORE: Final = """
INSERT INTO claimed_year (person_id, kind, year, claim_key, claim_id, amount_fen)
SELECT line.person_id, claim.kind, CAST(left(claim.period, 4) AS integer), claim.claim_key,
       claim.id, sum(line.amount_fen)
  FROM claim
  JOIN claim_line AS line ON line.claim_key = claim.claim_key AND line.claim_id = claim.id
 WHERE claim.kind <> 'pension_run' AND claim.status <> 'refused' AND line.person_id IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5
"""

STATEMENTS: Final = (
    *(f"ALTER TABLE benefit_kind ADD COLUMN {name} {form}" for name, form in COLUMNS.items()),
    CORRECTION,
    "CREATE UNIQUE INDEX benefit_kind_correction_one ON benefit_kind_correction (kind) "
    "WHERE status = 'filed'",
    *Watched(("id",)).ddl("benefit_kind_correction"),
    *BY_TWO,
    CLAIMED_YEAR,
    "CREATE UNIQUE INDEX claimed_year_once ON claimed_year (person_id, kind, year, claim_id) "
    "WHERE live",
    "CREATE INDEX claimed_year_of_claim ON claimed_year (claim_id)",
    CLAIMED_BEFORE,
    "ALTER TABLE claim ADD COLUMN documents text[] NOT NULL DEFAULT '{}'",
    "ALTER TABLE claim ADD COLUMN signatures integer NOT NULL DEFAULT 3 CHECK (signatures IN (2, 3))",
    f"GRANT INSERT, UPDATE ON benefit_kind TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE ON benefit_kind_correction TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE (live) ON claimed_year TO {ROLE}",
)


def _bound(row: dict[str, Any]) -> dict[str, Any]:
    limits = {
        f"{name}_fen": parse_yuan(row[name]) if row.get(name) else None
        for name in ("line_limit", "year_limit")
    }
    return row | limits | {"signatures": row.get("signatures", 3)}


def upgrade() -> None:
    """Give each shipped kind its conditions, and add the kinds that ship with this release."""
    for statement in STATEMENTS:
        op.execute(statement)
    path = Path(services.payout.__file__).parent / "data" / "benefit_kinds.json"
    kinds = json.loads(path.read_text("utf-8"))["kinds"]
    # Fund, account and days of a row that stands stay: an operator may have changed them.
    op.get_bind().execute(
        sa.text(f"""
            INSERT INTO benefit_kind (kind, in_force_from, in_force_to, name, fund, account, source,
                                      {", ".join(COLUMNS)})
            VALUES (:kind, CAST(CAST(:in_force_from AS text) AS date),
                    CAST(CAST(:in_force_to AS text) AS date), :name, :fund, :account, :source,
                    :payee, :origin, :once, CAST(:documents AS text[]), :needs_person,
                    :needs_employer, :checks_arrears, CAST(:line_limit_fen AS bigint),
                    CAST(:year_limit_fen AS bigint), :signatures)
            ON CONFLICT (kind, in_force_from) DO UPDATE
               SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS)}
        """),
        [_bound(row) for row in kinds],
    )
    for name, check in CHECKS.items():
        op.execute(f"ALTER TABLE benefit_kind ADD CONSTRAINT {name} CHECK ({check})")


def downgrade() -> None:
    """Drop what the upgrade made, and the kinds that it added."""
    op.execute("ALTER TABLE claim DROP COLUMN documents, DROP COLUMN signatures")
    op.execute("DROP TABLE claimed_year")
    op.execute("DROP TRIGGER benefit_kind_by_two ON benefit_kind")
    op.execute("DROP FUNCTION benefit_kind_by_two()")
    op.execute("DROP TABLE benefit_kind_correction")
    for name in CHECKS:
        op.execute(f"ALTER TABLE benefit_kind DROP CONSTRAINT {name}")
    for name in COLUMNS:
        op.execute(f"ALTER TABLE benefit_kind DROP COLUMN {name}")
    op.execute(f"REVOKE INSERT, UPDATE ON benefit_kind FROM {ROLE}")
