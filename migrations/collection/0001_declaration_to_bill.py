"""Registration, policy, declarations, summaries and bills, with the shipped policies and calendar.

Every big table is led by its key: the unit, the person, or the district. What is written once may
not be changed by the service's role, because the role has no right to.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.collection.common.store import shipped
from shared import idempotency, outbox, trail
from shared.ids import key_of, uuid7

revision = "collection_0001"
down_revision = None
branch_labels = ("collection",)
depends_on = None

ROLE = "wuxian_collection"

REFERENCE = (
    # A version is stored whole and never edited; `effective_to` is closed by its successor.
    """
    CREATE TABLE policy (
        id             uuid        PRIMARY KEY,
        region         text        NOT NULL,
        pack           text        NOT NULL,
        title          text        NOT NULL,
        effective_from date        NOT NULL,
        effective_to   date        CHECK (effective_to >= effective_from),
        status         text        NOT NULL CHECK (status IN ('draft', 'in_force')),
        content        jsonb       NOT NULL,
        content_hash   bytea       NOT NULL,
        author         text        NOT NULL,
        created_at     timestamptz NOT NULL DEFAULT now(),
        published_at   timestamptz,
        UNIQUE (region, pack),
        CONSTRAINT policy_one_in_force_a_day
            EXCLUDE USING gist (region WITH =, daterange(effective_from, effective_to, '[]') WITH &&)
            WHERE (status = 'in_force')
    )
    """,
    """
    CREATE TABLE calendar_day (
        day     date    PRIMARY KEY,
        workday boolean NOT NULL
    )
    """,
)

REGISTER = (
    """
    CREATE TABLE unit (
        unit_id      bigint      PRIMARY KEY,
        credit_code  text        NOT NULL,
        name         text        NOT NULL,
        kind         text        NOT NULL,
        district     text        NOT NULL,
        injury_class smallint    CHECK (injury_class BETWEEN 1 AND 8),
        collector    text        NOT NULL CHECK (collector IN ('bank_debit', 'tax')),
        bank         jsonb,
        status       text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'closed')),
        created_at   timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX unit_of_district ON unit (district, unit_id)",
    # Sealed with the field key; `tag` is the whole blind index, of which person_id is the head.
    """
    CREATE TABLE person (
        person_id     bigint      PRIMARY KEY,
        tag           bytea       NOT NULL,
        sealed_number bytea       NOT NULL,
        sealed_name   bytea       NOT NULL,
        created_at    timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE enrolment (
        unit_id       bigint      NOT NULL REFERENCES unit (unit_id),
        person_id     bigint      NOT NULL,
        joined_on     date        NOT NULL,
        left_on       date        CHECK (left_on >= joined_on),
        person_uuid   uuid        NOT NULL,
        masked_number text        NOT NULL,
        masked_name   text        NOT NULL,
        created_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, person_id, joined_on)
    )
    """,
    """
    CREATE UNIQUE INDEX enrolment_one_living
        ON enrolment (unit_id, person_id) WHERE left_on IS NULL
    """,
)

