"""Numbers of bank accounts that earlier releases stored readable, to be sealed a few at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.security.personal_data import AccountCipher
from shared.security.sealing import ROWS_PER_STEP


@dataclass(frozen=True, slots=True)
class AccountTable:
    """A table with accounts: its key columns by type, its columns with the path of the account."""

    name: str
    key: Mapping[str, str]
    columns: Mapping[str, str]

    @property
    def waits(self) -> str:
        """Write the condition of a row with a readable number."""
        return " OR ".join(
            f"{column}{path} ->> 'number' NOT LIKE 'sealed:%'"
            for column, path in self.columns.items()
        )


_CHANGE: Final = {"before": " -> 'bank'", "after": " -> 'bank'"}

ACCOUNT_TABLES: Final = (
    AccountTable("unit", {"unit_id": "bigint"}, {"bank": ""}),
    AccountTable("register_change", {"unit_id": "bigint", "id": "uuid"}, _CHANGE),
    AccountTable(
        "debit_line", {"unit_id": "bigint", "batch_id": "uuid", "line_no": "integer"}, {"bank": ""}
    ),
)


async def seal_accounts(tx: AsyncConnection, table: AccountTable, accounts: AccountCipher) -> int:
    """Seal the accounts of some rows that wait; return how many there were."""
    await tx.execute(text("SELECT set_config('wuxian.reason', 'personal data sealed', true)"))
    names = ", ".join([*table.key, *table.columns])
    rows = (
        await tx.execute(
            text(f"""
                SELECT {names}
                  FROM {table.name}
                 WHERE {table.waits}
                 LIMIT :limit
                   FOR UPDATE SKIP LOCKED
            """),
            {"limit": ROWS_PER_STEP},
        )
    ).all()
    if not rows:
        return 0
    types = {**table.key, **dict.fromkeys(table.columns, "jsonb")}
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in types.items())
    values: dict[str, list[Any]] = {
        name: [row._mapping[name] for row in rows] for name in table.key
    }
    for name in table.columns:
        values[name] = [_written(row._mapping[name], accounts) for row in rows]
    await tx.execute(
        text(f"""
            UPDATE {table.name}
               SET {", ".join(f"{name} = sealed.{name}" for name in table.columns)}
              FROM unnest({arrays}) AS sealed ({names})
             WHERE {" AND ".join(f"{table.name}.{name} = sealed.{name}" for name in table.key)}
        """),
        values,
    )
    return len(rows)


def _written(value: dict[str, Any] | None, accounts: AccountCipher) -> str | None:
    """Write a column's value with its account sealed."""
    if value is None:
        return None
    if "number" in value:
        return orjson.dumps(accounts.sealed(value)).decode()
    bank = {"bank": accounts.sealed(value["bank"])} if value.get("bank") else {}
    return orjson.dumps(value | bank).decode()
