"""Three-party agreements of direct debits, banks with their formats, and bills left out of a batch.

A unit that gave an account and pays by debit gets an agreement that is carried over: it was debited
under a paper that the system did not hold.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.collection.common.store import shipped

revision = "collection_0039"
down_revision = "collection_0038"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

TABLES: Final = (
    """
    CREATE TABLE bank_profile (
        code          text    PRIMARY KEY,
        name          text    NOT NULL,
        format        text    NOT NULL,
        own_account   text    NOT NULL,
        own_name      text    NOT NULL,
        own_bank      text    NOT NULL,
        own_bank_code text    NOT NULL,
        own_id        text    NOT NULL,
        lines_max     integer NOT NULL CHECK (lines_max BETWEEN 1 AND 1000000)
    )
    """,
    """
    CREATE TABLE bank_profile_correction (
        id         uuid        PRIMARY KEY,
        code       text        NOT NULL,
        profile    jsonb       NOT NULL,
        reason     text        NOT NULL,
        status     text        NOT NULL CHECK (status IN ('filed', 'approved', 'refused')),
        filed_by   text        NOT NULL,
        filed_at   timestamptz NOT NULL DEFAULT now(),
        decided_at timestamptz
    )
    """,
    "CREATE UNIQUE INDEX bank_profile_correction_one ON bank_profile_correction (code) "
    "WHERE status = 'filed'",
    """
    CREATE TABLE debit_agreement (
        unit_id      bigint      NOT NULL,
        id           uuid        NOT NULL,
        credit_code  text        NOT NULL,
        district     text        NOT NULL,
        number       text        NOT NULL,
        bank_code    text        NOT NULL,
        bank         jsonb       NOT NULL,
        valid_from   date        NOT NULL,
        valid_to     date,
        limit_fen    bigint      CHECK (limit_fen > 0),
        signed_on    date,
        cancelled_on date,
        ends_on      date,
        status       text        NOT NULL
                     CHECK (status IN ('filed', 'approved', 'refused', 'cancelling', 'cancelled',
                                       'replaced')),
        carried_over boolean     NOT NULL DEFAULT false,
        created_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        CHECK (valid_to >= valid_from),
        CHECK ((signed_on IS NULL) = carried_over),
        CHECK ((status IN ('cancelled', 'replaced')) <= (ends_on IS NOT NULL))
    )
    """,
    "CREATE UNIQUE INDEX debit_agreement_filed ON debit_agreement (unit_id) WHERE status = 'filed'",
    """
    CREATE UNIQUE INDEX debit_agreement_open ON debit_agreement (unit_id)
     WHERE status IN ('approved', 'cancelling')
    """,
    """
    CREATE INDEX debit_agreement_unsealed ON debit_agreement (unit_id)
     WHERE bank ->> 'number' NOT LIKE 'sealed:%'
    """,
    """
    CREATE TABLE debit_exclusion (
        unit_id     bigint NOT NULL,
        batch_id    uuid   NOT NULL,
        bill_id     uuid   NOT NULL,
        credit_code text   NOT NULL,
        name        text   NOT NULL,
        amount_fen  bigint NOT NULL,
        reason      text   NOT NULL,
        PRIMARY KEY (unit_id, batch_id, bill_id)
    )
    """,
    "CREATE INDEX debit_exclusion_of_batch ON debit_exclusion (batch_id, unit_id, bill_id)",
    "ALTER TABLE debit_batch ADD COLUMN bank text NOT NULL DEFAULT 'city'",
    "ALTER TABLE debit_batch ADD COLUMN excluded_lines bigint NOT NULL DEFAULT 0",
    "ALTER TABLE debit_batch ADD COLUMN file_no text",
    """
    UPDATE debit_batch
       SET file_no = 'D' || to_char(debit_date, 'YYYYMMDD') || '-' || right(replace(id::text, '-', ''), 12)
    """,
    "ALTER TABLE debit_batch ALTER COLUMN file_no SET NOT NULL",
    "CREATE UNIQUE INDEX debit_batch_file_no ON debit_batch (file_no)",
    "ALTER TABLE debit_line ADD COLUMN agreement_id uuid",
    "CREATE INDEX debit_line_of_bill ON debit_line (unit_id, bill_id)",
    """
    INSERT INTO debit_agreement (unit_id, id, credit_code, district, number, bank_code, bank,
                                 valid_from, status, carried_over)
    SELECT unit_id, gen_random_uuid(), credit_code, district, 'carried-over', 'city', bank,
           DATE '1999-01-22', 'approved', true
      FROM unit
     WHERE collector = 'bank_debit' AND jsonb_typeof(bank) = 'object'
    """,
)

GRANTS: Final = (
    f"GRANT SELECT, INSERT, UPDATE ON bank_profile, bank_profile_correction, debit_agreement TO {ROLE}",
    f"GRANT SELECT, INSERT ON debit_exclusion TO {ROLE}",
)


def upgrade() -> None:
    """Create the tables, name the files of old batches, and carry the accounts of units over."""
    for statement in (*TABLES, *GRANTS):
        op.execute(statement)
    profile = sa.table(
        "bank_profile",
        *(
            sa.column(name)
            for name in (
                *("code", "name", "format", "own_account", "own_name", "own_bank"),
                *("own_bank_code", "own_id", "lines_max"),
            )
        ),
    )
    op.bulk_insert(profile, shipped.read("bank_profiles.json")["banks"])
    insert = sa.text("""
        INSERT INTO debit_reason (code, class, meaning, source, certain)
        VALUES (:code, :class, :meaning, :source, :certain)
        ON CONFLICT (code) DO NOTHING
    """)
    op.get_bind().execute(insert, shipped.debit_reasons()["codes"])


def downgrade() -> None:
    """Drop the tables and columns; the reason codes stay, since lines name them."""
    op.execute("DROP INDEX debit_line_of_bill")
    op.execute("ALTER TABLE debit_line DROP COLUMN agreement_id")
    for column in ("file_no", "excluded_lines", "bank"):
        op.execute(f"ALTER TABLE debit_batch DROP COLUMN {column}")
    for table in ("debit_exclusion", "debit_agreement", "bank_profile_correction", "bank_profile"):
        op.execute(f"DROP TABLE {table}")