DECLARATION = (
    # Unit kind and injury class are what they were when it was handed in: it is explained by them.
    """
    CREATE TABLE declaration (
        unit_id             bigint      NOT NULL REFERENCES unit (unit_id),
        id                  uuid        NOT NULL,
        kind                text        NOT NULL DEFAULT 'monthly' CHECK (kind IN ('monthly')),
        credit_code         text        NOT NULL,
        district            text        NOT NULL,
        period              text        NOT NULL CHECK (period ~ '^[0-9]{4}-[0-9]{2}$'),
        round               integer     NOT NULL DEFAULT 1,
        status              text        NOT NULL
            CHECK (status IN ('submitted', 'accepted', 'reviewed', 'audited', 'billed',
                              'settled', 'returned')),
        policy_id           uuid        NOT NULL REFERENCES policy (id),
        unit_kind           text        NOT NULL,
        injury_class        smallint,
        unit_wage_total_fen bigint,
        people              integer     NOT NULL,
        wages_fen           bigint      NOT NULL,
        unit_fen            bigint      NOT NULL,
        personal_fen        bigint      NOT NULL,
        total_fen           bigint      NOT NULL,
        summary_id          uuid,
        submitted_at        timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        CHECK (unit_fen + personal_fen = total_fen)
    )
    """,
    """
    CREATE UNIQUE INDEX declaration_one_living
        ON declaration (unit_id, period) WHERE kind = 'monthly'
    """,
    "CREATE INDEX declaration_of_district ON declaration (district, period, status, unit_id, id)",
    """
    CREATE INDEX declaration_of_summary
        ON declaration (summary_id, status, unit_id, id) WHERE summary_id IS NOT NULL
    """,
    # What the declaration levies, per insurance and party; bill lines are copied from here.
    """
    CREATE TABLE declaration_line (
        unit_id        bigint   NOT NULL,
        declaration_id uuid     NOT NULL,
        round          integer  NOT NULL,
        line_no        smallint NOT NULL,
        level          text     NOT NULL CHECK (level IN ('people', 'unit')),
        insurance      text     NOT NULL,
        party          text     NOT NULL CHECK (party IN ('unit', 'personal')),
        account        text     NOT NULL CHECK (account IN ('pooled', 'personal_account')),
        fund           text     NOT NULL,
        rule           text     NOT NULL,
        base_fen       bigint   NOT NULL,
        amount_fen     bigint   NOT NULL,
        PRIMARY KEY (unit_id, declaration_id, round, line_no),
        FOREIGN KEY (unit_id, declaration_id) REFERENCES declaration (unit_id, id)
    )
    """,
    # One wide row per person, arrays in the policy's order of insurances. `asked_fen` only when
    # some insurance has a wage of its own. No foreign key: its check would cost more than the row.
    """
    CREATE TABLE declaration_person (
        unit_id        bigint   NOT NULL,
        declaration_id uuid     NOT NULL,
        round          integer  NOT NULL,
        line_no        integer  NOT NULL,
        person_id      bigint   NOT NULL,
        wage_fen       bigint   NOT NULL,
        asked_fen      bigint[],
        base_fen       bigint[] NOT NULL,
        unit_fen       bigint[] NOT NULL,
        personal_fen   bigint[] NOT NULL,
        PRIMARY KEY (unit_id, declaration_id, round, line_no)
    )
    """,
    """
    CREATE TABLE summary (
        district_key bigint      NOT NULL,
        id           uuid        NOT NULL,
        district     text        NOT NULL,
        period       text        NOT NULL,
        status       text        NOT NULL CHECK (status IN ('sent', 'audited', 'billed')),
        declarations integer     NOT NULL,
        people       bigint      NOT NULL,
        total_fen    bigint      NOT NULL,
        funds        jsonb       NOT NULL,
        bill_date    date,
        sent_at      timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (district_key, id),
        CHECK (status = 'sent' OR bill_date IS NOT NULL)
    )
    """,
    "CREATE INDEX summary_of_period ON summary (period, status, district_key, id)",
)

