"""Kinds of benefits on accounts that the chart lacked: care, personal accounts, advances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services.payout

revision = "payout_0024"
down_revision = "payout_0023"
branch_labels = None
depends_on = None

COLUMNS: Final = (
    *("kind", "name", "fund", "account", "source", "payee", "origin", "once"),
    *("needs_person", "needs_employer", "checks_arrears"),
)


def upgrade() -> None:
    """Add the shipped kinds that are missing; rows that are there already stay as they are."""
    path = Path(services.payout.__file__).parent / "data" / "benefit_kinds.json"
    kinds = json.loads(path.read_text("utf-8"))["kinds"]
    op.get_bind().execute(
        sa.text(f"""
            INSERT INTO benefit_kind ({", ".join(COLUMNS)}, documents, in_force_from, in_force_to)
            VALUES ({", ".join(f":{name}" for name in COLUMNS)}, CAST(:documents AS text[]),
                    CAST(CAST(:in_force_from AS text) AS date),
                    CAST(CAST(:in_force_to AS text) AS date))
            ON CONFLICT DO NOTHING
        """),
        kinds,
    )


def downgrade() -> None:
    """Kinds that were added stay, they harm nobody."""
