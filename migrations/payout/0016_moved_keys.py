"""The operator may seal names and accounts with another key: nothing else, and nobody else."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.security import key_check, resealing

revision = "payout_0016"
down_revision = "payout_0015"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
# Table → its accounts, which never change otherwise, and its other sealed columns.
SEALED: Final = {
    "entitlement": (("bank_number", "bank_holder"), ("name", "sealed_number")),
    "entitlement_end": (("name",), ("sealed_number",)),
    "claim_line": (("bank_number", "bank_holder"), ("payee_name", "sealed_number")),
    "payment_line": (("payee_name", "bank_number", "bank_holder"), ()),
    "account_correction": (("bank_number", "bank_holder"), ()),
}
PLAIN: Final = "decode('00', 'hex')"

RESEALED: Final = """
CREATE FUNCTION is_resealed(before bytea, after bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE substring(after FROM 1 FOR 1)
           WHEN decode('01', 'hex')
           THEN substring(before FROM 1 FOR 1) = decode('00', 'hex')
                OR moved_to_key(substring(before FROM 2), substring(after FROM 2))
           WHEN decode('02', 'hex') THEN moved_to_key(before, after)
           ELSE false
           END
$$
"""

REFUSE: Final = f"""
CREATE OR REPLACE FUNCTION refuse_sealed_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb;
    after  jsonb;
BEGIN
    -- The operator's command seals with another key: every other column stays, and each sealed one
    -- stays or moves from one noted key to another. The service itself may not.
    IF TG_OP = 'UPDATE' AND current_user <> '{ROLE}' THEN
        before := to_jsonb(OLD);
        after := to_jsonb(NEW);
        IF before - TG_ARGV = after - TG_ARGV AND NOT EXISTS (
               SELECT
                 FROM unnest(TG_ARGV) AS name
                WHERE before ->> name IS DISTINCT FROM after ->> name
                  AND is_resealed(CAST(before ->> name AS bytea), CAST(after ->> name AS bytea))
                      IS NOT TRUE)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a sealed value of % never changes', TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
END
$$
"""

REFUSE_ALL: Final = """
CREATE OR REPLACE FUNCTION refuse_sealed_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a sealed value of % never changes', TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    """Let a value move to another key, and note which keys are retired."""
    op.execute(key_check.RETIRED_DDL)
    for statement in (*resealing.MOVED_DDL, RESEALED, REFUSE):
        op.execute(statement)
    for table, (fixed, others) in SEALED.items():
        _guard(table, fixed, (*fixed, *others))


def _guard(table: str, fixed: tuple[str, ...], sealed: tuple[str, ...]) -> None:
    changed = " OR ".join(
        f"(OLD.{column} <> NEW.{column} AND substring(OLD.{column} FROM 1 FOR 1) <> {PLAIN})"
        for column in fixed
    )
    names = ", ".join(f"'{column}'" for column in sealed)
    op.execute(f"DROP TRIGGER {table}_sealed_once ON {table}")
    op.execute(f"""
        CREATE TRIGGER {table}_sealed_once BEFORE UPDATE OF {", ".join(fixed)} ON {table}
           FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION refuse_sealed_change({names})
    """)


def downgrade() -> None:
    """Refuse every change again."""
    for table, (fixed, _) in SEALED.items():
        _guard(table, fixed, ())
    op.execute(REFUSE_ALL)
    op.execute("DROP FUNCTION is_resealed(bytea, bytea)")
    op.execute("DROP FUNCTION moved_to_key(bytea, bytea)")
    op.execute("DROP FUNCTION sealed_with(bytea)")
    op.execute("ALTER TABLE key_fingerprint DROP COLUMN retired_at")
