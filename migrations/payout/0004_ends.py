"""Ends of entitlements: the last month, the reason, by two people."""

from alembic import op

revision = "payout_0004"
down_revision = "payout_0003"
branch_labels = None
depends_on = None

ENTITLEMENT_END = """
CREATE TABLE entitlement_end (
    person_id      bigint      NOT NULL,
    id             uuid        NOT NULL,
    identity_blind bytea       NOT NULL,
    kind           text        NOT NULL,
    district       text        NOT NULL,
    sealed_number  bytea       NOT NULL,
    name           text        NOT NULL,
    last_period    text        NOT NULL,
    reason         text        NOT NULL,
    note           text,
    status         text        NOT NULL DEFAULT 'proposed'
                   CHECK (status IN ('proposed', 'approved', 'refused')),
    proposed_by    text        NOT NULL,
    proposed_at    timestamptz NOT NULL DEFAULT now(),
    decided_at     timestamptz,
    PRIMARY KEY (person_id, id),
    CONSTRAINT entitlement_end_decided CHECK ((status = 'proposed') = (decided_at IS NULL))
)
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(ENTITLEMENT_END)
    op.execute("""
        CREATE UNIQUE INDEX entitlement_end_once
            ON entitlement_end (person_id, identity_blind, kind, last_period)
         WHERE status <> 'refused'
    """)
    op.execute("""
        CREATE UNIQUE INDEX entitlement_end_waiting
            ON entitlement_end (person_id, identity_blind, kind) WHERE status = 'proposed'
    """)
    op.execute("CREATE INDEX entitlement_end_by_id ON entitlement_end (id)")
    op.execute("GRANT SELECT, INSERT ON entitlement_end TO wuxian_payout")
    op.execute("GRANT UPDATE (status, decided_at) ON entitlement_end TO wuxian_payout")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE entitlement_end")
