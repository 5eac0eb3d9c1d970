"""The collector of a region by day; and no debit of a bill that the tax bureau collects."""

from __future__ import annotations

from alembic import op

revision = "collection_0033"
down_revision = "collection_0032"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

UP = (
    """
    CREATE TABLE collection_mode (
        region      text        NOT NULL,
        id          uuid        PRIMARY KEY,
        mode        text        NOT NULL CHECK (mode IN ('agency', 'tax')),
        valid_from  date        NOT NULL,
        status      text        NOT NULL CHECK (status IN ('proposed', 'approved', 'refused')),
        reason      text        NOT NULL,
        document    text        NOT NULL,
        proposed_by text        NOT NULL,
        proposed_at timestamptz NOT NULL,
        decided_by  text,
        decided_at  timestamptz,
        CHECK ((status = 'proposed') = (decided_by IS NULL)),
        CHECK (decided_by IS DISTINCT FROM proposed_by)
    )
    """,
    """
    CREATE UNIQUE INDEX collection_mode_one_a_day
        ON collection_mode (region, valid_from) WHERE status = 'approved'
    """,
    "CREATE INDEX bill_to_debit ON bill (unit_id, id)"
    " WHERE collector = 'bank_debit' AND status <> 'settled'",
    # Whatever code asks for: a bill is debited or collected by tax, never both.
    """
    CREATE FUNCTION debit_line_not_of_tax() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM bill
                    WHERE unit_id = NEW.unit_id AND id = NEW.bill_id AND collector = 'tax') THEN
            RAISE EXCEPTION 'a bill that the tax bureau collects is not debited'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_line_not_of_tax';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER debit_line_not_of_tax BEFORE INSERT ON debit_line
        FOR EACH ROW EXECUTE FUNCTION debit_line_not_of_tax()
    """,
    """
    CREATE FUNCTION bill_not_with_bank() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM debit_line
                    WHERE unit_id = NEW.unit_id AND bill_id = NEW.id
                      AND status IN ('waiting', 'unknown')) THEN
            RAISE EXCEPTION 'a bill that is with the bank does not change hands'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_not_with_bank';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER bill_not_with_bank BEFORE UPDATE OF collector ON bill
        FOR EACH ROW WHEN (NEW.collector <> OLD.collector) EXECUTE FUNCTION bill_not_with_bank()
    """,
    f"GRANT SELECT, INSERT, UPDATE (status, decided_by, decided_at) ON collection_mode TO {ROLE}",
    f"GRANT UPDATE (collector) ON bill TO {ROLE}",
)

DOWN = (
    f"REVOKE UPDATE (collector) ON bill FROM {ROLE}",
    "DROP TRIGGER bill_not_with_bank ON bill",
    "DROP FUNCTION bill_not_with_bank",
    "DROP TRIGGER debit_line_not_of_tax ON debit_line",
    "DROP FUNCTION debit_line_not_of_tax",
    "DROP INDEX bill_to_debit",
    "DROP TABLE collection_mode",
)


def upgrade() -> None:
    """Make the table and the guards."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop what the upgrade made."""
    for statement in DOWN:
        op.execute(statement)
