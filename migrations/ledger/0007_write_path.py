"""The triggers of the write path look at a statement's rows once.

They hold what they held. Only a statement in which something is wrong, or red, or old, is looked
at again, to name what it is.
"""

from __future__ import annotations

from alembic import op

revision = "ledger_0007"
down_revision = "ledger_0006"
branch_labels = None
depends_on = None

UP = (
    # What this function checked, the trigger of balance now does, on statements with red letters.
    "DROP TRIGGER entry_reversal_within_original ON entry",
    """
    CREATE OR REPLACE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        look   record;
        broken record;
    BEGIN
        SELECT bool_or(net_fen <> 0) AS unbalanced, bool_or(red) AS red
          INTO look
          FROM (SELECT SUM(debit_fen - credit_fen) AS net_fen,
                       bool_or(debit_fen < 0 OR credit_fen < 0) AS red
                  FROM fresh
                 GROUP BY slot, seq, fund, book) AS sums;
        IF look.unbalanced THEN
            SELECT slot, seq, fund, book
              INTO broken
              FROM fresh
             GROUP BY slot, seq, fund, book
            HAVING SUM(debit_fen - credit_fen) <> 0
             LIMIT 1;
            RAISE EXCEPTION 'voucher %/% does not balance in fund %, book %',
                broken.slot, broken.seq, broken.fund, broken.book
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_balanced';
        END IF;
        IF NOT look.red THEN
            RETURN NULL;
        END IF;
        SELECT fresh.slot, fresh.seq
          INTO broken
          FROM fresh
          LEFT JOIN voucher ON voucher.slot = fresh.slot AND voucher.seq = fresh.seq
         WHERE (fresh.debit_fen < 0 OR fresh.credit_fen < 0) AND voucher.reverses_seq IS NULL
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'voucher %/% is red and reverses nothing', broken.slot, broken.seq
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_red_reverses';
        END IF;
        SELECT original.slot, original.seq
          INTO broken
          FROM (SELECT DISTINCT voucher.slot, voucher.reverses_seq AS seq
                  FROM fresh
                  JOIN voucher ON voucher.slot = fresh.slot AND voucher.seq = fresh.seq
                 WHERE voucher.reverses_seq IS NOT NULL) AS original
         CROSS JOIN LATERAL (
               SELECT FROM (
                      SELECT original.seq
                       UNION ALL
                      SELECT seq
                        FROM voucher
                       WHERE slot = original.slot AND reverses_seq = original.seq) AS one
                 JOIN entry ON entry.slot = original.slot AND entry.seq = one.seq
                GROUP BY entry.book, entry.fund, entry.account, entry.district
               HAVING SUM(entry.debit_fen) < 0 OR SUM(entry.credit_fen) < 0
                LIMIT 1) AS exceeded
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'voucher %/% would be reversed beyond itself', broken.slot, broken.seq
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_reversal_within_original';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE OR REPLACE FUNCTION refuse_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        earliest date;
        broken   record;
    BEGIN
        SELECT MIN(day) INTO earliest FROM fresh;
        IF NOT EXISTS (SELECT FROM slot_head WHERE closed_until >= earliest) THEN
            RETURN NULL;
        END IF;
        SELECT fresh.slot, fresh.day
          INTO broken
          FROM fresh
          JOIN slot_head ON slot_head.slot = fresh.slot
         WHERE fresh.day <= slot_head.closed_until
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'day % of slot % is closed', broken.day, broken.slot
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bucket_day_open';
        END IF;
        RETURN NULL;
    END
    $$
    """,
)
DOWN = (
    """
    CREATE OR REPLACE FUNCTION refuse_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        broken record;
    BEGIN
        SELECT fresh.slot, fresh.day
          INTO broken
          FROM fresh
          JOIN slot_head ON slot_head.slot = fresh.slot
         WHERE fresh.day <= slot_head.closed_until
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'day % of slot % is closed', broken.day, broken.slot
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bucket_day_open';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE OR REPLACE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        broken record;
    BEGIN
        SELECT slot, seq, fund, book
          INTO broken
          FROM fresh
         GROUP BY slot, seq, fund, book
        HAVING SUM(debit_fen - credit_fen) <> 0
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'voucher %/% does not balance in fund %, book %',
                broken.slot, broken.seq, broken.fund, broken.book
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_balanced';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER entry_reversal_within_original AFTER INSERT ON entry
        REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_over_reversal()
    """,
)


def upgrade() -> None:
    """One look instead of two, and none at heads where nothing is closed."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Back to a trigger for each rule."""
    for statement in DOWN:
        op.execute(statement)
