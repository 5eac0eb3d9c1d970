"""Names and accounts are stored sealed; values of before are marked, for the service to seal them."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import EVENTS, Watched

revision = "payout_0014"
down_revision = "payout_0013"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
PLAIN: Final = "decode('00', 'hex')"
COLUMNS: Final = {
    "entitlement": ("name", "bank_number", "bank_holder"),
    "entitlement_end": ("name",),
    "claim_line": ("payee_name", "bank_number", "bank_holder"),
    "payment_line": ("payee_name", "bank_number", "bank_holder"),
    "account_correction": ("bank_number", "bank_holder"),
}
# The corrections of persons change these; every other value is sealed once and stays.
CORRECTED: Final = {("entitlement", "name"), ("claim_line", "payee_name")}
RECORDED: Final = {
    "entitlement": Watched(
        ("person_id", "id"),
        hidden=(
            "identity_blind",
            "sealed_number",
            "name",
            "bank",
            "bank_number",
            "bank_holder",
        ),
    ),
    "entitlement_end": Watched(
        ("person_id", "id"), hidden=("identity_blind", "sealed_number", "name")
    ),
    "account_correction": Watched(
        ("claim_key", "id"), hidden=("bank", "bank_number", "bank_holder")
    ),
}
WATCHED: Final = {
    "person_correction": Watched(("number",), hidden=("sealed_number",)),
    "double_payment": Watched(("claim_key", "claim_id", "line_no"), hidden=("sealed_number",)),
}

REFUSE = """
CREATE FUNCTION refuse_sealed_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a sealed value of % never changes', TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
END
$$
"""

# A hospital's name and its paper's number lay readable in an event. The service writes it anew under
# a keyed hash, so it may delete these rows and no others.
READABLE: Final = """
starts_with({0}event, 'hospital_settlement:')
AND NOT starts_with({0}event, 'hospital_settlement:person:')
"""


def _mark(column: str) -> str:
    return f"substring({column} FROM 1 FOR 1)"


def _waits(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"{_mark(column)} = {PLAIN}" for column in columns)


def upgrade() -> None:
    """Mark the values of before, let the service seal each once, and watch two more tables."""
    op.execute(REFUSE)
    for table, columns in COLUMNS.items():
        kinds = ", ".join(
            f"ALTER COLUMN {column} TYPE bytea USING {PLAIN} || convert_to({column}, 'UTF8')"
            for column in columns
        )
        op.execute(f"ALTER TABLE {table} {kinds}")
        key = "id" if "id" in _key(table) else ", ".join(_key(table))
        op.execute(f"CREATE INDEX {table}_unsealed ON {table} ({key}) WHERE {_waits(columns)}")
        op.execute(f"GRANT UPDATE ({', '.join(columns)}) ON {table} TO {ROLE}")
        _seal_once(table, columns)
    op.execute(f"GRANT DELETE ON benefit_event TO {ROLE}")
    op.execute(f"""
        CREATE TRIGGER benefit_event_kept BEFORE DELETE ON benefit_event
           FOR EACH ROW WHEN (NOT ({READABLE.format("OLD.")}))
           EXECUTE FUNCTION refuse_sealed_change()
    """)
    op.execute(f"""
        CREATE INDEX benefit_event_readable ON benefit_event (claim_id)
         WHERE {READABLE.format("")}
    """)
    for table, how in RECORDED.items():
        # Their rows have another form from now on: the record begins anew from it.
        op.execute(how.ddl(table)[-1])
    for table, how in WATCHED.items():
        for statement in how.ddl(table):
            op.execute(statement)


def _key(table: str) -> tuple[str, ...]:
    return {
        "claim_line": ("claim_id", "line_no"),
        "payment_line": ("batch_id", "line_no"),
    }.get(table, ("id",))


def _seal_once(table: str, columns: tuple[str, ...]) -> None:
    fixed = [column for column in columns if (table, column) not in CORRECTED]
    if not fixed:
        return
    changed = " OR ".join(
        f"(OLD.{column} <> NEW.{column} AND {_mark(f'OLD.{column}')} <> {PLAIN})"
        for column in fixed
    )
    op.execute(f"""
        CREATE TRIGGER {table}_sealed_once BEFORE UPDATE OF {", ".join(fixed)} ON {table}
           FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION refuse_sealed_change()
    """)


def downgrade() -> None:
    """Store plain text again; refused where a value is sealed, since only the service has the key."""
    for table in WATCHED:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}")
    op.execute("DROP INDEX benefit_event_readable")
    op.execute("DROP TRIGGER benefit_event_kept ON benefit_event")
    op.execute(f"REVOKE DELETE ON benefit_event FROM {ROLE}")
    for table, columns in COLUMNS.items():
        op.execute(f"DROP TRIGGER {table}_sealed_once ON {table}")
        op.execute(f"DROP INDEX {table}_unsealed")
        for column in columns:
            if (table, column) not in CORRECTED:
                op.execute(f"REVOKE UPDATE ({column}) ON {table} FROM {ROLE}")
        kinds = ", ".join(
            f"ALTER COLUMN {column} TYPE text USING CASE WHEN {_mark(column)} = {PLAIN}"
            f" THEN convert_from(substring({column} FROM 2), 'UTF8') END"
            for column in columns
        )
        op.execute(f"ALTER TABLE {table} {kinds}")
    for table, how in RECORDED.items():
        op.execute(how.ddl(table)[-1])
    op.execute("DROP FUNCTION refuse_sealed_change()")
