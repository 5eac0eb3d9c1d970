"""Numbers of bank accounts that earlier releases stored readable, to be sealed a few at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.security.personal_data import AccountCipher
from shared.security.sealing import rewrite


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
    AccountTable("debit_agreement", {"unit_id": "bigint", "id": "uuid"}, {"bank": ""}),
)


async def seal_accounts(tx: AsyncConnection, table: AccountTable, accounts: AccountCipher) -> int:
    """Seal the accounts of some rows that wait; return how many there were."""
    written = dict.fromkeys(table.columns, partial(_written, accounts=accounts))
    return await rewrite(tx, table.name, table.key, table.waits, written, "jsonb")


def _written(value: dict[str, Any] | None, accounts: AccountCipher) -> str | None:
    """Write a column's value with its account sealed."""
    if value is None:
        return None
    if "number" in value:
        return orjson.dumps(accounts.sealed(value)).decode()
    bank = {"bank": accounts.sealed(value["bank"])} if value.get("bank") else {}
    return orjson.dumps(value | bank).decode()
