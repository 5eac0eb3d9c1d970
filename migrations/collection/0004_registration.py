"""Members of declarations beside the wage, base reviews, and policies shipped after the first install.

Reviews, their people and what they change in billed months are facts: only a review's or a
correction's status moves, once.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.collection.common.store import shipped
from shared.ids import key_of, uuid7

revision = "collection_0004"
down_revision = "collection_0003"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

FIGURES = (
    # Only where a policy takes a base from more than the wage, or credits by age. Line 0 is the
    # unit. No foreign key: its check would cost more than the row.
    """
    CREATE TABLE declaration_figures (
        unit_id        bigint   NOT NULL,
        declaration_id uuid     NOT NULL,
        round          integer  NOT NULL,
        line_no        integer  NOT NULL,
        figures_fen    bigint[] NOT NULL,
        age            smallint,
        PRIMARY KEY (unit_id, declaration_id, round, line_no)
    )
    """,
)

BASES = (
    """
    CREATE TABLE base_review (
        unit_id          bigint      NOT NULL REFERENCES unit (unit_id),
        id               uuid        NOT NULL,
        credit_code      text        NOT NULL,
        district         text        NOT NULL,
        year             integer     NOT NULL,
        version          integer     NOT NULL,
        reason           text        NOT NULL
            CHECK (reason IN ('annual', 'block_transfer', 'split', 'merger')),
        from_period      text        NOT NULL CHECK (from_period ~ '^[0-9]{4}-[0-9]{2}$'),
        provisional      boolean     NOT NULL,
        status           text        NOT NULL
            CHECK (status IN ('submitted', 'confirmed', 'refused')),
        policy_id        uuid        NOT NULL REFERENCES policy (id),
        unit_kind        text        NOT NULL,
        people           integer     NOT NULL,
        counted_only     integer     NOT NULL,
        wage_total_fen   bigint      NOT NULL,
        counted_only_fen bigint      NOT NULL,
        personal_sum_fen bigint      NOT NULL,
        unit_base_fen    bigint      NOT NULL CHECK (unit_base_fen >= personal_sum_fen),
        file             jsonb       NOT NULL,
        submitted_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        UNIQUE (unit_id, year, version)
    )
    """,
    """
    CREATE UNIQUE INDEX base_review_one_waiting
        ON base_review (unit_id, year) WHERE status = 'submitted'
    """,
    """
    CREATE TABLE base_person (
        unit_id       bigint   NOT NULL,
        review_id     uuid     NOT NULL,
        line_no       integer  NOT NULL,
        person_id     bigint   NOT NULL,
        masked_number text     NOT NULL,
        standing      text     NOT NULL
            CHECK (standing IN ('insured', 'rehired_retiree', 'insured_elsewhere')),
        wage_fen      bigint   NOT NULL CHECK (wage_fen >= 0),
        base_fen      bigint[] NOT NULL,
        PRIMARY KEY (unit_id, review_id, line_no),
        FOREIGN KEY (unit_id, review_id) REFERENCES base_review (unit_id, id)
    )
    """,
    "CREATE INDEX base_person_of ON base_person (unit_id, review_id, person_id)",
    """
    CREATE TABLE base_correction (
        unit_id      bigint   NOT NULL,
        id           uuid     NOT NULL,
        review_id    uuid     NOT NULL,
        line_no      integer  NOT NULL,
        wage_fen     bigint   NOT NULL,
        base_fen     bigint[] NOT NULL,
        request_no   text     NOT NULL,
        requested_on date     NOT NULL,
        status       text     NOT NULL CHECK (status IN ('requested', 'approved')),
        PRIMARY KEY (unit_id, id),
        FOREIGN KEY (unit_id, review_id, line_no)
            REFERENCES base_person (unit_id, review_id, line_no)
    )
    """,
    """
    CREATE UNIQUE INDEX base_correction_one_waiting
        ON base_correction (unit_id, review_id, line_no) WHERE status = 'requested'
    """,
    # What a confirmed review changes in a month that was billed already; line 0 is the unit. The sum
    # of a line's rows is what was found of it so far, so a run finds only what is new.
    """
    CREATE TABLE base_difference (
        unit_id        bigint  NOT NULL,
        declaration_id uuid    NOT NULL,
        run_id         uuid    NOT NULL,
        line_no        integer NOT NULL,
        rule           text    NOT NULL,
        review_id      uuid    NOT NULL,
        period         text    NOT NULL,
        insurance      text    NOT NULL,
        party          text    NOT NULL,
        account        text    NOT NULL,
        fund           text    NOT NULL,
        was_fen        bigint  NOT NULL,
        now_fen        bigint  NOT NULL,
        PRIMARY KEY (unit_id, declaration_id, run_id, line_no, rule),
        CHECK (was_fen <> now_fen),
        FOREIGN KEY (unit_id, review_id) REFERENCES base_review (unit_id, id),
        FOREIGN KEY (unit_id, declaration_id) REFERENCES declaration (unit_id, id)
    )
    """,
)

GRANTS = {
    "declaration_figures": "SELECT, INSERT",
    # UPDATE of one column also lets a flow lock the rows that it decides by.
    "base_review": "SELECT, INSERT, UPDATE (status)",
    "base_person": "SELECT, INSERT",
    "base_correction": "SELECT, INSERT, UPDATE (status)",
    "base_difference": "SELECT, INSERT",
}


def upgrade() -> None:
    """Make the tables and grant what the service needs."""
    for statement in (*FIGURES, *BASES):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")
    for pack in shipped.packs():
        _install(pack)


def _install(pack: dict[str, Any]) -> None:
    """Put a shipped pack in force where no version of its name is known and its days are free."""
    canonical = json.dumps(pack, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    policy_id = uuid7()
    made = op.get_bind().execute(
        sa.text("""
            INSERT INTO policy (id, region, pack, title, effective_from, effective_to, status,
                                content, content_hash, author, published_at)
            SELECT CAST(:id AS uuid), CAST(:region AS text), CAST(:pack AS text),
                   CAST(:title AS text), CAST(:from_day AS date), CAST(:to_day AS date),
                   'in_force', CAST(:content AS jsonb), CAST(:content_hash AS bytea), 'shipped',
                   now()
             WHERE NOT EXISTS (
                   SELECT 1
                     FROM policy
                    WHERE region = CAST(:region AS text)
                      AND (pack = CAST(:pack AS text)
                           OR (status = 'in_force'
                               AND daterange(effective_from, effective_to, '[]')
                                   && daterange(CAST(:from_day AS date), CAST(:to_day AS date),
                                                '[]'))))
        """),
        {
            "id": policy_id,
            "region": pack["region"],
            "pack": pack["pack"],
            "title": pack["title"],
            "from_day": date.fromisoformat(pack["in_force_from"]),
            "to_day": date.fromisoformat(pack["in_force_to"]) if pack["in_force_to"] else None,
            "content": canonical,
            "content_hash": hashlib.sha256(canonical.encode()).digest(),
        },
    )
    if made.rowcount:
        op.get_bind().execute(
            sa.text("""
                INSERT INTO trail (shard_key, id, paper, paper_id, step, signs, person, role,
                                   level, district, why)
                VALUES (:shard_key, :id, 'policy', :paper_id, 'install', false, 'shipped',
                        'shipped', 'centre', 'centre', 'shipped with the product')
            """),
            {
                "shard_key": key_of("region", str(pack["region"])),
                "id": uuid7(),
                "paper_id": policy_id,
            },
        )


def downgrade() -> None:
    """Drop what the upgrade made."""
    for table in reversed(GRANTS):
        op.execute(f"DROP TABLE {table}")
