"""Papers that restate a month already declared, credits (贷项), and bills that credits lower.

Every paper of a unit and period restates the whole month, and its lines add up over papers: what it
levies now, and what the paper before it levied, with the opposite sign. What a month comes to less
than was billed becomes a credit. A bill asks for less when a credit is used on it, but what it was
issued over (asked + credited) never changes: the database holds that, whoever writes.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0007"
down_revision = "collection_0006"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

DECLARATION = (
    # `corrects`: the paper of the same unit and period that this one restates. `review_id`: the base
    # review on whose bases it was restated. A superseded paper was a default that was not billed yet
    # when the unit filed after all.
    """
    ALTER TABLE declaration
        DROP CONSTRAINT declaration_kind_check,
        DROP CONSTRAINT declaration_status_check,
        ADD COLUMN corrects    uuid,
        ADD COLUMN reason_code text,
        ADD COLUMN note        text,
        ADD COLUMN review_id   uuid,
        ADD CONSTRAINT declaration_kind_check
            CHECK (kind IN ('monthly', 'default', 'adjustment', 'project')),
        ADD CONSTRAINT declaration_status_check
            CHECK (status IN ('submitted', 'accepted', 'reviewed', 'audited', 'billed', 'settled',
                              'returned', 'superseded', 'withdrawn')),
        ADD CONSTRAINT declaration_adjustment_corrects
            CHECK (kind <> 'adjustment' OR corrects IS NOT NULL),
        ADD CONSTRAINT declaration_default_corrects_nothing
            CHECK (kind <> 'default' OR corrects IS NULL),
        ADD CONSTRAINT declaration_corrects_another CHECK (corrects <> id),
        ADD CONSTRAINT declaration_corrects_fkey
            FOREIGN KEY (unit_id, corrects) REFERENCES declaration (unit_id, id)
    """,
    # One first paper of a month, and one that restates each: the papers of a month are a chain.
    """
    CREATE UNIQUE INDEX declaration_first
        ON declaration (unit_id, period)
     WHERE corrects IS NULL AND kind <> 'project' AND status NOT IN ('superseded', 'withdrawn')
    """,
    """
    CREATE UNIQUE INDEX declaration_chain
        ON declaration (unit_id, corrects)
     WHERE corrects IS NOT NULL AND status NOT IN ('superseded', 'withdrawn')
    """,
    # A corrected line takes back a line of the paper before; a relief line takes off the unit's share.
    """
    ALTER TABLE declaration_line
        DROP CONSTRAINT declaration_line_level_check,
        ADD CONSTRAINT declaration_line_level_check
            CHECK (level IN ('people', 'unit', 'corrected', 'relief')),
        ADD CONSTRAINT declaration_line_relief_check
            CHECK (level <> 'relief' OR (party = 'unit' AND amount_fen <= 0))
    """,
)

BILL = (
    """
    ALTER TABLE bill
        ADD COLUMN credited_fen bigint NOT NULL DEFAULT 0 CHECK (credited_fen >= 0),
        DROP CONSTRAINT bill_kind_check,
        ADD CONSTRAINT bill_kind_check CHECK (kind IN ('contribution', 'charge', 'adjustment'))
    """,
    """
    ALTER TABLE bill_line
        ADD COLUMN credited_fen bigint NOT NULL DEFAULT 0 CHECK (credited_fen >= 0)
    """,
    "DROP INDEX bill_one_a_declaration",
    """
    CREATE UNIQUE INDEX bill_one_a_declaration
        ON bill (unit_id, declaration_id) WHERE kind <> 'charge'
    """,
    # Triggers of these columns alone: payments change others and never meet them.
    """
    CREATE FUNCTION bill_issued_stands() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.total_fen + NEW.credited_fen <> OLD.total_fen + OLD.credited_fen
           OR NEW.credited_fen < OLD.credited_fen THEN
            RAISE EXCEPTION 'what a bill was issued over never changes'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_issued_stands';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER bill_issued_stands
        BEFORE UPDATE OF total_fen, credited_fen ON bill
        FOR EACH ROW EXECUTE FUNCTION bill_issued_stands()
    """,
    """
    CREATE FUNCTION bill_line_issued_stands() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.amount_fen + NEW.credited_fen <> OLD.amount_fen + OLD.credited_fen
           OR NEW.credited_fen < OLD.credited_fen THEN
            RAISE EXCEPTION 'what a line of a bill was issued over never changes'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_line_issued_stands';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER bill_line_issued_stands
        BEFORE UPDATE OF amount_fen, credited_fen ON bill_line
        FOR EACH ROW EXECUTE FUNCTION bill_line_issued_stands()
    """,
)

CREDIT = (
    # What a restated month comes to less than was levied, per insurance, party, account and fund.
    """
    CREATE TABLE credit (
        unit_id        bigint NOT NULL REFERENCES unit (unit_id),
        id             uuid   NOT NULL,
        declaration_id uuid   NOT NULL,
        credit_code    text   NOT NULL,
        district       text   NOT NULL,
        period         text   NOT NULL,
        insurance      text   NOT NULL,
        party          text   NOT NULL CHECK (party IN ('unit', 'personal')),
        account        text   NOT NULL CHECK (account IN ('pooled', 'personal_account')),
        fund           text   NOT NULL,
        amount_fen     bigint NOT NULL CHECK (amount_fen > 0),
        used_fen       bigint NOT NULL DEFAULT 0 CHECK (used_fen BETWEEN 0 AND amount_fen),
        granted_on     date   NOT NULL,
        PRIMARY KEY (unit_id, id),
        UNIQUE (unit_id, declaration_id, insurance, party, account, fund),
        FOREIGN KEY (unit_id, declaration_id) REFERENCES declaration (unit_id, id)
    )
    """,
    "CREATE INDEX credit_standing ON credit (unit_id, period, id) WHERE used_fen < amount_fen",
    "CREATE INDEX credit_of_period ON credit (period, district)",
    # Which fen of which credit lowered which line.
    """
    CREATE TABLE credit_use (
        unit_id    bigint   NOT NULL,
        credit_id  uuid     NOT NULL,
        bill_id    uuid     NOT NULL,
        line_no    smallint NOT NULL,
        amount_fen bigint   NOT NULL CHECK (amount_fen > 0),
        used_on    date     NOT NULL,
        PRIMARY KEY (unit_id, credit_id, bill_id, line_no),
        FOREIGN KEY (unit_id, credit_id) REFERENCES credit (unit_id, id),
        FOREIGN KEY (unit_id, bill_id, line_no) REFERENCES bill_line (unit_id, bill_id, line_no)
    )
    """,
    "CREATE INDEX credit_use_of_bill ON credit_use (unit_id, bill_id)",
    # Credits given back in money (退费), asked for by one person of the centre, approved by another.
    """
    CREATE TABLE credit_refund (
        unit_id      bigint      NOT NULL REFERENCES unit (unit_id),
        id           uuid        NOT NULL,
        credit_code  text        NOT NULL,
        district     text        NOT NULL,
        status       text        NOT NULL CHECK (status IN ('requested', 'approved', 'refused')),
        amount_fen   bigint      NOT NULL CHECK (amount_fen > 0),
        requested_on date        NOT NULL,
        decided_on   date        CHECK (decided_on >= requested_on),
        note         text        NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        CHECK ((status = 'requested') = (decided_on IS NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX credit_refund_one_waiting
        ON credit_refund (unit_id) WHERE status = 'requested'
    """,
    """
    CREATE TABLE credit_refund_line (
        unit_id    bigint NOT NULL,
        refund_id  uuid   NOT NULL,
        credit_id  uuid   NOT NULL,
        amount_fen bigint NOT NULL CHECK (amount_fen > 0),
        PRIMARY KEY (unit_id, refund_id, credit_id),
        FOREIGN KEY (unit_id, refund_id) REFERENCES credit_refund (unit_id, id),
        FOREIGN KEY (unit_id, credit_id) REFERENCES credit (unit_id, id)
    )
    """,
)

GRANTS = {
    "bill": "UPDATE (total_fen, credited_fen)",
    "bill_line": "UPDATE (amount_fen, credited_fen)",
    "credit": "SELECT, INSERT, UPDATE (used_fen)",
    "credit_use": "SELECT, INSERT",
    "credit_refund": "SELECT, INSERT, UPDATE (status, decided_on)",
    "credit_refund_line": "SELECT, INSERT",
}

UNDONE = (
    "DROP TABLE credit_refund_line",
    "DROP TABLE credit_refund",
    "DROP TABLE credit_use",
    "DROP TABLE credit",
    "DROP TRIGGER bill_line_issued_stands ON bill_line",
    "DROP FUNCTION bill_line_issued_stands()",
    "DROP TRIGGER bill_issued_stands ON bill",
    "DROP FUNCTION bill_issued_stands()",
    f"REVOKE UPDATE (amount_fen) ON bill_line FROM {ROLE}",
    f"REVOKE UPDATE (total_fen) ON bill FROM {ROLE}",
    "DROP INDEX bill_one_a_declaration",
    """
    CREATE UNIQUE INDEX bill_one_a_declaration
        ON bill (unit_id, declaration_id) WHERE kind = 'contribution'
    """,
    "ALTER TABLE bill_line DROP COLUMN credited_fen",
    """
    ALTER TABLE bill
        DROP COLUMN credited_fen,
        DROP CONSTRAINT bill_kind_check,
        ADD CONSTRAINT bill_kind_check CHECK (kind IN ('contribution', 'charge'))
    """,
    """
    ALTER TABLE declaration_line
        DROP CONSTRAINT declaration_line_relief_check,
        DROP CONSTRAINT declaration_line_level_check,
        ADD CONSTRAINT declaration_line_level_check CHECK (level IN ('people', 'unit'))
    """,
    "DROP INDEX declaration_chain",
    "DROP INDEX declaration_first",
    """
    ALTER TABLE declaration
        DROP CONSTRAINT declaration_corrects_fkey,
        DROP CONSTRAINT declaration_corrects_another,
        DROP CONSTRAINT declaration_default_corrects_nothing,
        DROP CONSTRAINT declaration_adjustment_corrects,
        DROP CONSTRAINT declaration_status_check,
        DROP CONSTRAINT declaration_kind_check,
        ADD CONSTRAINT declaration_kind_check CHECK (kind IN ('monthly')),
        ADD CONSTRAINT declaration_status_check
            CHECK (status IN ('submitted', 'accepted', 'reviewed', 'audited', 'billed', 'settled',
                              'returned')),
        DROP COLUMN review_id,
        DROP COLUMN note,
        DROP COLUMN reason_code,
        DROP COLUMN corrects
    """,
)


def upgrade() -> None:
    """Let papers restate papers and credits lower bills; make the tables of credits."""
    for statement in (*DECLARATION, *BILL, *CREDIT):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made. Refuses by itself while a month is restated: it is money."""
    for statement in UNDONE:
        op.execute(statement)
