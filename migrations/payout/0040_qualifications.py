"""Applications for retirement: four steps of four people, meetings with their postings, objections."""

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

revision = "payout_0040"
down_revision = "payout_0039"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
TOPICS: Final = ("qualification", "posting")
TABLES: Final = (
    """
    CREATE TABLE qualification (
        qualification_key     bigint      NOT NULL,
        id                    uuid        NOT NULL,
        district              text        NOT NULL,
        round                 integer     NOT NULL DEFAULT 1 CHECK (round > 0),
        status                text        NOT NULL DEFAULT 'open'
                              CHECK (status IN ('open', 'returned', 'approved', 'refused')),
        step                  text
                              CHECK (step IN ('initial', 'section', 'leader', 'meeting')),
        person_id             bigint      NOT NULL,
        identity_blind        bytea       NOT NULL,
        sealed_number         bytea       NOT NULL,
        name                  bytea       NOT NULL,
        category              text,
        chosen                text,
        deemed_months         integer     NOT NULL CHECK (deemed_months >= 0),
        before_account_months integer     NOT NULL CHECK (before_account_months >= 0),
        bank                  text        NOT NULL,
        bank_number           bytea       NOT NULL,
        bank_holder           bytea       NOT NULL,
        holder_reason         text,
        document              text        NOT NULL CHECK (document <> ''),
        checked_on            date        NOT NULL,
        checked_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
        retirement            text        NOT NULL,
        paid_months           integer     NOT NULL CHECK (paid_months >= 0),
        monthly_fen           bigint      CHECK (monthly_fen >= 0),
        provisional           boolean     NOT NULL,
        reasons               text[]      NOT NULL,
        waived                text[]      NOT NULL,
        evidence              jsonb       NOT NULL,
        note                  text,
        filed_by              text        NOT NULL,
        filed_at              timestamptz NOT NULL DEFAULT clock_timestamp(),
        initial_by            text,
        meeting_id            uuid,
        change_key            bigint,
        change_id             uuid,
        decided_at            timestamptz,
        PRIMARY KEY (qualification_key, id),
        CONSTRAINT qualification_decided
            CHECK ((status IN ('approved', 'refused')) = (step IS NULL)
                   AND (step IS NULL) = (decided_at IS NOT NULL)),
        CONSTRAINT qualification_approved
            CHECK (num_nulls(meeting_id, change_key, change_id)
                   = CASE WHEN status = 'approved' THEN 0 ELSE 3 END
                   AND (status <> 'approved'
                        OR (reasons = '{}' AND monthly_fen IS NOT NULL
                            AND initial_by IS NOT NULL)))
    )
    """,
    """
    CREATE UNIQUE INDEX qualification_once
        ON qualification (qualification_key, person_id, identity_blind)
     WHERE status IN ('open', 'returned')
    """,
    "CREATE INDEX qualification_by_id ON qualification (id)",
    """
    CREATE INDEX qualification_waiting ON qualification (qualification_key, checked_at)
     WHERE status IN ('open', 'returned')
    """,
    """
    CREATE INDEX qualification_of_meeting ON qualification (qualification_key, meeting_id)
     WHERE meeting_id IS NOT NULL
    """,
    """
    CREATE TABLE qualification_meeting (
        meeting_key  bigint      NOT NULL,
        id           uuid        NOT NULL,
        district     text        NOT NULL,
        held_on      date        NOT NULL,
        document     text        NOT NULL CHECK (document <> ''),
        people       integer     NOT NULL CHECK (people > 0),
        posted_until date        NOT NULL CHECK (posted_until >= held_on),
        held_by      text        NOT NULL,
        recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (meeting_key, id)
    )
    """,
    "CREATE INDEX qualification_meeting_by_id ON qualification_meeting (id)",
    f"""
    CREATE TABLE qualification_objection (
        objection_key    bigint      NOT NULL,
        id               uuid        NOT NULL,
        qualification_id uuid        NOT NULL,
        received_on      date        NOT NULL,
        content          text        NOT NULL CHECK (content <> ''),
        status           text        NOT NULL DEFAULT 'open'
                         CHECK (status IN ('open', 'dismissed', 'upheld')),
        note             text,
        recorded_by      text        NOT NULL,
        recorded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
        decided_by       text,
        decided_at       timestamptz,
        PRIMARY KEY (objection_key, id),
        CONSTRAINT qualification_objection_decided
            CHECK (num_nulls(decided_by, decided_at, note)
                   = CASE WHEN status = 'open' THEN 3 ELSE 0 END),
        CONSTRAINT qualification_objection_two_people
            CHECK (decided_by IS NULL
                   OR {folded_sql("decided_by")} <> {folded_sql("recorded_by")})
    )
    """,
    """
    CREATE INDEX qualification_objection_of
        ON qualification_objection (objection_key, qualification_id)
    """,
)
WATCHED: Final = {
    "qualification": Watched(
        ("qualification_key", "id"),
        hidden=("identity_blind", "sealed_number", "name", "bank", "bank_number", "bank_holder"),
    ),
    "qualification_meeting": Watched(("meeting_key", "id")),
    "qualification_objection": Watched(("objection_key", "id")),
}
# An approved application has the four steps of its round in the trail, by four people, and the
# paper that opened the pension; the first of the four and the last are that paper's two.
FOUR_STEPS: Final = (
    f"""
    CREATE FUNCTION require_four_steps() RETURNS trigger LANGUAGE plpgsql
    SET search_path = payout, pg_temp AS $$
    BEGIN
        IF (SELECT count(DISTINCT {folded_sql("person")}) <> 4 OR count(DISTINCT step) <> 4
              FROM trail
             WHERE shard_key = NEW.qualification_key AND paper_id = NEW.id AND signs
               AND round = NEW.round
               AND step IN ('initial_approved', 'section_approved', 'leader_approved',
                            'meeting_approved'))
           OR NOT EXISTS (
                  SELECT FROM entitlement_change AS paper
                   WHERE paper.change_key = NEW.change_key AND paper.id = NEW.change_id
                     AND paper.status = 'approved'
                     AND {folded_sql("paper.proposed_by")} = {folded_sql("NEW.initial_by")}) THEN
            RAISE EXCEPTION 'an approved application has not been through four steps of four people'
                  USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER qualification_four_steps AFTER INSERT OR UPDATE ON qualification FOR EACH ROW
      WHEN (NEW.status = 'approved') EXECUTE FUNCTION require_four_steps()
    """,
    """
    CREATE TRIGGER qualification_decided_once BEFORE UPDATE ON qualification FOR EACH ROW
      WHEN (OLD.status IN ('approved', 'refused')) EXECUTE FUNCTION refuse_second_decision()
    """,
    """
    CREATE TRIGGER qualification_objection_decided_once BEFORE UPDATE ON qualification_objection
      FOR EACH ROW WHEN (OLD.status <> 'open') EXECUTE FUNCTION refuse_second_decision()
    """,
)


