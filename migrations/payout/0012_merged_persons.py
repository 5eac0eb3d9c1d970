"""Payout follows the corrections of persons: merged records, suspended entitlements, double payments."""

from alembic import op

revision = "payout_0012"
down_revision = "payout_0011"
branch_labels = None
depends_on = None

# One row for each correction that was applied. A record that ended in another one names it.
PERSON_CORRECTION = """
CREATE TABLE person_correction (
    number        bigint      NOT NULL PRIMARY KEY,
    paper         text        NOT NULL UNIQUE,
    person_id     bigint      NOT NULL,
    survivor_id   bigint      NOT NULL,
    sealed_number bytea       NOT NULL,
    applied_at    timestamptz NOT NULL DEFAULT now()
)
"""

# One row to lock: papers that name people and mergers of people wait for each other.
PERSON_GATE = "CREATE TABLE person_gate (name text PRIMARY KEY)"

SUSPENDED = """
ALTER TABLE entitlement
  ADD COLUMN suspended_reason text CHECK (suspended_reason IN ('merged', 'second')),
  ADD COLUMN suspended_by     text,
  ADD COLUMN suspended_at     timestamptz,
  ADD CONSTRAINT entitlement_suspended
      CHECK (num_nulls(suspended_reason, suspended_by, suspended_at) IN (0, 3))
"""

# A line that pays an event of a person which another line pays. It is never paid from then on; if
# it was paid already, the amount is to be recovered.
DOUBLE_PAYMENT = """
CREATE TABLE double_payment (
    claim_key       bigint      NOT NULL,
    claim_id        uuid        NOT NULL,
    line_no         integer     NOT NULL,
    first_claim_key bigint      NOT NULL,
    first_claim_id  uuid        NOT NULL,
    first_line_no   integer     NOT NULL,
    sealed_number   bytea       NOT NULL,
    paper           text        NOT NULL,
    found_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (claim_key, claim_id, line_no)
)
"""


def upgrade() -> None:
    """Make the tables; nothing of before is merged or suspended."""
    op.execute(PERSON_CORRECTION)
    op.execute("CREATE INDEX person_correction_of ON person_correction (person_id)")
    op.execute(PERSON_GATE)
    op.execute("INSERT INTO person_gate VALUES ('people')")
    op.execute(SUSPENDED)
    op.execute("ALTER TABLE entitlement DROP CONSTRAINT entitlement_once")
    op.execute("""
        CREATE UNIQUE INDEX entitlement_once
            ON entitlement (person_id, identity_blind, kind, in_force_from)
         WHERE suspended_at IS NULL
    """)
    _set_aside_ends()
    op.execute(DOUBLE_PAYMENT)
    op.execute("CREATE INDEX double_payment_in_order ON double_payment (claim_id, line_no)")
    op.execute("CREATE INDEX payment_part_of_claim ON payment_part (claim_id)")
    op.execute("GRANT SELECT, INSERT ON person_correction, double_payment TO wuxian_payout")
    op.execute("GRANT SELECT, UPDATE ON person_gate TO wuxian_payout")
    op.execute("""
        GRANT UPDATE (name, sealed_number, suspended_reason, suspended_by, suspended_at)
           ON entitlement TO wuxian_payout
    """)
    op.execute("GRANT UPDATE (person_id, sealed_number, payee_name) ON claim_line TO wuxian_payout")


def _set_aside_ends() -> None:
    op.execute("ALTER TABLE entitlement_end DROP CONSTRAINT entitlement_end_status_check")
    op.execute("""
        ALTER TABLE entitlement_end
          ADD CONSTRAINT entitlement_end_status_check
              CHECK (status IN ('proposed', 'approved', 'refused', 'set_aside'))
    """)
    op.execute("DROP INDEX entitlement_end_once")
    op.execute("""
        CREATE UNIQUE INDEX entitlement_end_once
            ON entitlement_end (person_id, identity_blind, kind, last_period)
         WHERE status IN ('proposed', 'approved')
    """)


def downgrade() -> None:
    """Drop what the upgrade made; refused where a merger has left rows that the old form cannot keep."""
    op.execute(
        "REVOKE UPDATE (person_id, sealed_number, payee_name) ON claim_line FROM wuxian_payout"
    )
    op.execute("REVOKE UPDATE (name, sealed_number) ON entitlement FROM wuxian_payout")
    op.execute("DROP INDEX payment_part_of_claim")
    op.execute("DROP TABLE double_payment")
    op.execute("DROP INDEX entitlement_end_once")
    op.execute("""
        CREATE UNIQUE INDEX entitlement_end_once
            ON entitlement_end (person_id, identity_blind, kind, last_period)
         WHERE status <> 'refused'
    """)
    op.execute("ALTER TABLE entitlement_end DROP CONSTRAINT entitlement_end_status_check")
    op.execute("""
        ALTER TABLE entitlement_end
          ADD CONSTRAINT entitlement_end_status_check
              CHECK (status IN ('proposed', 'approved', 'refused'))
    """)
    op.execute("DROP INDEX entitlement_once")
    op.execute("""
        ALTER TABLE entitlement
          DROP COLUMN suspended_reason, DROP COLUMN suspended_by, DROP COLUMN suspended_at,
          ADD CONSTRAINT entitlement_once
              UNIQUE (person_id, identity_blind, kind, in_force_from)
    """)
    op.execute("DROP TABLE person_gate")
    op.execute("DROP TABLE person_correction")
