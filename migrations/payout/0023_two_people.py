"""No entitlement, suspended month or account without a paper of two people; dated rules with reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services.payout
from shared.evidence.tables import EVENTS, Watched
from shared.ids import key_of, uuid7
from shared.trail import folded_sql

revision = "payout_0023"
down_revision = "payout_0022"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
_ACCOUNT: Final = ("bank", "bank_number", "bank_holder")
RECORDED: Final = {
    "entitlement": Watched(
        ("person_id", "id"), hidden=("identity_blind", "sealed_number", "name", *_ACCOUNT)
    ),
}
RULE: Final = f"""
    CREATE TABLE entitlement_rule (
        rule_key      bigint      NOT NULL,
        id            uuid        NOT NULL,
        topic         text        NOT NULL,
        code          text        NOT NULL,
        in_force_from date        NOT NULL,
        value         jsonb       NOT NULL,
        source        text        NOT NULL,
        shipped       boolean     NOT NULL DEFAULT false,
        status        text        NOT NULL DEFAULT 'proposed'
                      CHECK (status IN ('proposed', 'approved', 'refused')),
        proposed_by   text        NOT NULL,
        proposed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        decided_by    text,
        decided_at    timestamptz,
        PRIMARY KEY (rule_key, id),
        CONSTRAINT entitlement_rule_decided
            CHECK ((status = 'proposed') = (decided_by IS NULL AND NOT shipped)
                   AND (decided_by IS NULL) = (decided_at IS NULL)),
        CONSTRAINT entitlement_rule_two_people
            CHECK (decided_by IS NULL
                   OR {folded_sql("decided_by")} <> {folded_sql("proposed_by")})
    )
"""
RULE_WATCHED: Final = Watched(("rule_key", "id"))

DECIDED: Final = """
    CREATE FUNCTION refuse_second_decision() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a row of % is decided already', TG_TABLE_NAME
              USING ERRCODE = 'restrict_violation';
    END
    $$
"""
PAPERED: Final = """
    CREATE FUNCTION require_approved_change() RETURNS trigger LANGUAGE plpgsql
    SET search_path = payout, pg_temp AS $$
    DECLARE
        paper_key text := TG_ARGV[0];
        paper_id  text := TG_ARGV[1];
        lacking   boolean;
    BEGIN
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM met WHERE %s AND NOT EXISTS ('
            '    SELECT FROM entitlement_change AS paper'
            '     WHERE paper.change_key = met.%I AND paper.id = met.%I'
            '       AND paper.status = ''approved''))',
            TG_ARGV[2], paper_key, paper_id) INTO lacking;
        IF lacking THEN
            RAISE EXCEPTION 'a row of % has no paper that two people have approved', TG_TABLE_NAME
                  USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END
    $$
"""


def _require(table: str, event: str, key: str, id: str, rows: str) -> str:
    return f"""
        CREATE TRIGGER {table}_{event.lower()}_two_people AFTER {event} ON {table}
           REFERENCING NEW TABLE AS met FOR EACH STATEMENT
           EXECUTE FUNCTION require_approved_change('{key}', '{id}', $rows${rows}$rows$)
    """


def upgrade() -> None:
    """Let the database require the paper; rows registered until now were registered by one person."""
    op.execute("""
        ALTER TABLE entitlement
          ADD COLUMN moved boolean NOT NULL DEFAULT false
    """)
    op.execute(RECORDED["entitlement"].ddl("entitlement")[-1])
    op.execute("DROP INDEX entitlement_end_once")
    op.execute("""
        CREATE UNIQUE INDEX entitlement_end_once
            ON entitlement_end (person_id, identity_blind, kind, last_period)
         WHERE status IN ('proposed', 'approved') AND again_from IS NULL
    """)
    op.execute(RULE)
    for statement in RULE_WATCHED.ddl("entitlement_rule"):
        op.execute(statement)
    _ship()
    op.execute(f"GRANT SELECT, INSERT ON entitlement_rule TO {ROLE}")
    op.execute(f"GRANT UPDATE (status, decided_by, decided_at) ON entitlement_rule TO {ROLE}")
    op.execute(DECIDED)
    for table in ("entitlement_change", "entitlement_rule"):
        op.execute(f"""
            CREATE TRIGGER {table}_decided_once BEFORE UPDATE ON {table} FOR EACH ROW
              WHEN (OLD.status <> 'proposed'
                    AND (OLD.status, OLD.decided_by, OLD.decided_at)
                        IS DISTINCT FROM (NEW.status, NEW.decided_by, NEW.decided_at))
              EXECUTE FUNCTION refuse_second_decision()
        """)
    op.execute(PAPERED)
    bound = op.get_bind()
    now = bound.execute(sa.text("SELECT CAST(clock_timestamp() AS text)")).scalar_one()
    before = f"(change_id IS NOT NULL OR registered_at > '{now}')"
    op.execute(_require("entitlement", "INSERT", "change_key", "change_id", before))
    for table in ("entitlement_suspension", "entitlement_account"):
        op.execute(_require(table, "INSERT", "change_key", "change_id", "true"))
    op.execute(
        _require(
            "entitlement_suspension", "UPDATE", "resumed_key", "resumed_id", "until IS NOT NULL"
        )
    )


def _ship() -> None:
    path = Path(services.payout.__file__).parent / "data" / "entitlement_rules.json"
    rules = json.loads(path.read_text("utf-8"))["rules"]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO entitlement_rule (rule_key, id, topic, code, in_force_from, value, source,
                                          shipped, status, proposed_by)
            VALUES (:rule_key, :id, :topic, :code, DATE '1990-01-01', CAST(:value AS jsonb),
                    :source, true, 'approved', 'shipped')
        """),
        [
            rule
            | {
                "rule_key": key_of("entitlement_rule", rule["topic"]),
                "id": uuid7(),
                "value": json.dumps(rule["value"], ensure_ascii=False),
            }
            for rule in rules
        ],
    )


def downgrade() -> None:
    """Require no paper again; corrected rules are lost."""
    for table, event in (
        ("entitlement", "insert"),
        ("entitlement_suspension", "insert"),
        ("entitlement_account", "insert"),
        ("entitlement_suspension", "update"),
    ):
        op.execute(f"DROP TRIGGER {table}_{event}_two_people ON {table}")
    op.execute("DROP FUNCTION require_approved_change()")
    op.execute("DROP TRIGGER entitlement_change_decided_once ON entitlement_change")
    for event in EVENTS:
        op.execute(f"DROP TRIGGER entitlement_rule_{event.lower()}_recorded ON entitlement_rule")
    op.execute("DROP TABLE entitlement_rule")
    op.execute("DROP FUNCTION refuse_second_decision()")
    op.execute("DROP INDEX entitlement_end_once")
    op.execute("""
        CREATE UNIQUE INDEX entitlement_end_once
            ON entitlement_end (person_id, identity_blind, kind, last_period)
         WHERE status IN ('proposed', 'approved')
    """)
    op.execute("ALTER TABLE entitlement DROP COLUMN moved")
    op.execute(RECORDED["entitlement"].ddl("entitlement")[-1])
