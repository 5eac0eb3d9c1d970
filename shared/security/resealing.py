"""Sealing of stored values with another key, after a rotation: in bounded batches, in key order.

A value says itself which key sealed it, so the values are the progress: a batch that was killed is
taken again, and no value is sealed twice. The operator's command does this work, as administrator.
Triggers let nobody else change a sealed account, and him only from one noted key to another with
everything else unchanged (migrations `moved_keys`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.evidence.store import ROTATION
from shared.security.field_cipher import CipherBroken, FieldCipher
from shared.security.field_keys import HEADER_BYTES, FieldKeys
from shared.security.personal_data import SEALED, AccountCipher, PersonalCipher

ROWS_PER_BATCH: Final = 500
_PREFIX: Final = len(AccountCipher.PREFIX)


class Form(StrEnum):
    """The forms in which columns hold a sealed value."""

    BYTES = "bytes"
    MARKED = "marked"
    """After one byte that says whether it is sealed (`shared.security.personal_data`)."""
    HEX = "hex"
    ACCOUNT = "account"
    """The number of a bank account in JSON."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column with sealed values: its form, their labels, and for an account the way to it."""

    name: str
    form: Form
    labels: tuple[str, ...] = ()
    """More than one where rows of the table have different meanings."""
    path: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """Write the SQL of the first bytes of the value, where a key's header stands."""
        if self.form is Form.BYTES:
            return f"substring({self.name} FROM 1 FOR {HEADER_BYTES})"
        if self.form is Form.MARKED:
            return (
                f"CASE WHEN substring({self.name} FROM 1 FOR 1) = decode('{SEALED.hex()}', 'hex')"
                f" THEN substring({self.name} FROM 2 FOR {HEADER_BYTES})"
                f" WHEN {self.name} IS NOT NULL THEN '' END"
            )
        if self.form is Form.HEX:
            return f"decode(substring({self.name} FROM 1 FOR {2 * HEADER_BYTES}), 'hex')"
        number = "".join(f" -> '{step}'" for step in self.path) + " ->> 'number'"
        digits = HEADER_BYTES // 3 * 4
        return (
            f"CASE WHEN {self.name}{number} LIKE '{AccountCipher.PREFIX}%'"
            f" THEN decode(substring({self.name}{number} FROM {_PREFIX + 1} FOR {digits}), 'base64')"
            f" WHEN {self.name}{number} IS NOT NULL THEN '' END"
        )

    @property
    def type(self) -> str:
        """Return the column's type."""
        return {Form.HEX: "text", Form.ACCOUNT: "jsonb"}.get(self.form, "bytea")

    def resealed(self, stored: Any, keys: FieldKeys) -> Any:
        """Seal a stored value with the current key.

        Raises:
            CipherBroken: none of the keys sealed it.
        """
        if stored is None:
            return None
        if self.form is Form.MARKED:
            personal = PersonalCipher(keys, self.labels[0])
            return personal.seal(personal.open(bytes(stored)))
        if self.form is Form.ACCOUNT:
            return orjson.dumps(self._account(stored, AccountCipher(keys), self.path)).decode()
        if self.form is Form.HEX:
            return self._moved(bytes.fromhex(stored), keys).hex()
        return self._moved(bytes(stored), keys)

    def _moved(self, sealed: bytes, keys: FieldKeys) -> bytes:
        for label in self.labels:
            cipher = FieldCipher(keys, label)
            with suppress(CipherBroken):
                return cipher.seal_bytes(cipher.open_bytes(sealed))
        raise CipherBroken

    def _account(self, value: Any, accounts: AccountCipher, path: Sequence[str]) -> Any:
        if not isinstance(value, dict):
            return value
        if path:
            inner = self._account(value.get(path[0]), accounts, path[1:])
            return value | {path[0]: inner} if path[0] in value else value
        return accounts.sealed(accounts.opened(value)) if "number" in value else value


