"""Settlements whose approval is hit by kill -9: a repeat by the same key finds it done exactly once."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from benchmarks.kill_ledger import VICTIMS, Range
from services.ledger.chain.flows.verify import frozen, verify
from shared.db import Database
from shared.roles import Caller, Role
from tests.issuer import Issuer
from tests.ledger.support.making import pair, receipt

ROUNDS = 3
PATIENCE_S = 60.0


class Client:
    """A client that asks again by the same key, of any process, until it gets an answer."""

    def __init__(self, range_: Range, http: httpx.AsyncClient, issuer: Issuer) -> None:
        self._range, self._http, self._issuer = range_, http, issuer

    async def post(self, path: str, body: Any, role: Role, key: str) -> httpx.Response:
        """Post once; no answer and 503 mean: try again."""
        token = self._issuer.mint(Caller(subject=role.value, role=role))
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        turn = 0
        while asyncio.get_running_loop().time() < deadline:
            turn += 1
            ports = self._range.ports
            with suppress(httpx.TransportError):
                url = f"http://127.0.0.1:{ports[turn % len(ports)]}{path}"
                answer = await self._http.post(url, json=body, headers=headers)
                if answer.status_code < 500:
                    return answer
            await self._range.revive()
            await asyncio.sleep(0.1)
        raise AssertionError(f"no answer for {PATIENCE_S:.0f} s: {path}")


async def propose_sweep(client: Client, number: int, amount: str) -> str:
    """Post a receipt and propose to sweep it; return the settlement's id."""
    entries = pair("pension", "income_deposit", "contribution_income.pooled", amount)
    body = receipt(entries=entries, event_id=f"receipt-{number}")
    await client.post("/v1/vouchers", body, Role.COLLECTION_SERVICE, f"r-{number}")
    sweep = {"kind": "sweep", "day": "2021-07-31"}
    proposed = await client.post("/v1/settlements", sweep, Role.FUND_ACCOUNTANT, f"p-{number}")
    assert proposed.status_code == 201, proposed.text
    id: str = proposed.json()["id"]
    return id


async def approve_while_killing(range_: Range, client: Client, number: int) -> str:
    """Approve a sweep twice by one key while a process is killed; return the settlement's id."""
    amount = f"{number + 1}.00"
    id = await propose_sweep(client, number, amount)
    path, key = f"/v1/settlements/{id}/approvals", f"a-{number}"
    first = asyncio.create_task(client.post(path, {}, Role.DEPARTMENT_HEAD, key))
    await asyncio.sleep(range_.random.random() * 0.03)
    await range_.kill(VICTIMS[number % len(VICTIMS)])
    for answer in [await first, await client.post(path, {}, Role.DEPARTMENT_HEAD, key)]:
        assert answer.status_code == 200, answer.text
        assert answer.json()["amounts"] == [{"fund": "pension", "amount": amount}]
    return id[-32:]


async def require_settled_once(url: str, ids: list[str]) -> None:
    """Require one voucher and one signature for each settlement, and books that verify."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "ledger"})
    sweeps = await connection.fetch("SELECT event_id FROM voucher WHERE kind = 'sweep'")
    signatures = await connection.fetch(
        "SELECT paper_id FROM trail WHERE paper = 'settlement' AND step = 'approved'"
    )
    await connection.close()
    assert sorted(row["event_id"] for row in sweeps) == sorted(f"settlement:{id}" for id in ids)
    signed = [row["paper_id"].hex for row in signatures]
    assert {id: signed.count(id) for id in ids} == dict.fromkeys(ids, 1)
    db = Database(url, "ledger")
    async with frozen(db) as tx:  # a checkpoint may be written meanwhile
        assert (await verify(tx)).faults == ()
    await db.close()


@pytest.mark.story
@pytest.mark.usefixtures("prepared_python", "run_tempdir")
async def test_a_settlement_survives_being_killed_at_any_moment_of_its_approval() -> None:
    with tempfile.TemporaryDirectory(prefix="wuxian-kill-") as place:
        range_ = Range(Path(place), seed=20210731)
        try:
            await range_.begin()
            async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
                client = Client(range_, http, range_.issuer)
                ids = [
                    await approve_while_killing(range_, client, number) for number in range(ROUNDS)
                ]
            await require_settled_once(range_.url, ids)
        finally:
            await range_.end()
