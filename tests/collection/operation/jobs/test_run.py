"""One operation that cannot be begun leaves the other lane's alone."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from services.collection.operation import store as operation_store
from services.collection.operation.jobs import run as run_job


class Transaction:
    """A transaction that does nothing."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *error: object) -> None: ...


async def test_an_outage_at_the_start_of_one_operation_does_not_stop_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, unlucky = (SimpleNamespace(id=uuid4(), kind="a", tries=0) for _ in range(2))
    finished: list[Any] = []
    is_at_work = asyncio.Event()
    has_failed = asyncio.Event()

    async def waiting(tx: object) -> list[Any]:
        return [good, unlucky]

    async def take(tx: object, row: Any, holder: str) -> bool:
        if row is unlucky:
            await is_at_work.wait()
            has_failed.set()
            raise OSError
        return True

    async def finish(tx: object, row: Any, holder: str, **end: object) -> bool:
        finished.append(row)
        return True

    async def prepare(*_: object) -> Any:
        async def work(tx: object) -> dict[str, Any]:
            return {}

        is_at_work.set()
        await has_failed.wait()
        await asyncio.sleep(0.01)
        return work

    async def run(work: Any) -> None:
        await work(None)

    monkeypatch.setattr(operation_store, "to_do", waiting)
    monkeypatch.setattr(operation_store, "take", take)
    monkeypatch.setattr(operation_store, "finish", finish)
    tools = cast(Any, SimpleNamespace(db=SimpleNamespace(transaction=Transaction, run=run)))
    assert await run_job.run_waiting(tools, {"a": prepare}) == 1
    assert finished == [good]
