"""Reversals by two people, and books whose reversals need no paper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from httpx import Response

from shared.roles import Role
from tests.ledger.conftest import Ledger

TRIGGER = "ALTER TABLE voucher {} TRIGGER voucher_reversal_signed"


async def propose(
    ledger: Ledger, voucher: str, *parts: tuple[int, str], key: str | None = None, **changes: Any
) -> Response:
    """Propose to reverse a voucher, or these parts of it: (line, amount)."""
    body = {"book_date": "2021-07-20", "summary": "退还"} | changes
    if parts:
        body["entries"] = [{"line": line, "amount": amount} for line, amount in parts]
    path = f"/v1/vouchers/{voucher}/reversals"
    return await ledger.post(path, body, Role.FUND_ACCOUNTANT, key=key)


async def approve(ledger: Ledger, proposed: Response, **more: Any) -> Response:
    """Approve a proposed reversal as another person."""
    assert proposed.status_code == 201, proposed.text
    path = f"/v1/reversals/{proposed.json()['id']}/approvals"
    return await ledger.post(path, {}, Role.DEPARTMENT_HEAD, **more)


async def reverse(
    ledger: Ledger, voucher: str, *parts: tuple[int, str], **changes: Any
) -> Response:
    """Reverse a voucher by two people; the answer of whichever step is the last."""
    proposed = await propose(ledger, voucher, *parts, **changes)
    return await approve(ledger, proposed) if proposed.status_code == 201 else proposed


@asynccontextmanager
async def reversals_without_paper(url: str) -> AsyncIterator[None]:
    """Let tests of the writer post a reversal that nobody signed."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "ledger"})
    await connection.execute(TRIGGER.format("DISABLE"))
    try:
        yield
    finally:
        await connection.execute(TRIGGER.format("ENABLE"))
        await connection.close()
