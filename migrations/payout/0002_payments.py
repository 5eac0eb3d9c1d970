"""Payment batches, their lines and what the bank says of them."""

from alembic import op

revision = "payout_0002"
down_revision = "payout_0001"
branch_labels = None
depends_on = None

# Which batch pays a claim. A batch that was given up leaves its row behind, no longer live.
CLAIM_PAYMENT = """
CREATE TABLE claim_payment (
    claim_key bigint      NOT NULL,
    claim_id  uuid        NOT NULL,
    batch_key bigint      NOT NULL,
    batch_id  uuid        NOT NULL,
    live      boolean     NOT NULL DEFAULT true,
    taken_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (claim_key, claim_id, batch_id)
)
"""

PAYMENT_BATCH = """
CREATE TABLE payment_batch (
    batch_key    bigint      NOT NULL,
    id           uuid        NOT NULL,
    fund         text        NOT NULL,
    pay_date     date        NOT NULL,
    status       text        NOT NULL
                 CHECK (status IN ('funding', 'unfunded', 'ready', 'closed', 'cancelled')),
    reason       text,
    attempt      integer     NOT NULL DEFAULT 1,
    hold         text,
    lines        integer     NOT NULL CHECK (lines > 0),
    open_lines   integer     NOT NULL CHECK (open_lines BETWEEN 0 AND lines),
    total_fen    bigint      NOT NULL CHECK (total_fen > 0),
    paid_fen     bigint      NOT NULL DEFAULT 0,
    refused_fen  bigint      NOT NULL DEFAULT 0,
    returned_fen bigint      NOT NULL DEFAULT 0,
    reports      integer     NOT NULL DEFAULT 0,
    created_by   text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_key, id),
    CONSTRAINT payment_batch_within_hold
        CHECK (paid_fen >= 0 AND refused_fen >= 0 AND paid_fen + refused_fen <= total_fen),
    CONSTRAINT payment_batch_returns CHECK (returned_fen BETWEEN 0 AND paid_fen),
    CONSTRAINT payment_batch_held CHECK (status NOT IN ('ready', 'closed') OR hold IS NOT NULL)
)
"""

PAYMENT_PART = """
CREATE TABLE payment_part (
    batch_key    bigint  NOT NULL,
    batch_id     uuid    NOT NULL,
    part_no      integer NOT NULL,
    claim_key    bigint  NOT NULL,
    claim_id     uuid    NOT NULL,
    district     text    NOT NULL,
    period       text    NOT NULL,
    fund         text    NOT NULL,
    account      text    NOT NULL,
    lines        integer NOT NULL,
    total_fen    bigint  NOT NULL,
    paid_fen     bigint  NOT NULL DEFAULT 0,
    refused_fen  bigint  NOT NULL DEFAULT 0,
    returned_fen bigint  NOT NULL DEFAULT 0,
    live         boolean NOT NULL DEFAULT true,
    PRIMARY KEY (batch_key, batch_id, part_no)
)
"""

PAYMENT_LINE = """
CREATE TABLE payment_line (
    batch_key       bigint  NOT NULL,
    batch_id        uuid    NOT NULL,
    line_no         integer NOT NULL,
    part_no         integer NOT NULL,
    claim_line_no   integer NOT NULL,
    payee_name      text    NOT NULL,
    bank            text    NOT NULL,
    bank_number     text    NOT NULL,
    bank_holder     text    NOT NULL,
    amount_fen      bigint  NOT NULL CHECK (amount_fen > 0),
    status          text    NOT NULL DEFAULT 'pending'
                    CHECK (status IN ('pending', 'unknown', 'return_early', 'paid', 'refused', 'returned')),
    paid_serial     text,
    paid_on         date,
    refused_serial  text,
    returned_serial text,
    returned_on     date,
    reason_code     text,
    reason          text,
    PRIMARY KEY (batch_key, batch_id, line_no),
    CONSTRAINT payment_line_one_fate CHECK (paid_serial IS NULL OR refused_serial IS NULL)
)
"""

# Every distinct thing the bank said, believed or not; the digest is of the whole report.
PAYMENT_RESULT = """
CREATE TABLE payment_result (
    batch_key   bigint      NOT NULL,
    batch_id    uuid        NOT NULL,
    line_no     integer     NOT NULL,
    digest      bytea       NOT NULL,
    outcome     text        NOT NULL,
    bank_serial text        NOT NULL,
    amount_fen  bigint      NOT NULL,
    value_date  date,
    reason_code text,
    reason      text,
    rejected    text,
    reported_by text        NOT NULL,
    reported_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_key, batch_id, line_no, digest)
)
"""

STATEMENTS = (
    CLAIM_PAYMENT,
    # A claim is in at most one live batch.
    """
    CREATE UNIQUE INDEX claim_payment_once ON claim_payment (claim_key, claim_id) WHERE live
    """,
    PAYMENT_BATCH,
    "CREATE INDEX payment_batch_by_id ON payment_batch (id)",
    "CREATE INDEX payment_batch_funding ON payment_batch (id) WHERE status = 'funding'",
    PAYMENT_PART,
    "CREATE INDEX payment_part_of_period ON payment_part (period, fund)",
    PAYMENT_LINE,
    PAYMENT_RESULT,
    "GRANT SELECT, INSERT ON claim_payment, payment_batch, payment_part TO wuxian_payout",
    "GRANT SELECT, INSERT ON payment_line, payment_result TO wuxian_payout",
    "GRANT UPDATE (live) ON claim_payment TO wuxian_payout",
    """
    GRANT UPDATE (status, reason, attempt, hold, open_lines, paid_fen, refused_fen, returned_fen,
                  reports)
       ON payment_batch TO wuxian_payout
    """,
    "GRANT UPDATE (paid_fen, refused_fen, returned_fen, live) ON payment_part TO wuxian_payout",
    """
    GRANT UPDATE (status, paid_serial, paid_on, refused_serial, returned_serial, returned_on,
                  reason_code, reason)
       ON payment_line TO wuxian_payout
    """,
)
TABLES = ("payment_result", "payment_line", "payment_part", "payment_batch", "claim_payment")


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
