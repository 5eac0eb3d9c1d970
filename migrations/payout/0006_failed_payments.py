"""Claim lines that the bank refused or returned: paid again by another batch, on a corrected account."""

from alembic import op

revision = "payout_0006"
down_revision = "payout_0005"
branch_labels = None
depends_on = None

# One row for each time that a claim line was not paid; `retry` is the batch that pays it again.
FAILED_PAYMENT = """
CREATE TABLE failed_payment (
    claim_key   bigint  NOT NULL,
    claim_id    uuid    NOT NULL,
    line_no     integer NOT NULL,
    batch_key   bigint  NOT NULL,
    batch_id    uuid    NOT NULL,
    fund        text    NOT NULL,
    district    text    NOT NULL,
    outcome     text    NOT NULL CHECK (outcome IN ('refused', 'returned')),
    reason_code text,
    reason      text,
    retry_key   bigint,
    retry_id    uuid,
    PRIMARY KEY (claim_key, claim_id, line_no, batch_id),
    CONSTRAINT failed_payment_retry CHECK ((retry_key IS NULL) = (retry_id IS NULL))
)
"""

ACCOUNT_CORRECTION = """
CREATE TABLE account_correction (
    claim_key   bigint      NOT NULL,
    id          uuid        NOT NULL,
    claim_id    uuid        NOT NULL,
    line_no     integer     NOT NULL,
    district    text        NOT NULL,
    bank        text        NOT NULL,
    bank_number text        NOT NULL,
    bank_holder text        NOT NULL,
    note        text        NOT NULL,
    status      text        NOT NULL DEFAULT 'proposed'
                CHECK (status IN ('proposed', 'approved', 'refused')),
    proposed_by text        NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (claim_key, id)
)
"""

FAILED_BEFORE = """
INSERT INTO failed_payment (claim_key, claim_id, line_no, batch_key, batch_id, fund, district,
                            outcome, reason_code, reason)
SELECT part.claim_key, part.claim_id, line.claim_line_no, line.batch_key, line.batch_id, part.fund,
       part.district, line.status, line.reason_code, line.reason
  FROM payment_line AS line
  JOIN payment_part AS part
    ON part.batch_key = line.batch_key AND part.batch_id = line.batch_id
   AND part.part_no = line.part_no
 WHERE line.status IN ('refused', 'returned')
"""


def upgrade() -> None:
    """Make both tables, and list the lines that failed before."""
    op.execute(FAILED_PAYMENT)
    op.execute("""
        CREATE INDEX failed_payment_waiting ON failed_payment (claim_id, line_no, batch_id)
         WHERE retry_id IS NULL
    """)
    op.execute("CREATE INDEX failed_payment_retry ON failed_payment (retry_id)")
    op.execute(ACCOUNT_CORRECTION)
    op.execute("""
        CREATE UNIQUE INDEX account_correction_waiting
            ON account_correction (claim_key, claim_id, line_no) WHERE status = 'proposed'
    """)
    op.execute("CREATE INDEX account_correction_by_id ON account_correction (id)")
    op.execute("GRANT SELECT, INSERT ON failed_payment, account_correction TO wuxian_payout")
    op.execute("GRANT UPDATE (retry_key, retry_id) ON failed_payment TO wuxian_payout")
    op.execute("GRANT UPDATE (status) ON account_correction TO wuxian_payout")
    op.execute(FAILED_BEFORE)


def downgrade() -> None:
    """Drop both tables."""
    op.execute("DROP TABLE account_correction")
    op.execute("DROP TABLE failed_payment")
