"""Provisional pensions that are computed again: which paper corrects which, and by what steps."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import EVENTS, Watched

revision = "payout_0047"
down_revision = "payout_0046"
branch_labels = None
depends_on = None

WATCHED: Final = Watched(("qualification_key", "qualification_id", "change_id"))


def upgrade() -> None:
    """Make the table; a row of an entitlement may give way to a recalculated one."""
    op.execute("""
        CREATE TABLE qualification_recalculation (
            qualification_key bigint NOT NULL,
            qualification_id  uuid   NOT NULL,
            change_key        bigint NOT NULL,
            change_id         uuid   NOT NULL,
            before_fen        bigint NOT NULL CHECK (before_fen >= 0),
            after_fen         bigint NOT NULL CHECK (after_fen > 0),
            evidence          jsonb  NOT NULL,
            PRIMARY KEY (qualification_key, qualification_id, change_id)
        )
    """)
    for statement in WATCHED.ddl("qualification_recalculation"):
        op.execute(statement)
    op.execute("GRANT SELECT, INSERT ON qualification_recalculation TO wuxian_payout")
    op.execute("""
        CREATE INDEX qualification_provisional ON qualification (qualification_key, id)
         WHERE status = 'approved' AND provisional
    """)
    op.execute("""
        ALTER TABLE entitlement
            DROP CONSTRAINT entitlement_suspended_reason_check,
            ADD CONSTRAINT entitlement_suspended_reason_check
                CHECK (suspended_reason IN ('merged', 'second', 'raised', 'recalculated'))
    """)


def downgrade() -> None:
    """Drop the table. Refused by the database while a row was recalculated."""
    op.execute("""
        ALTER TABLE entitlement
            DROP CONSTRAINT entitlement_suspended_reason_check,
            ADD CONSTRAINT entitlement_suspended_reason_check
                CHECK (suspended_reason IN ('merged', 'second', 'raised'))
    """)
    op.execute("DROP INDEX qualification_provisional")
    for event in EVENTS:
        op.execute(
            f"DROP TRIGGER qualification_recalculation_{event.lower()}_recorded"
            " ON qualification_recalculation"
        )
    op.execute("DROP TABLE qualification_recalculation")
