"""Books whose slots have grown are read, closed, fed and proved over all slots, old moments too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg

from services.ledger.chain.flows import anchor as anchor_flow
from services.ledger.chain.flows import growth as growth_flow
from services.ledger.chain.flows.verify import export, frozen, verify_lines
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import receipt
from tests.ledger.support.year import close, new_ledger


async def balance(ledger: Ledger, **params: str) -> Any:
    answer = await ledger.get("/v1/trial-balance", as_of="2021-12-31", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_old_moments_closings_feeds_and_proofs_hold_over_new_slots(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> None:
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        for number in range(6):
            body = receipt("10.00", owner=f"UNIT-{number}", book_date="2021-07-01")
            assert (await ledger.post("/v1/vouchers", body)).status_code == 201
        closing = await close(ledger, "day", "2021-07-01")
        day = anchor_flow.last_ended()
        await anchor_flow.publish(ledger.books, day)
        places = ",".join(f"{head['slot']}:{head['seq']}" for head in closing["heads"])
        moments = (closing["id"], day.isoformat(), places)
        before = [await balance(ledger, known_at=moment) for moment in moments]
        read = (await ledger.get("/v1/events", Role.SUPERVISOR)).json()

        await growth_flow.grow(ledger.books.db, 4, "operator:test")
        late = receipt("3.00", owner="NEW-1", book_date="2021-07-01")
        first = await ledger.post("/v1/vouchers", late)
        assert (first.status_code, first.json()["code"]) == (503, "OUTCOME_UNKNOWN")
        refused = await ledger.post("/v1/vouchers", late)
        assert refused.json()["code"] == "DAY_CLOSED", "a new slot is closed like the others"
        batch = {"vouchers": [receipt("3.00", owner=f"NEW-{i}") for i in range(12)]}
        posted = (await ledger.post("/v1/voucher-batches", batch)).json()
        assert {one["slot"] for one in posted["results"]} == {4, 5, 6, 7}

        assert [await balance(ledger, known_at=moment) for moment in moments] == before
        assert (await ledger.balances())["income_deposit"] == "96.00"
        new = (await ledger.get("/v1/events", after_seq=read["after_seq"])).json()["items"]
        assert sorted(one["id"] for one in new) == sorted(one["id"] for one in posted["results"])
        assert len((await close(ledger, "day", "2021-07-31"))["heads"]) == 8
        wrong = await ledger.get("/v1/trial-balance", known_at="0:0,1:0,2:0,3:0,4:0")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "VALIDATION_FAILED"), wrong.text

        lines: list[bytes] = []
        async with frozen(ledger.books.db) as tx:
            await export(tx, lines.append)
        proved = verify_lines(lines)
        assert (proved.faults, proved.slots, proved.vouchers) == ((), 8, 18)
        slipped = [line.replace(b'"2021-07-15"', b'"2021-07-01"') for line in lines]
        assert any("which was closed: vch_4_" in fault for fault in verify_lines(slipped).faults)
        admin = await asyncpg.connect(ledger.url, server_settings={"search_path": "ledger"})
        [step] = await admin.fetch("SELECT person, step, detail FROM trail WHERE paper = 'slots'")
        await admin.close()
        assert tuple(step) == ("operator:test", "grown", '{"slots": [4, 8]}')
