"""Thresholds of warnings for dashboards, as dated rows that an operator corrects by new ones."""

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

revision = "ledger_0005"
down_revision = "ledger_0004"
branch_labels = None
depends_on = None

ROLE = role_of("ledger")
SHIPPED = Path(services.__file__ or "").resolve().parent / "ledger/data/warning_thresholds.csv"
SCALES = {"collection_rate": 1_000_000, "arrival_rate": 1_000_000}
"""Rates are kept in parts per million; months and amounts in hundredths."""

UP = (
    # Rows are only added: what was in force on a day, and who said so, can always be read.
    """
    CREATE TABLE warning_threshold (
        id            uuid             NOT NULL PRIMARY KEY,
        measure       text COLLATE "C" NOT NULL,
        fund          text COLLATE "C" NOT NULL,
        severity      text COLLATE "C" NOT NULL
                      CHECK (severity IN ('notice', 'warning', 'alarm')),
        comparison    text COLLATE "C" NOT NULL CHECK (comparison IN ('below', 'above')),
        value         bigint           NOT NULL,
        in_force_from date             NOT NULL,
        in_force_to   date,
        source        text             NOT NULL CHECK (source <> ''),
        certainty     text             NOT NULL,
        recorded_by   text             NOT NULL,
        recorded_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
        CHECK (in_force_to >= in_force_from)
    )
    """,
    """
    CREATE TRIGGER warning_threshold_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON warning_threshold
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    f"GRANT SELECT, INSERT ON warning_threshold TO {ROLE}",
)


def upgrade() -> None:
    """Keep thresholds, and fill in those that are shipped."""
    for statement in UP:
        op.execute(statement)
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = [_row(row) for row in csv.DictReader(file)]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO warning_threshold (id, measure, fund, severity, comparison, value,
                                           in_force_from, in_force_to, source, certainty,
                                           recorded_by)
            VALUES (:id, :measure, :fund, :severity, :comparison, :value,
                    CAST(:in_force_from AS date), CAST(:in_force_to AS date), :source, :certainty,
                    'shipped')
        """),
        rows,
    )


def downgrade() -> None:
    """Drop everything of this revision."""
    op.execute("DROP TABLE warning_threshold")


def _row(row: dict[str, str]) -> dict[str, object]:
    name = "/".join((row["measure"], row["fund"], row["severity"], row["in_force_from"]))
    to = row["in_force_to"]
    return row | {
        "id": uuid5(NAMESPACE_OID, name),
        "value": int(Decimal(row["value"]) * SCALES.get(row["measure"], 100)),
        "in_force_from": date.fromisoformat(row["in_force_from"]),
        "in_force_to": date.fromisoformat(to) if to else None,
    }
