"""The service seals the numbers of units' accounts that lie readable, each once."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0029"
down_revision = "collection_0028"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"
READABLE: Final = "{0} ->> 'number' NOT LIKE 'sealed:%'"
COLUMNS: Final = {
    "unit": ("bank",),
    "register_change": ("before -> 'bank'", "after -> 'bank'"),
    "debit_line": ("bank",),
}

REFUSE = """
CREATE FUNCTION refuse_sealed_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a sealed account of % never changes', TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    """Find rows that wait by an index, and let the service change nothing but a readable number."""
    op.execute(REFUSE)
    for table, accounts in COLUMNS.items():
        waits = " OR ".join(READABLE.format(account) for account in accounts)
        op.execute(f"CREATE INDEX {table}_unsealed ON {table} (unit_id) WHERE {waits}")
    op.execute(f"GRANT UPDATE (before, after) ON register_change TO {ROLE}")
    op.execute(f"GRANT UPDATE (bank) ON debit_line TO {ROLE}")
    op.execute("""
        CREATE TRIGGER register_change_sealed_once BEFORE UPDATE OF before, after ON register_change
           FOR EACH ROW
          WHEN (OLD.before #- '{bank,number}' IS DISTINCT FROM NEW.before #- '{bank,number}'
                OR OLD.after #- '{bank,number}' IS DISTINCT FROM NEW.after #- '{bank,number}'
                OR (OLD.before <> NEW.before AND OLD.before -> 'bank' ->> 'number' LIKE 'sealed:%')
                OR (OLD.after <> NEW.after AND OLD.after -> 'bank' ->> 'number' LIKE 'sealed:%'))
          EXECUTE FUNCTION refuse_sealed_change()
    """)
    op.execute("""
        CREATE TRIGGER debit_line_sealed_once BEFORE UPDATE OF bank ON debit_line
           FOR EACH ROW
          WHEN (OLD.bank - 'number' <> NEW.bank - 'number'
                OR (OLD.bank <> NEW.bank AND OLD.bank ->> 'number' LIKE 'sealed:%'))
          EXECUTE FUNCTION refuse_sealed_change()
    """)


def downgrade() -> None:
    """Take the index and the rights back; sealed numbers stay sealed, since only the service has the key."""
    op.execute("DROP TRIGGER debit_line_sealed_once ON debit_line")
    op.execute("DROP TRIGGER register_change_sealed_once ON register_change")
    op.execute(f"REVOKE UPDATE (bank) ON debit_line FROM {ROLE}")
    op.execute(f"REVOKE UPDATE (before, after) ON register_change FROM {ROLE}")
    for table in COLUMNS:
        op.execute(f"DROP INDEX {table}_unsealed")
    op.execute("DROP FUNCTION refuse_sealed_change()")