BILL = (
    """
    CREATE TABLE bill (
        unit_id        bigint  NOT NULL REFERENCES unit (unit_id),
        id             uuid    NOT NULL,
        declaration_id uuid    NOT NULL,
        credit_code    text    NOT NULL,
        district       text    NOT NULL,
        period         text    NOT NULL,
        policy_id      uuid    NOT NULL REFERENCES policy (id),
        issued_on      date    NOT NULL,
        due_on         date    NOT NULL,
        due_estimated  boolean NOT NULL DEFAULT false,
        total_fen      bigint  NOT NULL CHECK (total_fen >= 0),
        settled_fen    bigint  NOT NULL DEFAULT 0
            CHECK (settled_fen BETWEEN 0 AND total_fen),
        status         text    NOT NULL CHECK (status IN ('open', 'part', 'settled')),
        collector      text    NOT NULL,
        PRIMARY KEY (unit_id, id),
        UNIQUE (unit_id, declaration_id)
    )
    """,
    "CREATE INDEX bill_of_period ON bill (period, district, status, unit_id, id)",
    """
    CREATE TABLE bill_line (
        unit_id     bigint   NOT NULL,
        bill_id     uuid     NOT NULL,
        line_no     smallint NOT NULL,
        insurance   text     NOT NULL,
        party       text     NOT NULL CHECK (party IN ('unit', 'personal')),
        account     text     NOT NULL CHECK (account IN ('pooled', 'personal_account')),
        fund        text     NOT NULL,
        amount_fen  bigint   NOT NULL CHECK (amount_fen >= 0),
        settled_fen bigint   NOT NULL DEFAULT 0
            CHECK (settled_fen BETWEEN 0 AND amount_fen),
        PRIMARY KEY (unit_id, bill_id, line_no),
        FOREIGN KEY (unit_id, bill_id) REFERENCES bill (unit_id, id)
    )
    """,
)

GRANTS = {
    "policy": "SELECT, INSERT, UPDATE (status, effective_to, published_at)",
    "calendar_day": "SELECT",
    "unit": "SELECT, INSERT, UPDATE",
    "person": "SELECT, INSERT",
    "enrolment": "SELECT, INSERT, UPDATE (left_on)",
    "declaration": "SELECT, INSERT, UPDATE",
    "declaration_line": "SELECT, INSERT",
    "declaration_person": "SELECT, INSERT",
    "summary": "SELECT, INSERT, UPDATE (status, bill_date)",
    "bill": "SELECT, INSERT, UPDATE (settled_fen, status)",
    "bill_line": "SELECT, INSERT, UPDATE (settled_fen)",
    "trail": "SELECT, INSERT",
    "idempotency": "SELECT, INSERT, UPDATE",
    "outbox": "SELECT, INSERT, UPDATE",
    "lease": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    """Make the tables, grant what the service needs, install the shipped data."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public")
    shells = (idempotency.DDL, *outbox.DDL, *trail.DDL)
    for statement in (*REFERENCE, *REGISTER, *DECLARATION, *BILL, *shells):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")
    _install_calendar()
    for pack in shipped.packs():
        _install(pack)


def _install_calendar() -> None:
    days = shipped.calendar_days()
    op.get_bind().execute(
        sa.text("INSERT INTO calendar_day (day, workday) VALUES (:day, :workday)"),
        [{"day": day, "workday": workday} for day, workday in days],
    )


def _install(pack: dict[str, Any]) -> None:
    canonical = json.dumps(pack, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    policy_id = uuid7()
    op.get_bind().execute(
        sa.text("""
            INSERT INTO policy (id, region, pack, title, effective_from, effective_to, status,
                                content, content_hash, author, published_at)
            VALUES (:id, :region, :pack, :title, :from_day, :to_day,
                    'in_force', CAST(:content AS jsonb), :content_hash, 'shipped', now())
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
    op.get_bind().execute(
        sa.text("""
            INSERT INTO trail (shard_key, id, paper, paper_id, step, signs, person, role, level,
                               district, why)
            VALUES (:shard_key, :id, 'policy', :paper_id, 'install', false, 'shipped', 'shipped',
                    'centre', 'centre', 'shipped with the product')
        """),
        {
            "shard_key": key_of("region", str(pack["region"])),
            "id": uuid7(),
            "paper_id": policy_id,
        },
    )


def downgrade() -> None:
    """Drop what the upgrade made; the extension stays, others may use it."""
    for table in reversed(
        (
            "policy",
            "calendar_day",
            "unit",
            "person",
            "enrolment",
            "declaration",
            "declaration_line",
            "declaration_person",
            "summary",
            "bill",
            "bill_line",
            "trail",
            "idempotency",
            "outbox",
            "lease",
        )
    ):
        op.execute(f"DROP TABLE {table}")
