"""A voucher is reversed by two people: the papers, and a trigger that demands one (decision 0053)."""

from __future__ import annotations

from alembic import op

from shared.db import role_of
from shared.process.spread import place
from shared.trail import folded_sql

revision = "ledger_0046"
down_revision = "ledger_0045"
branch_labels = None
depends_on = None

ROLE = role_of("ledger")
PROPOSED = "slot, id, seq, book_date, summary, lines, proposed_by"
DECIDED = "status, decided_by, decided_at, refusal, reversal_seq"
UP = (
    f"""
    CREATE TABLE voucher_reversal (
        slot         integer     NOT NULL,
        id           uuid        NOT NULL,
        seq          bigint      NOT NULL,
        book_date    date        NOT NULL,
        summary      text        NOT NULL,
        lines        jsonb       NOT NULL,
        proposed_by  text        NOT NULL,
        proposed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        status       text        NOT NULL DEFAULT 'proposed',
        decided_by   text,
        decided_at   timestamptz,
        refusal      text,
        reversal_seq bigint,
        PRIMARY KEY (slot, id),
        CONSTRAINT voucher_reversal_status_known
            CHECK (status IN ('proposed', 'posted', 'refused')),
        CONSTRAINT voucher_reversal_decided CHECK (
            (status = 'proposed') = (decided_by IS NULL)
            AND (decided_by IS NULL) = (decided_at IS NULL)
            AND (status = 'refused') = (refusal IS NOT NULL)
            AND (status = 'posted') = (reversal_seq IS NOT NULL)),
        CONSTRAINT voucher_reversal_two_people
            CHECK ({folded_sql("decided_by")} <> {folded_sql("proposed_by")})
    )
    """,
    place("voucher_reversal", "slot", beside="voucher"),
    """
    ALTER TABLE voucher_reversal ADD CONSTRAINT voucher_reversal_of_voucher
        FOREIGN KEY (slot, seq) REFERENCES voucher (slot, seq)
    """,
    """
    CREATE UNIQUE INDEX voucher_reversal_open
        ON voucher_reversal (slot, seq) WHERE status = 'proposed'
    """,
    """
    CREATE UNIQUE INDEX voucher_reversal_posted
        ON voucher_reversal (slot, reversal_seq) WHERE status = 'posted'
    """,
    f"GRANT SELECT ON voucher_reversal TO {ROLE}",
    f"GRANT INSERT ({PROPOSED}) ON voucher_reversal TO {ROLE}",
    f"GRANT UPDATE ({DECIDED}) ON voucher_reversal TO {ROLE}",
    """
    CREATE TRIGGER voucher_reversal_stays BEFORE DELETE OR TRUNCATE ON voucher_reversal
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER voucher_reversal_decided_once BEFORE UPDATE ON voucher_reversal
        FOR EACH ROW WHEN (OLD.status <> 'proposed')
        EXECUTE FUNCTION refuse_change()
    """,
    # A carry-over is reversed by the reopening of its year, which two people sign.
    """
    CREATE FUNCTION refuse_unsigned_reversal() RETURNS trigger LANGUAGE plpgsql
        SET search_path = ledger, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM voucher_reversal AS r
             WHERE r.slot = NEW.slot AND r.seq = NEW.reverses_seq
               AND r.reversal_seq = NEW.seq AND r.status = 'posted')
           AND NOT EXISTS (
            SELECT FROM voucher AS v
             WHERE v.slot = NEW.slot AND v.seq = NEW.reverses_seq AND v.kind = 'carry_over')
        THEN
            RAISE EXCEPTION 'voucher %/% reverses another one, and no two people have signed it',
                NEW.slot, NEW.seq
                USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_reversal_signed';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER voucher_reversal_signed AFTER INSERT ON voucher
        FOR EACH ROW WHEN (NEW.reverses_seq IS NOT NULL)
        EXECUTE FUNCTION refuse_unsigned_reversal()
    """,
)
DOWN = (
    "DROP TRIGGER voucher_reversal_signed ON voucher",
    "DROP FUNCTION refuse_unsigned_reversal()",
    "DROP TABLE voucher_reversal",
)


def upgrade() -> None:
    """Make the papers; reversals posted until now stay as they are."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them: one person reverses again."""
    for statement in DOWN:
        op.execute(statement)
