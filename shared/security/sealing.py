"""Sealing of the personal data that earlier releases stored as plain text, in bounded steps.

A migration has no key: it only marks the values of before as PLAIN. This work seals them later. A
value says itself whether it waits, so a step that was killed is taken again and no value is sealed
twice; a partial index finds the rows that wait, and is empty afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database
from shared.process.background import keep_looking
from shared.security.personal_data import PLAIN, PersonalCipher

ROWS_PER_STEP: Final = 500
IDLE_SECONDS: Final = 60.0
"""Rows copied from one that waits may come in while the work runs, so it looks again."""

Step = Callable[[AsyncConnection], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with personal data: its key columns with their types, its personal columns by label."""

    name: str
    key: Mapping[str, str]
    columns: Mapping[str, str]

    @property
    def waits(self) -> str:
        """Write the condition of a row that waits to be sealed."""
        mark = f"decode('{PLAIN.hex()}', 'hex')"
        return " OR ".join(f"substring({column} FROM 1 FOR 1) = {mark}" for column in self.columns)


async def seal_rows(
    tx: AsyncConnection, table: SealedTable, ciphers: Mapping[str, PersonalCipher]
) -> int:
    """Seal some rows of a table that wait; return how many there were."""
    written = {
        name: partial(sealed, cipher=ciphers[label]) for name, label in table.columns.items()
    }
    return await rewrite(tx, table.name, table.key, table.waits, written, "bytea")


async def rewrite(
    tx: AsyncConnection,
    table: str,
    key: Mapping[str, str],
    waits: str,
    written: Mapping[str, Callable[[Any], Any]],
    kind: str,
) -> int:
    """Write columns of some rows anew; return how many rows there were.

    A row that somebody changes meanwhile keeps the change, and is found again if it still waits.

    Args:
        tx: the transaction.
        table: the table's name.
        key: column of its key → type.
        waits: SQL condition of the rows that wait.
        written: column → what makes its new value of the old one.
        kind: type of these columns.
    """
    await tx.execute(text("SELECT set_config('wuxian.reason', 'personal data sealed', true)"))
    names = ", ".join([*key, *written])
    as_read = [f"{name}_as_read" for name in written]
    columns = [f"CAST({name} AS text) AS {name}_as_read" for name in written]
    rows = (
        await tx.execute(
            text(f"""
                SELECT {", ".join([names, *columns])}
                  FROM {table}
                 WHERE {waits}
                 LIMIT :limit
            """),
            {"limit": ROWS_PER_STEP},
        )
    ).all()
    if not rows:
        return 0
    types = {**key, **dict.fromkeys(written, kind), **dict.fromkeys(as_read, "text")}
    arrays = ", ".join(f"CAST(:{name} AS {type_}[])" for name, type_ in types.items())
    values: dict[str, list[Any]] = {name: [row._mapping[name] for row in rows] for name in types}
    for name, new_value in written.items():
        values[name] = [new_value(row._mapping[name]) for row in rows]
    is_unchanged = [
        f"CAST({table}.{name} AS text) IS NOT DISTINCT FROM sealed.{name}_as_read"
        for name in written
    ]
    await tx.execute(
        text(f"""
            UPDATE {table}
               SET {", ".join(f"{name} = sealed.{name}" for name in written)}
              FROM unnest({arrays}) AS sealed ({", ".join(types)})
             WHERE {" AND ".join(f"{table}.{name} = sealed.{name}" for name in key)}
               AND {" AND ".join(is_unchanged)}
        """),
        values,
    )
    return len(rows)


def sealed(stored: bytes, cipher: PersonalCipher) -> bytes:
    """Seal a value that waits; leave a sealed one as it is."""
    value = bytes(stored)
    return cipher.seal(cipher.open(value)) if value[:1] == PLAIN else value


class Sealer:
    """Background work: seals what waits, one transaction a step."""

    def __init__(self, db: Database, steps: Sequence[Step]) -> None:
        self.db = db
        self._steps = steps

    async def run(self) -> None:
        """Work until cancelled. Stopping anywhere loses nothing."""
        await keep_looking(
            self.step,
            self.db.bell,
            seconds=IDLE_SECONDS,
            failed="personal data not sealed",
        )

    async def step(self) -> int:
        """Take one step in every table; return how many rows were sealed."""
        return sum([await self.db.run(step) for step in self._steps])
