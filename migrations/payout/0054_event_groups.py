"""Kinds of benefits that pay an event once among them, and kinds that a pension excludes.

Of the funeral grants of three insurances the family chooses one (社会保险法第四十九条); a bill of a hospital
is one insurance's (第三十条); a month of a basic pension has no unemployment benefit (第五十一条) and no
sickness allowance. What was claimed before keeps its name; a claim looks for the names of its group.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "payout_0054"
down_revision = "payout_0053"
branch_labels = None
depends_on = None

GROUPS: Final = {
    "funeral": ("person", ["funeral_grant", "injury_funeral", "unemployment_funeral"]),
    "medical_bill": (
        "paper",
        [
            *("hospital_settlement", "hospital_total", "hospital_head", "hospital_disease"),
            *("outpatient_head", "medical_reimbursement", "maternity_medical"),
            *("injury_treatment", "injury_reimbursement"),
        ],
    ),
}
WITHOUT_PENSION: Final = ["unemployment_benefit", "unemployment_medical", "sickness_allowance"]


def upgrade() -> None:
    """Add the columns; a shipped kind whose key two people have changed stays alone."""
    op.execute("ALTER TABLE benefit_kind ADD COLUMN event_group text")
    op.execute(
        "ALTER TABLE benefit_kind ADD COLUMN not_with_pension boolean NOT NULL DEFAULT false"
    )
    for group, (once, kinds) in GROUPS.items():
        op.get_bind().execute(
            sa.text("""
                UPDATE benefit_kind
                   SET event_group = :group
                 WHERE kind = ANY (CAST(:kinds AS text[])) AND once = :once
            """),
            {"group": group, "kinds": kinds, "once": once},
        )
    op.get_bind().execute(
        sa.text("""
            UPDATE benefit_kind
               SET not_with_pension = true
             WHERE kind = ANY (CAST(:kinds AS text[])) AND needs_person
        """),
        {"kinds": WITHOUT_PENSION},
    )


def downgrade() -> None:
    """Drop the columns."""
    op.execute("ALTER TABLE benefit_kind DROP COLUMN not_with_pension")
    op.execute("ALTER TABLE benefit_kind DROP COLUMN event_group")
