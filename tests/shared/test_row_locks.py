"""Rows under several keys are locked in one statement, or key after key on a distributed database."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from shared.db import lock_rows

STATEMENT = (
    "SELECT n FROM bill WHERE unit_id = ANY(CAST(:keys AS bigint[])) AND n > :least FOR UPDATE"
)


class Recorded:
    """A transaction that keeps what it is sent, and answers with the keys."""

    def __init__(self, *, is_distributed: bool) -> None:
        self.is_distributed = is_distributed
        self.info: dict[str, Any] = {}
        self.questions = 0
        self.sent: list[dict[str, Any]] = []

    async def get_raw_connection(self) -> SimpleNamespace:
        return SimpleNamespace(info=self.info)

    async def scalar(self, _: Any) -> bool:
        self.questions += 1
        return self.is_distributed

    async def execute(self, statement: Any, values: dict[str, Any]) -> list[int]:
        assert str(statement) == STATEMENT
        self.sent.append(values)
        return list(values["keys"])


@pytest.mark.parametrize(
    ("is_distributed", "groups"), [(False, [[3, 5, 9]]), (True, [[3], [5], [9]])]
)
async def test_the_keys_come_in_order(is_distributed: bool, groups: list[list[int]]) -> None:
    tx: Any = Recorded(is_distributed=is_distributed)
    for _ in range(2):
        assert list(await lock_rows(tx, STATEMENT, [9, 3, 5, 3], {"least": 1})) == [3, 5, 9]
    assert tx.sent == [{"least": 1, "keys": group} for group in groups] * 2
    assert tx.questions == 1
