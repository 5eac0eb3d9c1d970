"""Settlements in parts: budgets, adjustment fund, refunds, interest; personal accounts."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import sqlalchemy as sa
from alembic import op

import services
from shared.db import role_of

revision = "ledger_0004"
down_revision = "ledger_0003"
branch_labels = None
depends_on = None

ROLE = role_of("ledger")
DATA = Path(services.__file__ or "").resolve().parent / "ledger" / "data"

PERSONAL = ("personal_credit", "personal_batch", "personal_batch_fund", "personal_year",
            "personal_year_run", "personal_rate")  # fmt: skip
"""Tables of personal accounts that are only ever added to."""

UP = (
    # Which account, district or paper each amount of a settlement is for.
    "ALTER TABLE settlement ADD COLUMN parts jsonb NOT NULL DEFAULT '[]'",
    "ALTER TABLE settlement ADD COLUMN terms jsonb NOT NULL DEFAULT '{}'",
    """
    CREATE INDEX settlement_refund_of ON settlement (slot, (terms ->> 'voucher'))
     WHERE kind = 'refund' AND status = 'posted'
    """,
    # A year's budget of one benefit account; a later row of the same name replaces it.
    """
    CREATE TABLE budget (
        id          uuid             NOT NULL PRIMARY KEY,
        fund        text COLLATE "C" NOT NULL,
        account     text COLLATE "C" NOT NULL,
        year        integer          NOT NULL CHECK (year BETWEEN 1990 AND 2100),
        amount_fen  bigint           NOT NULL CHECK (amount_fen >= 0),
        source      text             NOT NULL CHECK (source <> ''),
        recorded_by text             NOT NULL,
        recorded_at timestamptz      NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX budget_of_year ON budget (year, fund, account, recorded_at)",
    """
    CREATE TRIGGER budget_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON budget
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TABLE adjustment_rule (
        fund          text COLLATE "C" NOT NULL,
        paid_up_ppm   bigint           NOT NULL CHECK (paid_up_ppm BETWEEN 0 AND 1000000),
        size_cap_ppm  bigint           NOT NULL CHECK (size_cap_ppm BETWEEN 0 AND 1000000),
        gap_share_ppm bigint           NOT NULL CHECK (gap_share_ppm BETWEEN 0 AND 1000000),
        in_force_from date             NOT NULL,
        in_force_to   date,
        source        text             NOT NULL,
        certainty     text             NOT NULL,
        PRIMARY KEY (fund, in_force_from)
    )
    """,
    # Personal accounts: a subsidiary ledger by person. `source` is the bill, the paper or the year.
    """
    CREATE TABLE personal_credit (
        person_id   bigint           NOT NULL,
        fund        text COLLATE "C" NOT NULL,
        kind        text COLLATE "C" NOT NULL
                    CHECK (kind IN ('contribution', 'injection', 'transfer_in', 'transfer_out')),
        period      text COLLATE "C" NOT NULL,
        source      text COLLATE "C" NOT NULL,
        amount_fen  bigint           NOT NULL,
        credited_on date             NOT NULL,
        PRIMARY KEY (person_id, fund, kind, period, source),
        CHECK ((kind = 'transfer_out') = (amount_fen < 0))
    )
    """,
    # One row a bill (or paper): what makes a repeat a repeat, and the control totals cheap.
    """
    CREATE TABLE personal_batch (
        batch_key   bigint           NOT NULL,
        kind        text COLLATE "C" NOT NULL,
        id          text COLLATE "C" NOT NULL,
        period      text COLLATE "C" NOT NULL,
        credited_on date             NOT NULL,
        body_hash   bytea            NOT NULL,
        recorded_by text             NOT NULL,
        recorded_at timestamptz      NOT NULL DEFAULT now(),
        PRIMARY KEY (batch_key, kind, id)
    )
    """,
    """
    CREATE TABLE personal_batch_fund (
        batch_key   bigint           NOT NULL,
        kind        text COLLATE "C" NOT NULL,
        id          text COLLATE "C" NOT NULL,
        fund        text COLLATE "C" NOT NULL,
        credited_on date             NOT NULL,
        people      integer          NOT NULL CHECK (people > 0),
        total_fen   bigint           NOT NULL,
        PRIMARY KEY (batch_key, kind, id, fund)
    )
    """,
    """
    CREATE TABLE personal_year (
        person_id    bigint           NOT NULL,
        fund         text COLLATE "C" NOT NULL,
        year         integer          NOT NULL,
        opening_fen  bigint           NOT NULL,
        credited_fen bigint           NOT NULL,
        interest_fen bigint           NOT NULL,
        closing_fen  bigint           NOT NULL,
        PRIMARY KEY (person_id, fund, year),
        CHECK (closing_fen = opening_fen + credited_fen + interest_fen)
    )
    """,
    # A fund's row is what crediting shares and closing its year takes alone: neither slips by.
    """
    CREATE TABLE personal_fund (
        fund        text COLLATE "C" NOT NULL PRIMARY KEY,
        closed_year integer
    )
    """,
    """
    CREATE TABLE personal_year_run (
        fund         text COLLATE "C" NOT NULL,
        year         integer          NOT NULL,
        rate_ppm     bigint           NOT NULL,
        people       bigint           NOT NULL,
        opening_fen  bigint           NOT NULL,
        credited_fen bigint           NOT NULL,
        interest_fen bigint           NOT NULL,
        closing_fen  bigint           NOT NULL,
        run_by       text             NOT NULL,
        run_at       timestamptz      NOT NULL DEFAULT now(),
        PRIMARY KEY (fund, year)
    )
    """,
    """
    CREATE TABLE personal_rate (
        id          uuid             NOT NULL PRIMARY KEY,
        fund        text COLLATE "C" NOT NULL,
        year        integer          NOT NULL,
        rate_ppm    bigint           NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
        source      text             NOT NULL CHECK (source <> ''),
        certainty   text             NOT NULL,
        recorded_by text             NOT NULL,
        recorded_at timestamptz      NOT NULL DEFAULT clock_timestamp()
    )
    """,
    """
    CREATE TABLE personal_injection_rule (
        fund          text COLLATE "C" NOT NULL,
        standing      text COLLATE "C" NOT NULL,
        age_from      integer          NOT NULL,
        age_to        integer          NOT NULL,
        yearly_fen    bigint           NOT NULL CHECK (yearly_fen > 0),
        in_force_from date             NOT NULL,
        in_force_to   date,
        source        text             NOT NULL,
        certainty     text             NOT NULL,
        PRIMARY KEY (fund, standing, age_from, in_force_from)
    )
    """,
    *[
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in PERSONAL
    ],
    f"GRANT SELECT, INSERT ON {', '.join(PERSONAL)} TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE ON personal_fund TO {ROLE}",
    f"GRANT SELECT ON personal_injection_rule TO {ROLE}",
    f"GRANT SELECT, INSERT ON budget TO {ROLE}",
    f"GRANT SELECT ON adjustment_rule TO {ROLE}",
)
DOWN = (
    *[f"DROP TABLE {table}" for table in (*PERSONAL, "personal_fund", "personal_injection_rule")],
    "DROP TABLE adjustment_rule",
    "DROP TABLE budget",
    "DROP INDEX settlement_refund_of",
    "ALTER TABLE settlement DROP COLUMN terms",
    "ALTER TABLE settlement DROP COLUMN parts",
)