def upgrade() -> None:
    """Make the tables, and load the shipped rules whose topics no row has."""
    for statement in TABLES:
        op.execute(statement)
    for table, watched in WATCHED.items():
        for statement in watched.ddl(table):
            op.execute(statement)
    for statement in FOUR_STEPS:
        op.execute(statement)
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(WATCHED)} TO {ROLE}")
    op.execute(f"""
        GRANT UPDATE (round, status, step, name, category, chosen, deemed_months,
                      before_account_months, bank, bank_number, bank_holder, holder_reason,
                      document, checked_on, checked_at, retirement, paid_months, monthly_fen,
                      provisional, reasons, waived, evidence, note, initial_by, meeting_id,
                      change_key, change_id, decided_at)
           ON qualification TO {ROLE}
    """)
    op.execute(f"""
        GRANT UPDATE (status, note, decided_by, decided_at) ON qualification_objection TO {ROLE}
    """)
    _ship()


def _ship() -> None:
    path = Path(services.payout.__file__).parent / "data" / "entitlement_rules.json"
    rules = [one for one in json.loads(path.read_text("utf-8"))["rules"] if one["topic"] in TOPICS]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO entitlement_rule (rule_key, id, topic, code, in_force_from, value, source,
                                          shipped, status, proposed_by)
            SELECT CAST(:rule_key AS bigint), CAST(:id AS uuid), CAST(:topic AS text),
                   CAST(:code AS text), DATE '1990-01-01', CAST(:value AS jsonb),
                   CAST(:source AS text), true, 'approved', 'shipped'
             WHERE NOT EXISTS (SELECT FROM entitlement_rule
                                WHERE topic = CAST(:topic AS text) AND code = CAST(:code AS text))
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
    """Drop the tables; applications are lost, opened pensions stay."""
    for table in WATCHED:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}")
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION require_four_steps()")
