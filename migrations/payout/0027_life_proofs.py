"""Proofs of life, files of other offices to compare with, and the reasons that they need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services.payout
from shared.evidence.tables import EVENTS, Watched, append_only
from shared.ids import key_of, uuid7

revision = "payout_0027"
down_revision = "payout_0026"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
TABLES: Final = (
    """
    CREATE TABLE life_proof (
        person_id      bigint      NOT NULL,
        id             uuid        NOT NULL,
        identity_blind bytea       NOT NULL,
        kind           text        NOT NULL,
        proved_on      date        NOT NULL,
        channel        text        NOT NULL,
        document       text,
        district       text        NOT NULL,
        recorded_by    text        NOT NULL,
        recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (person_id, id),
        CONSTRAINT life_proof_once UNIQUE (person_id, identity_blind, kind, proved_on)
    )
    """,
    """
    CREATE TABLE comparison_file (
        file_key    bigint      NOT NULL,
        id          uuid        NOT NULL,
        comparison  text        NOT NULL,
        district    text        NOT NULL,
        source      text        NOT NULL,
        digest      bytea       NOT NULL,
        records     integer     NOT NULL CHECK (records > 0),
        matches     integer     NOT NULL CHECK (matches BETWEEN 0 AND records),
        uploaded_by text        NOT NULL,
        uploaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (file_key, id),
        CONSTRAINT comparison_file_once UNIQUE (file_key, digest)
    )
    """,
    # The paper of a match decides about it; a refused one leaves it open.
    """
    CREATE TABLE comparison_match (
        person_id      bigint NOT NULL,
        id             uuid   NOT NULL,
        identity_blind bytea  NOT NULL,
        kind           text   NOT NULL,
        comparison     text   NOT NULL,
        file_key       bigint NOT NULL,
        file_id        uuid   NOT NULL,
        record_no      integer NOT NULL,
        district       text   NOT NULL,
        sealed_number  bytea  NOT NULL,
        name           bytea  NOT NULL,
        event_on       date   NOT NULL,
        note           text,
        change_key     bigint,
        change_id      uuid,
        PRIMARY KEY (person_id, id),
        CONSTRAINT comparison_match_once
            UNIQUE (person_id, identity_blind, kind, comparison, event_on),
        CONSTRAINT comparison_match_paper CHECK (num_nulls(change_key, change_id) IN (0, 2))
    )
    """,
    "CREATE INDEX comparison_match_by_id ON comparison_match (id)",
)
WATCHED: Final = {
    "comparison_match": Watched(
        ("person_id", "id"), hidden=("identity_blind", "sealed_number", "name")
    ),
}


def upgrade() -> None:
    """Make the tables, and load the reasons that are not there yet."""
    for statement in TABLES:
        op.execute(statement)
    for table in ("life_proof", "comparison_file"):
        op.execute(append_only(table))
    for table, watched in WATCHED.items():
        for statement in watched.ddl(table):
            op.execute(statement)
    op.execute(f"GRANT SELECT, INSERT ON life_proof, comparison_file, comparison_match TO {ROLE}")
    op.execute(f"GRANT UPDATE (change_key, change_id) ON comparison_match TO {ROLE}")
    _ship()
    # Nobody owes a proof of a cycle before the first one that the installation was asked for.
    op.execute("""
        UPDATE entitlement_rule
           SET value = jsonb_build_object('first_due', '2027-01') || value
         WHERE topic = 'life_proof' AND shipped
    """)


def _ship() -> None:
    path = Path(services.payout.__file__).parent / "data" / "entitlement_rules.json"
    op.get_bind().execute(
        sa.text("""
            INSERT INTO entitlement_rule (rule_key, id, topic, code, in_force_from, value, source,
                                          shipped, status, proposed_by)
            SELECT :rule_key, :id, CAST(:topic AS text), CAST(:code AS text), DATE '1990-01-01',
                   CAST(:value AS jsonb), :source, true, 'approved', 'shipped'
             WHERE NOT EXISTS (SELECT 1
                                 FROM entitlement_rule
                                WHERE topic = CAST(:topic AS text) AND code = CAST(:code AS text)
                                  AND shipped)
        """),
        [
            rule
            | {
                "rule_key": key_of("entitlement_rule", rule["topic"]),
                "id": uuid7(),
                "value": json.dumps(rule["value"], ensure_ascii=False),
            }
            for rule in json.loads(path.read_text("utf-8"))["rules"]
        ],
    )


def downgrade() -> None:
    """Drop the tables; reasons that were loaded stay."""
    for table in WATCHED:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}")
    for table in ("comparison_match", "comparison_file", "life_proof"):
        op.execute(f"DROP TABLE {table}")
