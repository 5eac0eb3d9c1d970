"""Late fees, interest, deferrals, repayment plans, dunning and certificates.

Charges (加收) are fixed when a late payment is booked and asked for by a bill of their own: `kind`
tells it from a bill over contributions, `of_bill` says whose lateness it charges. Charges, notices
and certificates are facts: the service's role may add them and never change them.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0003"
down_revision = "collection_0002"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

BILLS = (
    """
    ALTER TABLE bill
        ADD COLUMN kind    text NOT NULL DEFAULT 'contribution'
            CONSTRAINT bill_kind_check CHECK (kind IN ('contribution', 'charge')),
        ADD COLUMN of_bill uuid,
        ADD CONSTRAINT bill_charge_names_its_bill CHECK (kind <> 'charge' OR of_bill IS NOT NULL)
    """,
    "ALTER TABLE bill DROP CONSTRAINT bill_unit_id_declaration_id_key",
    """
    CREATE UNIQUE INDEX bill_one_a_declaration
        ON bill (unit_id, declaration_id) WHERE kind = 'contribution'
    """,
    "CREATE INDEX bill_open_of_district ON bill (district, due_on, unit_id) WHERE status <> 'settled'",
    # On a charge bill the account of a line is the kind of its charge.
    """
    ALTER TABLE bill_line
        DROP CONSTRAINT bill_line_account_check,
        ADD CONSTRAINT bill_line_account_check
            CHECK (account IN ('pooled', 'personal_account', 'late_fee', 'interest'))
    """,
    # The day the unit paid decides about lateness; the day of the books may be later.
    "ALTER TABLE allocation ADD COLUMN paid_on date",
    "UPDATE allocation SET paid_on = book_date",
    "ALTER TABLE allocation ALTER COLUMN paid_on SET NOT NULL",
)

CHARGES = (
    # `parts` is the exact product: amounts of one line are rounded together, not one by one.
    # `charge_bill_id` is null where all of a payment's charges round to nothing.
    """
    CREATE TABLE charge (
        unit_id        bigint      NOT NULL,
        id             uuid        NOT NULL,
        bill_id        uuid        NOT NULL,
        line_no        smallint    NOT NULL,
        kind           text        NOT NULL CHECK (kind IN ('late_fee', 'interest')),
        event_id       uuid        NOT NULL,
        period         text        NOT NULL,
        insurance      text        NOT NULL,
        fund           text        NOT NULL,
        principal_fen  bigint      NOT NULL CHECK (principal_fen > 0),
        due_on         date        NOT NULL,
        paid_on        date        NOT NULL CHECK (paid_on > due_on),
        fixed_on       date        NOT NULL,
        days           integer     NOT NULL CHECK (days > 0),
        parts          numeric     NOT NULL CHECK (parts >= 0),
        amount_fen     bigint      NOT NULL CHECK (amount_fen >= 0),
        charge_bill_id uuid,
        explanation    jsonb       NOT NULL,
        made_at        timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        UNIQUE (unit_id, event_id, bill_id, line_no, kind),
        FOREIGN KEY (unit_id, bill_id, line_no) REFERENCES bill_line (unit_id, bill_id, line_no)
    )
    """,
    "CREATE INDEX charge_of_bill ON charge (unit_id, bill_id)",
)

AGREEMENTS = (
    # `ended_on` is the last day of an agreement that was ended before its time.
    """
    CREATE TABLE agreement (
        unit_id     bigint      NOT NULL REFERENCES unit (unit_id),
        id          uuid        NOT NULL,
        kind        text        NOT NULL CHECK (kind IN ('deferral', 'repayment')),
        credit_code text        NOT NULL,
        district    text        NOT NULL,
        insurances  text[]      NOT NULL CHECK (cardinality(insurances) > 0),
        period_from text        NOT NULL,
        period_to   text        NOT NULL CHECK (period_to >= period_from),
        from_day    date        NOT NULL,
        to_day      date        NOT NULL CHECK (to_day >= from_day),
        status      text        NOT NULL CHECK (status IN ('filed', 'approved', 'refused', 'ended')),
        ended_on    date        CHECK (ended_on < to_day),
        reason      text        NOT NULL,
        filed_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        CHECK ((status = 'ended') = (ended_on IS NOT NULL))
    )
    """,
    "CREATE INDEX agreement_of_district ON agreement (district, status, unit_id, id)",
    """
    CREATE TABLE agreement_instalment (
        unit_id      bigint   NOT NULL,
        agreement_id uuid     NOT NULL,
        number       smallint NOT NULL,
        due_on       date     NOT NULL,
        amount_fen   bigint   NOT NULL CHECK (amount_fen > 0),
        PRIMARY KEY (unit_id, agreement_id, number),
        FOREIGN KEY (unit_id, agreement_id) REFERENCES agreement (unit_id, id)
    )
    """,
)

PAPERS = (
    # One row a district and day; locking it makes two runs of one day take turns.
    """
    CREATE TABLE dunning_run (
        district_key bigint  NOT NULL,
        day          date    NOT NULL,
        district     text    NOT NULL,
        notices      integer NOT NULL CHECK (notices >= 0),
        PRIMARY KEY (district_key, day)
    )
    """,
    """
    CREATE TABLE dunning_notice (
        unit_id      bigint      NOT NULL REFERENCES unit (unit_id),
        id           uuid        NOT NULL,
        number       text        NOT NULL,
        credit_code  text        NOT NULL,
        district     text        NOT NULL,
        day          date        NOT NULL,
        oldest       text        NOT NULL,
        open_fen     bigint      NOT NULL CHECK (open_fen > 0),
        late_fee_fen bigint      NOT NULL CHECK (late_fee_fen >= 0),
        interest_fen bigint      NOT NULL CHECK (interest_fen >= 0),
        made_by      text        NOT NULL,
        made_at      timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        UNIQUE (unit_id, day)
    )
    """,
    "CREATE INDEX dunning_notice_of_district ON dunning_notice (district, unit_id, id)",
    """
    CREATE TABLE dunning_line (
        unit_id      bigint NOT NULL,
        notice_id    uuid   NOT NULL,
        insurance    text   NOT NULL,
        party        text   NOT NULL CHECK (party IN ('unit', 'personal')),
        open_fen     bigint NOT NULL CHECK (open_fen > 0),
        late_fee_fen bigint NOT NULL CHECK (late_fee_fen >= 0),
        interest_fen bigint NOT NULL CHECK (interest_fen >= 0),
        PRIMARY KEY (unit_id, notice_id, insurance, party),
        FOREIGN KEY (unit_id, notice_id) REFERENCES dunning_notice (unit_id, id)
    )
    """,
    """
    CREATE TABLE certificate (
        unit_id      bigint      NOT NULL REFERENCES unit (unit_id),
        id           uuid        NOT NULL,
        number       text        NOT NULL,
        credit_code  text        NOT NULL,
        district     text        NOT NULL,
        as_of        date        NOT NULL,
        period_from  text        NOT NULL,
        period_to    text        NOT NULL CHECK (period_to >= period_from),
        billed_fen   bigint      NOT NULL CHECK (billed_fen > 0),
        deferred_fen bigint      NOT NULL CHECK (deferred_fen >= 0),
        issued_by    text        NOT NULL,
        issued_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        UNIQUE (unit_id, number)
    )
    """,
)

GRANTS = {
    "charge": "SELECT, INSERT",
    "agreement": "SELECT, INSERT, UPDATE (status, ended_on)",
    "agreement_instalment": "SELECT, INSERT",
    "dunning_run": "SELECT, INSERT, UPDATE (notices)",
    "dunning_notice": "SELECT, INSERT",
    "dunning_line": "SELECT, INSERT",
    "certificate": "SELECT, INSERT",
}


def upgrade() -> None:
    """Let bills charge lateness; make the tables of charges, agreements, notices, certificates."""
    for statement in (*BILLS, *CHARGES, *AGREEMENTS, *PAPERS):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made. Refuses by itself while charge bills exist: they are money."""
    for table in reversed(GRANTS):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE allocation DROP COLUMN paid_on")
    op.execute("""
        ALTER TABLE bill_line
            DROP CONSTRAINT bill_line_account_check,
            ADD CONSTRAINT bill_line_account_check
                CHECK (account IN ('pooled', 'personal_account'))
    """)
    op.execute("DROP INDEX bill_open_of_district")
    op.execute("DROP INDEX bill_one_a_declaration")
    op.execute("""
        ALTER TABLE bill
            DROP COLUMN of_bill,
            DROP COLUMN kind,
            ADD CONSTRAINT bill_unit_id_declaration_id_key UNIQUE (unit_id, declaration_id)
    """)
