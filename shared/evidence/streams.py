"""Streams of evidence: append-only tables, and the canonical bytes of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PIECE_ROWS: Final = 10_000
"""Rows of one block, and of one piece when they are read again."""

_CANONICAL: Final = {
    "text": "{0}",
    "plain": "CAST({0} AS text)",
    "bytes": "encode({0}, 'hex')",
    "day": "to_char({0}, 'YYYY-MM-DD')",
    "instant": "CAST(CAST(extract(epoch FROM {0}) * 1000000 AS bigint) AS text)",
}
"""Kind of column → its text, whatever the session's time zone and date style. `plain` is what
PostgreSQL writes in one way only: integers, booleans, uuid, jsonb."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An append-only table; `columns` is name → kind, in the order of the canonical bytes.

    The columns never change for a name. A table that gets a further column that matters goes on
    under a new name, and blocks of the old one are verified as they were made.
    """

    name: str
    table: str
    columns: Mapping[str, str]

    def digest_sql(self) -> str:
        """Write the query of one block's rows: count, last seq and digest of seq > :after, <= :until.

        A row's canonical text is each value as its length, a colon, the text, a comma. OFFSET 0
        keeps the planner from writing each value's expression twice, which costs two thirds more.
        """
        values = ", ".join(
            f"{_CANONICAL[kind].format(column)} AS {column}_text"
            for column, kind in self.columns.items()
        )
        content = " || ".join(
            f"coalesce(octet_length({column}_text) || ':' || {column}_text, '-') || ','"
            for column in self.columns
        )
        return f"""
            SELECT count(*) AS rows, max(seq) AS last,
                   sha256(coalesce(string_agg(sha256(convert_to({content}, 'UTF8')),
                                              CAST('' AS bytea) ORDER BY seq),
                                   CAST('' AS bytea))) AS digest
              FROM (SELECT seq, {values}
                      FROM {self.table}
                     WHERE seq > :after AND seq <= :until
                     ORDER BY seq
                     LIMIT {PIECE_ROWS}
                    OFFSET 0) AS piece
        """


TRAIL: Final = Stream(
    "trail",
    "trail",
    {
        "seq": "plain",
        "shard_key": "plain",
        "id": "plain",
        "paper": "text",
        "paper_id": "plain",
        "round": "plain",
        "step": "text",
        "signs": "plain",
        "person": "text",
        "role": "text",
        "level": "text",
        "district": "text",
        "why": "text",
        "detail": "plain",
        "at": "instant",
    },
)
ROW_CHANGE: Final = Stream(
    "row_change",
    "row_change",
    {
        "seq": "plain",
        "table_name": "text",
        "operation": "text",
        "row_key": "plain",
        "new": "plain",
        "by_role": "text",
        "why": "text",
        "at": "instant",
    },
)
CATALOGUE: Final = Stream(
    "catalogue",
    "catalogue",
    {"seq": "plain", "revision": "text", "lines": "plain", "at": "instant"},
)
COMMON: Final = (TRAIL, ROW_CHANGE, CATALOGUE)
"""The streams that every service has."""
