"""The books: slots, vouchers, entries, buckets, holds, settlements, and the chart as data.

`slot` leads every key. Vouchers and entries are append-only three times over: the service's role
may not change them, a trigger refuses whoever may, and the hash chain shows what got past both.
"""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

import services
from shared import idempotency, trail
from shared.db import role_of

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None

ROLE = role_of("ledger")
DATA = Path(services.__file__ or "").resolve().parent / "ledger" / "data"

REFERENCE = (
    """
    CREATE TABLE fund (
        code          text COLLATE "C" NOT NULL,
        name          text NOT NULL,
        in_force_from date NOT NULL,
        in_force_to   date,
        source        text NOT NULL,
        certainty     text NOT NULL,
        PRIMARY KEY (code, in_force_from)
    )
    """,
    """
    CREATE TABLE chart_account (
        key           text COLLATE "C" NOT NULL,
        code          text NOT NULL,
        name          text NOT NULL,
        class         text NOT NULL,
        normal_side   text NOT NULL CHECK (normal_side IN ('debit', 'credit')),
        parent        text,
        book          text NOT NULL CHECK (book IN ('statutory', 'memo')),
        postable      boolean NOT NULL,
        funds         text NOT NULL,
        floored       boolean NOT NULL,
        in_force_from date NOT NULL,
        in_force_to   date,
        source        text NOT NULL,
        certainty     text NOT NULL,
        PRIMARY KEY (key, in_force_from)
    )
    """,
    """
    CREATE TABLE flow_matrix (
        kind          text COLLATE "C" NOT NULL,
        book          text COLLATE "C" NOT NULL CHECK (book IN ('statutory', 'memo')),
        debit         text COLLATE "C" NOT NULL,
        credit        text COLLATE "C" NOT NULL,
        by            text NOT NULL CHECK (by IN ('any', 'ledger')),
        in_force_from date NOT NULL,
        in_force_to   date,
        source        text NOT NULL,
        certainty     text NOT NULL,
        PRIMARY KEY (kind, book, debit, credit, in_force_from)
    )
    """,
)

BOOKS = (
    # Every batch updates its slot's row and names the revision that it was made from: that one
    # guard orders all writers of a slot, in whatever process, and makes the sequence gapless.
    """
    CREATE TABLE slot_head (
        slot     integer NOT NULL PRIMARY KEY,
        revision bigint  NOT NULL,
        seq      bigint  NOT NULL,
        hash     bytea   NOT NULL
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE voucher (
        slot         integer          NOT NULL,
        seq          bigint           NOT NULL,
        source       text COLLATE "C" NOT NULL,
        event_id     text COLLATE "C" NOT NULL,
        body_hash    bytea            NOT NULL,
        owner        text COLLATE "C" NOT NULL,
        kind         text COLLATE "C" NOT NULL,
        book_date    date             NOT NULL,
        period       text COLLATE "C",
        value_date   date,
        summary      text             NOT NULL,
        refs         jsonb            NOT NULL,
        hold         text COLLATE "C",
        reverses_seq bigint,
        hash         bytea            NOT NULL,
        recorded_at  timestamptz      NOT NULL,
        PRIMARY KEY (slot, seq),
        CONSTRAINT voucher_one_per_event UNIQUE (slot, source, event_id)
    )
    """,
    """
    CREATE UNIQUE INDEX voucher_reversed_once
        ON voucher (slot, reverses_seq) WHERE reverses_seq IS NOT NULL
    """,
    """
    CREATE TABLE entry (
        slot       integer          NOT NULL,
        seq        bigint           NOT NULL,
        line       smallint         NOT NULL,
        book       text COLLATE "C" NOT NULL CHECK (book IN ('statutory', 'memo')),
        fund       text COLLATE "C" NOT NULL,
        account    text COLLATE "C" NOT NULL,
        district   text COLLATE "C" NOT NULL,
        book_date  date             NOT NULL,
        debit_fen  bigint           NOT NULL,
        credit_fen bigint           NOT NULL,
        PRIMARY KEY (slot, seq, line),
        CHECK ((debit_fen = 0) <> (credit_fen = 0))
    )
    """,
    "CREATE INDEX entry_of_account ON entry (slot, account, book_date, seq, line)",
    # Updated once a batch however many vouchers touch it; no index on what changes keeps it HOT.
    """
    CREATE TABLE bucket (
        slot       integer          NOT NULL,
        book       text COLLATE "C" NOT NULL,
        fund       text COLLATE "C" NOT NULL,
        account    text COLLATE "C" NOT NULL,
        district   text COLLATE "C" NOT NULL,
        day        date             NOT NULL,
        debit_fen  bigint           NOT NULL,
        credit_fen bigint           NOT NULL,
        PRIMARY KEY (slot, book, fund, account, district, day)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE event_refusal (
        slot        integer          NOT NULL,
        source      text COLLATE "C" NOT NULL,
        event_id    text COLLATE "C" NOT NULL,
        body_hash   bytea            NOT NULL,
        content     bytea            NOT NULL,
        code        text             NOT NULL,
        faults      jsonb            NOT NULL,
        facts       jsonb            NOT NULL,
        recorded_at timestamptz      NOT NULL,
        PRIMARY KEY (slot, source, event_id)
    )
    """,
)