@dataclass(frozen=True, slots=True)
class ResealedTable:
    """A table with sealed columns: its key's columns with their types, and how many rows fit a batch."""

    name: str
    key: Mapping[str, str]
    columns: tuple[SealedColumn, ...]
    where: str = "true"
    batch: int = ROWS_PER_BATCH

    @property
    def _waits(self) -> str:
        return " OR ".join(f"({column.header}) <> :current" for column in self.columns)

    async def count(self, tx: AsyncConnection, keys: FieldKeys) -> dict[str, int]:
        """Count the values by the id of their key; those of no known header are the first key's."""
        known = [key.header for key in keys.ring.keys if not key.is_first]
        found: dict[str, int] = {}
        for column in self.columns:
            rows = await tx.execute(
                text(f"""
                    SELECT CASE WHEN header = ANY (CAST(:known AS bytea[])) THEN header END AS header,
                           count(*) AS values
                      FROM (SELECT {column.header} AS header
                              FROM {self.name}
                             WHERE {self.where}) AS stored
                     WHERE header IS NOT NULL
                     GROUP BY 1
                """),
                {"known": known},
            )
            for row in rows:
                named = None if row.header is None else keys.ring.by_header[bytes(row.header)].id
                found[named or FIRST] = found.get(named or FIRST, 0) + row.values
        return found

    async def waiting(self, tx: AsyncConnection, keys: FieldKeys) -> int:
        """Count the rows with a value that the current key did not seal."""
        found = await tx.execute(
            text(f"SELECT count(*) FROM {self.name} WHERE ({self.where}) AND ({self._waits})"),
            {"current": keys.current.header},
        )
        return int(found.scalar_one())

    async def reseal(
        self, tx: AsyncConnection, keys: FieldKeys, after: tuple[Any, ...] | None
    ) -> tuple[int, tuple[Any, ...] | None]:
        """Seal one batch of rows that come after a key; return their number and the last key.

        A row that somebody changes meanwhile keeps the change, and is left to the next pass.
        """
        await tx.execute(
            text("SELECT set_config('wuxian.reason', :reason, true)"),
            {"reason": f"{ROTATION}{keys.current.id}"},
        )
        rows = await self._batch(tx, keys, after)
        if rows:
            await self._write(tx, rows, keys)
        return len(rows), tuple(rows[-1][name] for name in self.key) if rows else None

    async def _batch(
        self, tx: AsyncConnection, keys: FieldKeys, after: tuple[Any, ...] | None
    ) -> list[dict[str, Any]]:
        names = [*self.key, *(column.name for column in self.columns)]
        fresh = [f"({column.header}) = :current AS {column.name}_fresh" for column in self.columns]
        as_read = [
            f"CAST({column.name} AS text) AS {column.name}_as_read" for column in self.columns
        ]
        place = ", ".join(f"CAST(:{name} AS {type_})" for name, type_ in self.key.items())
        follows = f"({', '.join(self.key)}) > ({place})" if after else "true"
        found = await tx.execute(
            text(f"""
                SELECT {", ".join(names + fresh + as_read)}
                  FROM {self.name}
                 WHERE ({self.where}) AND {follows} AND ({self._waits})
                 ORDER BY {", ".join(self.key)}
                 LIMIT :batch
            """),
            {"current": keys.current.header, "batch": self.batch}
            | dict(zip(self.key, after or (), strict=bool(after))),
        )
        return [dict(row._mapping) for row in found]

    async def _write(
        self, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]], keys: FieldKeys
    ) -> None:
        as_read = [f"{column.name}_as_read" for column in self.columns]
        types = {**self.key, **{column.name: column.type for column in self.columns}}
        types |= dict.fromkeys(as_read, "text")
        values: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in types}
        for column in self.columns:
            name = column.name
            # A value that is fresh stays: a trigger allows each value one step to another key.
            values[name] = [
                None if row[f"{name}_fresh"] else column.resealed(row[name], keys) for row in rows
            ]
        sets = [
            f"{column.name} = coalesce(fresh.{column.name}, {self.name}.{column.name})"
            for column in self.columns
        ]
        is_same = [f"{self.name}.{name} = fresh.{name}" for name in self.key] + [
            f"CAST({self.name}.{column.name} AS text) IS NOT DISTINCT FROM fresh.{column.name}_as_read"
            for column in self.columns
        ]
        arrays = ", ".join(f"CAST(:{name} AS {type_}[])" for name, type_ in types.items())
        await tx.execute(
            text(f"""
                UPDATE {self.name}
                   SET {", ".join(sets)}
                  FROM unnest({arrays}) AS fresh ({", ".join(types)})
                 WHERE {" AND ".join(is_same)}
            """),
            values,
        )


FIRST: Final = ""
"""The place of the first key, whose values have no header, among counts."""

MOVED_DDL: Final = (
    f"""
    CREATE FUNCTION sealed_with(stored bytea) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT name
          FROM key_fingerprint
         WHERE substring(stored FROM 1 FOR 1) = decode('02', 'hex')
           AND name = 'field_key ' || encode(substring(stored FROM 3 FOR {HEADER_BYTES - 2}), 'hex')
           AND retired_at IS NULL
    $$
    """,
    f"""
    CREATE FUNCTION moved_to_key(before bytea, after bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT sealed_with(after) IS NOT NULL
           AND sealed_with(after) IS DISTINCT FROM sealed_with(before)
           AND octet_length(after) - octet_length(before)
               = CASE WHEN sealed_with(before) IS NULL THEN {HEADER_BYTES} ELSE 0 END
    $$
    """,
)
"""Tell that a value moved from one noted key to another, with as many bytes under the seal."""
