"""kill -9 while a settlement is being approved: asked again by the same key, it was done exactly once."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from benchmarks.kill import VICTIMS, Range
from services.ledger.chain.flows.verify import verify
from shared.db import Database
from shared.roles import Caller, Role
from shared.security.identity import Identity
from tests.ledger.support.making import pair, receipt

ROUNDS = 3
PATIENCE_S = 60.0


async def insist(
    range_: Range, client: httpx.AsyncClient, path: str, body: Any, **headers: str
) -> Any:
    """As every client does: no answer or 503, ask again by the same key, whichever process answers."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    turn = 0
    while asyncio.get_running_loop().time() < deadline:
        turn += 1
        with suppress(httpx.TransportError):
            url = f"http://127.0.0.1:{range_.ports[turn % len(range_.ports)]}{path}"
            answer = await client.post(url, json=body, headers=headers)
            if answer.status_code < 500:
                return answer
        await range_.revive()
        await asyncio.sleep(0.1)
    raise AssertionError(f"no answer for {PATIENCE_S:.0f} s: {path}")


@pytest.mark.story
async def test_a_settlement_survives_being_killed_at_any_moment_of_its_approval() -> None:
    with tempfile.TemporaryDirectory(prefix="wuxian-kill-") as place:
        range_ = Range(Path(place), seed=20210731)
        try:
            await range_.begin()
            identity = Identity.load(Path(place) / "identity")

            def as_(role: Role, key: str) -> dict[str, str]:
                token = identity.mint(Caller(subject=role.value, role=role))
                return {"Authorization": f"Bearer {token}", "Idempotency-Key": key}

            settled: dict[str, str] = {}
            async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
                for number in range(ROUNDS):
                    amount = f"{number + 1}.00"
                    entries = pair(
                        "pension", "income_deposit", "contribution_income.pooled", amount
                    )
                    body = receipt(entries=entries, event_id=f"receipt-{number}")
                    await insist(
                        range_,
                        client,
                        "/v1/vouchers",
                        body,
                        **as_(Role.COLLECTION_SERVICE, f"r-{number}"),
                    )
                    asked = {"kind": "sweep", "day": "2021-07-31"}
                    proposed = await insist(
                        range_,
                        client,
                        "/v1/settlements",
                        asked,
                        **as_(Role.FUND_ACCOUNTANT, f"p-{number}"),
                    )
                    assert proposed.status_code == 201, proposed.text
                    path = f"/v1/settlements/{proposed.json()['id']}/approvals"
                    head = as_(Role.DEPARTMENT_HEAD, f"a-{number}")
                    first = asyncio.create_task(insist(range_, client, path, {}, **head))
                    await asyncio.sleep(range_.random.random() * 0.03)
                    await range_.kill(VICTIMS[number % len(VICTIMS)])
                    answers = [await first, await insist(range_, client, path, {}, **head)]
                    for answer in answers:
                        assert answer.status_code == 200, answer.text
                        assert answer.json()["amounts"] == [{"fund": "pension", "amount": amount}]
                    settled[proposed.json()["id"][-32:]] = answers[0].json()["voucher"]
            connection = await asyncpg.connect(
                range_.url, server_settings={"search_path": "ledger"}
            )
            sweeps = await connection.fetch("SELECT event_id FROM voucher WHERE kind = 'sweep'")
            signed = await connection.fetch(
                "SELECT paper_id FROM trail WHERE paper = 'settlement' AND step = 'approved'"
            )
            await connection.close()
            assert sorted(row["event_id"] for row in sweeps) == sorted(
                f"settlement:{id}" for id in settled
            )
            ids = [row["paper_id"].hex for row in signed]
            assert {id: ids.count(id) for id in settled} == dict.fromkeys(settled, 1)
            db = Database(range_.url, "ledger")
            assert (await db.run(verify)).faults == ()
            await db.close()
        finally:
            await range_.end()