MONEY = (
    """
    CREATE TABLE hold (
        slot          integer          NOT NULL,
        id            uuid             NOT NULL,
        source        text COLLATE "C" NOT NULL,
        event_id      text COLLATE "C" NOT NULL,
        fund          text COLLATE "C" NOT NULL,
        account       text COLLATE "C" NOT NULL,
        amount_fen    bigint           NOT NULL CHECK (amount_fen > 0),
        remaining_fen bigint           NOT NULL,
        summary       text             NOT NULL,
        expires_on    date,
        recorded_at   timestamptz      NOT NULL,
        PRIMARY KEY (slot, id),
        CONSTRAINT hold_one_per_event UNIQUE (slot, source, event_id),
        CHECK (remaining_fen BETWEEN 0 AND amount_fen)
    )
    """,
    "CREATE INDEX hold_pending ON hold (slot, id) WHERE remaining_fen > 0",
    """
    CREATE TABLE hold_movement (
        slot          integer          NOT NULL,
        hold_id       uuid             NOT NULL,
        remaining_fen bigint           NOT NULL,
        kind          text COLLATE "C" NOT NULL CHECK (kind IN ('draw', 'release', 'expire')),
        amount_fen    bigint           NOT NULL CHECK (amount_fen > 0),
        asked_fen     bigint,
        source        text COLLATE "C" NOT NULL,
        event_id      text COLLATE "C" NOT NULL,
        seq           bigint,
        recorded_at   timestamptz      NOT NULL,
        -- What remains only falls, so it orders the movements of a hold by itself.
        PRIMARY KEY (slot, hold_id, remaining_fen)
    )
    """,
    """
    CREATE UNIQUE INDEX hold_movement_one_release_per_event
        ON hold_movement (slot, source, event_id) WHERE kind = 'release'
    """,
    """
    CREATE TABLE settlement (
        slot        integer          NOT NULL,
        id          uuid             NOT NULL,
        kind        text COLLATE "C" NOT NULL,
        day         date             NOT NULL,
        summary     text             NOT NULL,
        asked       jsonb            NOT NULL,
        status      text COLLATE "C" NOT NULL CHECK (status IN ('proposed', 'posted')),
        proposed_by text COLLATE "C" NOT NULL,
        proposed_at timestamptz      NOT NULL DEFAULT now(),
        approved_by text COLLATE "C",
        posted_at   timestamptz,
        seq         bigint,
        moved       jsonb,
        PRIMARY KEY (slot, id),
        CHECK (approved_by <> proposed_by),
        CHECK ((status = 'posted') = (approved_by IS NOT NULL AND moved IS NOT NULL))
    )
    """,
    "CREATE INDEX settlement_of_day ON settlement (slot, day, id)",
)

TRIGGERS = (
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END
    $$
    """,
    # The whole statement is summed once: a check per row would cost more than all the rest.
    """
    CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
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
    CREATE TRIGGER entry_balanced AFTER INSERT ON entry
        REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced()
    """,
)
APPEND_ONLY = ("voucher", "entry", "event_refusal", "hold_movement", "trail")

GRANTS = (
    f"GRANT SELECT ON fund, chart_account, flow_matrix TO {ROLE}",
    f"GRANT SELECT, INSERT ON {', '.join(APPEND_ONLY)} TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE ON slot_head, bucket, idempotency TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE (remaining_fen) ON hold TO {ROLE}",
    "GRANT SELECT, INSERT, UPDATE (status, approved_by, posted_at, seq, moved)"
    f" ON settlement TO {ROLE}",
)
TABLES = (
    "trail", "idempotency", "settlement", "hold_movement", "hold", "event_refusal", "bucket",
    "entry", "voucher", "slot_head", "flow_matrix", "chart_account", "fund",
)  # fmt: skip


def upgrade() -> None:
    """Create the books and fill the chart, the funds and the flow matrix from the shipped data."""
    for statement in (*REFERENCE, *BOOKS, *MONEY, idempotency.DDL, *trail.DDL, *TRIGGERS):
        op.execute(statement)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for statement in GRANTS:
        op.execute(statement)
    for name, table in (("funds", "fund"), ("accounts", "chart_account"), ("flow_matrix",) * 2):
        _fill(name, table)


def downgrade() -> None:
    """Drop everything of this revision."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_unbalanced()")
    op.execute("DROP FUNCTION refuse_change()")


def _fill(name: str, table: str) -> None:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = [_typed(row) for row in csv.DictReader(file)]
    columns = ", ".join(rows[0])
    values = ", ".join(f"CAST(:{column} AS {_TYPES.get(column, 'text')})" for column in rows[0])
    op.get_bind().execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), rows)


_TYPES = {
    "in_force_from": "date", "in_force_to": "date", "postable": "boolean", "floored": "boolean",
}  # fmt: skip


def _typed(row: dict[str, str]) -> dict[str, Any]:
    typed: dict[str, Any] = dict(row)
    for column in ("in_force_from", "in_force_to"):
        typed[column] = date.fromisoformat(row[column]) if row[column] else None
    for column in ("postable", "floored"):
        if column in row:
            typed[column] = row[column] == "true"
    if "parent" in row:
        typed["parent"] = row["parent"] or None
    return typed