def upgrade() -> None:
    """Let settlements have parts; fill in the rules, and the flows that older books lack."""
    for statement in UP:
        op.execute(statement)
    bind = op.get_bind()
    bind.execute(
        sa.text("""
            INSERT INTO adjustment_rule (fund, paid_up_ppm, size_cap_ppm, gap_share_ppm,
                                         in_force_from, in_force_to, source, certainty)
            VALUES (:fund, :paid_up, :size_cap, :gap_share, CAST(:in_force_from AS date),
                    CAST(:in_force_to AS date), :source, :certainty)
        """),
        [_rule(row) for row in _rows("adjustment_rules")],
    )
    bind.execute(
        sa.text("""
            INSERT INTO personal_rate (id, fund, year, rate_ppm, source, certainty, recorded_by)
            VALUES (:id, :fund, :year, :rate, :source, :certainty, 'shipped')
        """),
        [
            row | {"id": uuid5(NAMESPACE_OID, f"{row['fund']}/{row['year']}"),
                   "year": int(row["year"]), "rate": int(Decimal(row["rate"]) * 1_000_000)}
            for row in _rows("personal_interest_rates")
        ],
    )  # fmt: skip
    bind.execute(
        sa.text("""
            INSERT INTO personal_injection_rule (fund, standing, age_from, age_to, yearly_fen,
                                                 in_force_from, in_force_to, source, certainty)
            VALUES (:fund, :standing, :age_from, :age_to, :yearly, CAST(:in_force_from AS date),
                    CAST(:in_force_to AS date), :source, :certainty)
        """),
        [
            _dated(row) | {"age_from": int(row["age_from"]), "age_to": int(row["age_to"]),
                           "yearly": int(Decimal(row["yearly"]) * 100)}
            for row in _rows("personal_injections")
        ],
    )  # fmt: skip
    bind.execute(
        sa.text("""
            INSERT INTO flow_matrix (kind, book, debit, credit, by, in_force_from, in_force_to,
                                     source, certainty)
            VALUES (:kind, :book, :debit, :credit, :by, CAST(:in_force_from AS date),
                    CAST(:in_force_to AS date), :source, :certainty)
            ON CONFLICT DO NOTHING
        """),
        [_dated(row) for row in _rows("flow_matrix")],
    )


def downgrade() -> None:
    """Drop everything of this revision; flows that were added stay, they harm nobody."""
    for statement in DOWN:
        op.execute(statement)


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _rule(row: dict[str, str]) -> dict[str, object]:
    shares = {name: int(Decimal(row[name]) * 1_000_000)
              for name in ("paid_up", "size_cap", "gap_share")}  # fmt: skip
    return _dated(row) | shares


def _dated(row: dict[str, str]) -> dict[str, object]:
    to = row["in_force_to"]
    return row | {
        "in_force_from": date.fromisoformat(row["in_force_from"]),
        "in_force_to": date.fromisoformat(to) if to else None,
    }
