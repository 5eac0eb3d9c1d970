"""Plans of recovery cases, and the dated limit of what later payments keep back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services.payout
from shared.evidence.tables import EVENTS, Watched
from shared.ids import key_of, uuid7
from shared.trail import folded_sql

revision = "payout_0031"
down_revision = "payout_0030"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
TOPIC: Final = "deduction"
PLAN: Final = f"""
    CREATE TABLE recovery_plan (
        case_key    bigint      NOT NULL,
        id          uuid        NOT NULL,
        case_id     uuid        NOT NULL,
        deduct_from text,
        monthly_fen bigint      CHECK (monthly_fen > 0),
        instalments jsonb       NOT NULL,
        status      text        NOT NULL DEFAULT 'proposed'
                    CHECK (status IN ('proposed', 'approved', 'refused', 'replaced')),
        proposed_by text        NOT NULL,
        proposed_at timestamptz NOT NULL DEFAULT now(),
        decided_by  text,
        decided_at  timestamptz,
        PRIMARY KEY (case_key, id),
        CONSTRAINT recovery_plan_decided
            CHECK ((status = 'proposed') = (decided_by IS NULL)
                   AND (decided_by IS NULL) = (decided_at IS NULL)),
        CONSTRAINT recovery_plan_two_people
            CHECK (decided_by IS NULL
                   OR {folded_sql("decided_by")} <> {folded_sql("proposed_by")})
    )
"""
WATCHED: Final = Watched(("case_key", "id"))


def upgrade() -> None:
    """Create the table, and load the shipped limit if no row has its topic."""
    op.execute(PLAN)
    for status in ("proposed", "approved"):
        name = "waiting" if status == "proposed" else "in_force"
        op.execute(f"""
            CREATE UNIQUE INDEX recovery_plan_{name} ON recovery_plan (case_key, case_id)
             WHERE status = '{status}'
        """)
    for statement in WATCHED.ddl("recovery_plan"):
        op.execute(statement)
    op.execute(f"GRANT SELECT, INSERT ON recovery_plan TO {ROLE}")
    op.execute(f"GRANT UPDATE (status, decided_by, decided_at) ON recovery_plan TO {ROLE}")
    op.execute(f"GRANT UPDATE (is_income) ON recovery_share TO {ROLE}")
    path = Path(services.payout.__file__).parent / "data" / "entitlement_rules.json"
    rules = [one for one in json.loads(path.read_text("utf-8"))["rules"] if one["topic"] == TOPIC]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO entitlement_rule (rule_key, id, topic, code, in_force_from, value, source,
                                          shipped, status, proposed_by)
            SELECT CAST(:rule_key AS bigint), CAST(:id AS uuid), CAST(:topic AS text),
                   CAST(:code AS text), DATE '1990-01-01', CAST(:value AS jsonb),
                   CAST(:source AS text), true, 'approved', 'shipped'
             WHERE NOT EXISTS (SELECT FROM entitlement_rule
                                WHERE topic = CAST(:topic AS text) AND code = CAST(:code AS text))
        """),
        [
            rule
            | {
                "rule_key": key_of("entitlement_rule", rule["topic"]),
                "id": uuid7(),
                "value": json.dumps(rule["value"], ensure_ascii=False),
            }
            for rule in rules
        ],
    )


def downgrade() -> None:
    """Drop the table."""
    op.execute(f"REVOKE UPDATE (is_income) ON recovery_share FROM {ROLE}")
    for event in EVENTS:
        op.execute(f"DROP TRIGGER recovery_plan_{event.lower()}_recorded ON recovery_plan")
    op.execute("DROP TABLE recovery_plan")
