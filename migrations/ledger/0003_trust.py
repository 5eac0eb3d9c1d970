"""Anchors, the chain's hash function, partial reversals, and holds that are given back together.

What guarded "reversed once" was a unique index; with partial reversals it is a sum, kept by a
trigger for whoever writes: all reversals of a voucher together never exceed it in any place.
"""

from __future__ import annotations

from alembic import op

from shared.db import role_of

revision = "ledger_0003"
down_revision = "ledger_0002"
branch_labels = None
depends_on = None

ROLE = role_of("ledger")

UP = (
    "ALTER TABLE slot_head ADD COLUMN algorithm text NOT NULL DEFAULT 'sha256'",
    """
    ALTER TABLE slot_head ADD CONSTRAINT slot_head_algorithm_known
        CHECK (algorithm IN ('sha256', 'sm3'))
    """,
    # The head of a slot's chain when a day had ended, written once and for ever.
    """
    CREATE TABLE chain_anchor (
        slot        integer     NOT NULL,
        day         date        NOT NULL,
        seq         bigint      NOT NULL,
        hash        bytea       NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (slot, day)
    )
    """,
    """
    CREATE TRIGGER chain_anchor_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON chain_anchor
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    f"GRANT SELECT, INSERT ON chain_anchor TO {ROLE}",
    "DROP INDEX voucher_reversed_once",
    """
    CREATE INDEX voucher_reversing
        ON voucher (slot, reverses_seq) WHERE reverses_seq IS NOT NULL
    """,
    """
    CREATE FUNCTION refuse_over_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        broken record;
    BEGIN
        IF NOT EXISTS (SELECT FROM fresh WHERE debit_fen < 0 OR credit_fen < 0) THEN
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
    CREATE TRIGGER entry_reversal_within_original AFTER INSERT ON entry
        REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_over_reversal()
    """,
    # One event may give back many holds; of each of them once.
    "DROP INDEX hold_movement_one_release_per_event",
    """
    CREATE UNIQUE INDEX hold_movement_one_release_per_event
        ON hold_movement (slot, source, event_id, hold_id) WHERE kind = 'release'
    """,
)
DOWN = (
    "DROP INDEX hold_movement_one_release_per_event",
    """
    CREATE UNIQUE INDEX hold_movement_one_release_per_event
        ON hold_movement (slot, source, event_id) WHERE kind = 'release'
    """,
    "DROP TRIGGER entry_reversal_within_original ON entry",
    "DROP FUNCTION refuse_over_reversal()",
    "DROP INDEX voucher_reversing",
    """
    CREATE UNIQUE INDEX voucher_reversed_once
        ON voucher (slot, reverses_seq) WHERE reverses_seq IS NOT NULL
    """,
    "DROP TABLE chain_anchor",
    "ALTER TABLE slot_head DROP COLUMN algorithm",
)


def upgrade() -> None:
    """Let days be anchored, the hash function be chosen, and vouchers be reversed in parts."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Back to whole reversals; refused by the data where partial ones were made."""
    for statement in DOWN:
        op.execute(statement)
