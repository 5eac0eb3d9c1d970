"""Benefit kinds, entitlements and claims."""

import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op

import services.payout
from shared import idempotency, outbox, trail

revision = "payout_0001"
down_revision = None
branch_labels = ("payout",)
depends_on = None

BENEFIT_KIND = """
CREATE TABLE benefit_kind (
    kind          text NOT NULL,
    in_force_from date NOT NULL,
    in_force_to   date,
    name          text NOT NULL,
    fund          text NOT NULL,
    account       text NOT NULL,
    source        text NOT NULL,
    PRIMARY KEY (kind, in_force_from),
    CONSTRAINT benefit_kind_days CHECK (in_force_to IS NULL OR in_force_to >= in_force_from)
)
"""

ENTITLEMENT = """
CREATE TABLE entitlement (
    person_id      bigint      NOT NULL,
    id             uuid        NOT NULL,
    identity_blind bytea       NOT NULL,
    kind           text        NOT NULL,
    district       text        NOT NULL,
    sealed_number  bytea       NOT NULL,
    name           text        NOT NULL,
    monthly_fen    bigint      NOT NULL CHECK (monthly_fen > 0),
    bank           text        NOT NULL,
    bank_number    text        NOT NULL,
    bank_holder    text        NOT NULL,
    in_force_from  text        NOT NULL,
    registered_by  text        NOT NULL,
    registered_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, id),
    CONSTRAINT entitlement_once
        UNIQUE (person_id, identity_blind, kind, in_force_from)
)
"""

CLAIM = """
CREATE TABLE claim (
    claim_key   bigint      NOT NULL,
    id          uuid        NOT NULL,
    kind        text        NOT NULL,
    district    text        NOT NULL,
    period      text        NOT NULL,
    fund        text        NOT NULL,
    account     text        NOT NULL,
    lines       integer     NOT NULL CHECK (lines > 0),
    total_fen   bigint      NOT NULL CHECK (total_fen > 0),
    status      text        NOT NULL
                CHECK (status IN ('filed', 'signed_1', 'signed_2', 'approved', 'refused')),
    summary     text        NOT NULL,
    credit_code text,
    paper_hash  bytea       NOT NULL,
    filed_by    text        NOT NULL,
    filed_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (claim_key, id)
)
"""

CLAIM_LINE = """
CREATE TABLE claim_line (
    claim_key     bigint  NOT NULL,
    claim_id      uuid    NOT NULL,
    line_no       integer NOT NULL,
    payee_name    text    NOT NULL,
    bank          text    NOT NULL,
    bank_number   text    NOT NULL,
    bank_holder   text    NOT NULL,
    amount_fen    bigint  NOT NULL CHECK (amount_fen > 0),
    reference     text    NOT NULL,
    person_id     bigint,
    sealed_number bytea,
    PRIMARY KEY (claim_key, claim_id, line_no)
)
"""

STATEMENTS = (
    BENEFIT_KIND,
    ENTITLEMENT,
    "CREATE INDEX entitlement_of_district ON entitlement (kind, district, in_force_from)",
    "CREATE INDEX entitlement_by_id ON entitlement (id)",
    CLAIM,
    # The same paper lives once: one pension run a district and month, no file handed in twice.
    # A refused one makes room for its correction.
    """
    CREATE UNIQUE INDEX claim_once
        ON claim (claim_key, kind, district, period, paper_hash) WHERE status <> 'refused'
    """,
    "CREATE INDEX claim_by_id ON claim (id)",
    "CREATE INDEX claim_of_period ON claim (period, fund)",
    CLAIM_LINE,
    idempotency.DDL,
    *outbox.DDL,
    *trail.DDL,
    "GRANT SELECT ON benefit_kind TO wuxian_payout",
    "GRANT SELECT, INSERT ON entitlement, claim, claim_line, trail TO wuxian_payout",
    # Nothing of a filed claim ever changes but where it stands.
    "GRANT UPDATE (status) ON claim TO wuxian_payout",
    "GRANT SELECT, INSERT, UPDATE ON idempotency, outbox, lease TO wuxian_payout",
)
TABLES = (
    "lease",
    "outbox",
    "trail",
    "idempotency",
    "claim_line",
    "claim",
    "entitlement",
    "benefit_kind",
)


def upgrade() -> None:
    """Make the tables and load the benefit kinds that ship with the product."""
    for statement in STATEMENTS:
        op.execute(statement)
    path = Path(services.payout.__file__).parent / "data" / "benefit_kinds.json"
    kinds = json.loads(path.read_text("utf-8"))["kinds"]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO benefit_kind (kind, in_force_from, in_force_to, name, fund, account, source)
            VALUES (:kind, CAST(CAST(:in_force_from AS text) AS date),
                    CAST(CAST(:in_force_to AS text) AS date), :name, :fund, :account, :source)
        """),
        kinds,
    )


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
