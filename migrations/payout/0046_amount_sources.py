"""Reasons of amounts that are carried over from an old system, or computed anew by the formulas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services.payout
from shared.ids import key_of, uuid7

revision = "payout_0046"
down_revision = "payout_0045"
branch_labels = None
depends_on = None

CODES: Final = ("register.carried_over", "recalculate.average_published")


def upgrade() -> None:
    """Load the two shipped reasons, unless the installation has them."""
    path = Path(services.payout.__file__).parent / "data" / "entitlement_rules.json"
    rules = [one for one in json.loads(path.read_text("utf-8"))["rules"] if one["code"] in CODES]
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
    """Keep them: papers may name them."""
