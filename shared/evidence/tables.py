"""Tables of the evidence: blocks, changes of watched rows, and the catalogue; for migrations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

EVENTS = ("INSERT", "UPDATE", "DELETE")
BLOCKS = (
    """
    CREATE TABLE evidence_block (
        number   bigint      NOT NULL PRIMARY KEY CHECK (number > 0),
        stream   text        NOT NULL,
        after    bigint      NOT NULL,
        until    bigint      NOT NULL CHECK (until > after),
        rows     bigint      NOT NULL CHECK (rows >= 0),
        digest   bytea       NOT NULL,
        previous bytea       NOT NULL,
        hash     bytea       NOT NULL,
        at       timestamptz NOT NULL,
        UNIQUE (stream, after)
    )
    """,
    """
    CREATE TABLE row_change (
        seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        table_name text        NOT NULL,
        operation  text        NOT NULL
                   CHECK (operation IN ('BASELINE', 'INSERT', 'UPDATE', 'DELETE')),
        row_key    jsonb       NOT NULL,
        new        jsonb,
        by_role    text        NOT NULL,
        why        text,
        at         timestamptz NOT NULL DEFAULT clock_timestamp(),
        CHECK ((operation = 'DELETE') = (new IS NULL))
    )
    """,
    "CREATE INDEX row_change_of_row ON row_change (table_name, row_key, seq)",
    """
    CREATE TABLE catalogue (
        seq      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        revision text        NOT NULL,
        lines    jsonb       NOT NULL,
        at       timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
)

REFUSE = """
    CREATE FUNCTION refuse_evidence_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END
    $$
"""


DIGEST_HIDDEN = """
    CREATE FUNCTION evidence_row(stood jsonb, row_key jsonb, hidden text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE AS $$
        SELECT stood || coalesce(jsonb_object_agg(name, 'sha256:' || encode(sha256(convert_to(
                   CAST(row_key AS text) || (stood ->> name), 'UTF8')), 'hex')), '{}')
          FROM unnest(hidden) AS name
         WHERE stood ->> name IS NOT NULL
    $$
"""
"""The row as it is recorded: personal columns by a digest under the row's key, the rest as it is."""


def append_only(table: str) -> str:
    """Write the trigger that refuses every change of a table's rows."""
    return f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
           FOR EACH STATEMENT EXECUTE FUNCTION refuse_evidence_change()
    """


def record_change(schema: str) -> str:
    """Write the function that records a statement's changes to a watched table.

    Its arguments are the key's columns, then after a dash the personal columns. It runs with its
    owner's rights: the service's role can cause a record, not write one.
    """
    return f"""
        CREATE FUNCTION record_change() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
        DECLARE
            place  integer := array_position(TG_ARGV, '-');
            names  text[]  := TG_ARGV[0:place - 1];
            hidden text[]  := TG_ARGV[place + 1:];
            acting text    := coalesce(nullif(current_setting('role'), 'none'), session_user);
            reason text    := nullif(current_setting('wuxian.reason', true), '');
        BEGIN
            INSERT INTO row_change (table_name, operation, row_key, new, by_role, why)
            SELECT TG_TABLE_NAME, TG_OP, row_key,
                   CASE WHEN TG_OP <> 'DELETE' THEN evidence_row(stood, row_key, hidden) END,
                   acting, reason
              FROM (SELECT to_jsonb(met) AS stood FROM met) AS rows,
                   LATERAL (SELECT jsonb_object_agg(name, stood -> name) AS row_key
                              FROM unnest(names) AS name) AS keyed;
            RETURN NULL;
        END
        $$
    """


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose changes are recorded: the columns of its key, and its personal columns."""

    key: tuple[str, ...]
    hidden: tuple[str, ...] = ()

    def ddl(self, table: str) -> tuple[str, ...]:
        """Write the triggers that record a table's changes, and the record of its rows of today."""
        words = ", ".join(f"'{word}'" for word in (*self.key, "-", *self.hidden))
        pairs = ", ".join(f"'{column}', {table}.{column}" for column in self.key)
        key = f"jsonb_build_object({pairs})"
        names = ", ".join(f"'{column}'" for column in self.hidden)
        hidden = f"CAST(ARRAY[{names}] AS text[])"
        return (
            *[
                f"""
                CREATE TRIGGER {table}_{event.lower()}_recorded AFTER {event} ON {table}
                   REFERENCING {"OLD" if event == "DELETE" else "NEW"} TABLE AS met
                   FOR EACH STATEMENT EXECUTE FUNCTION record_change({words})
                """
                for event in EVENTS
            ],
            f"""
            INSERT INTO row_change (table_name, operation, row_key, new, by_role, why)
            SELECT '{table}', 'BASELINE', {key}, evidence_row(to_jsonb({table}), {key}, {hidden}),
                   current_user, 'watched from now on'
              FROM {table}
            """,
        )


def upgrade(
    schema: str,
    role: str,
    watched: Mapping[str, Watched],
    *,
    numbered: Sequence[str] = ("trail",),
    refusing: Sequence[str] = ("trail",),
) -> tuple[str, ...]:
    """Write the statements that give a service its evidence.

    Args:
        schema: the service's schema.
        role: the service's role.
        watched: table → how it is watched.
        numbered: append-only tables whose rows get a number.
        refusing: append-only tables that lack the trigger which refuses changes.
    """
    kept = ("evidence_block", "row_change", "catalogue")
    return (
        *BLOCKS,
        REFUSE,
        *[append_only(table) for table in (*kept, *refusing)],
        *[line for table in numbered for line in number_rows(table)],
        DIGEST_HIDDEN,
        record_change(schema),
        *[line for table, how in watched.items() for line in how.ddl(table)],
        f"GRANT SELECT, INSERT ON evidence_block TO {role}",
        f"GRANT SELECT ON row_change, catalogue TO {role}",
    )


def number_rows(table: str) -> tuple[str, str]:
    """Write the statements that number a table's rows in the order of their coming."""
    return (
        f"ALTER TABLE {table} ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY",
        f"CREATE INDEX {table}_seq ON {table} (seq)",
    )


def downgrade(
    watched: Iterable[str],
    *,
    numbered: Sequence[str] = ("trail",),
    refusing: Sequence[str] = ("trail",),
) -> tuple[str, ...]:
    """Write the statements that take the evidence away again."""
    return (
        *[
            f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}"
            for table in watched
            for event in EVENTS
        ],
        "DROP FUNCTION record_change()",
        "DROP FUNCTION evidence_row(jsonb, jsonb, text[])",
        *[f"DROP TRIGGER {table}_append_only ON {table}" for table in refusing],
        *[f"ALTER TABLE {table} DROP COLUMN seq" for table in numbered],
        "DROP TABLE evidence_block, row_change, catalogue",
        "DROP FUNCTION refuse_evidence_change()",
    )
