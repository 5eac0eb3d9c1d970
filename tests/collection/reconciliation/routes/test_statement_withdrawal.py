"""Two people withdraw a statement that was taken by mistake; the right one continues the balances."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.collection.app import build
from tests.collection.reconciliation.reckoning import TREASURY, Desk
from tests.collection.support.money import fetch
from tests.conftest import Bearer, ClientOf, SettingsFor

PATH = "/v1/statement-withdrawals"
NUMBER = "6222020302001234567"


@pytest.fixture(scope="module")
async def desk(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Desk]:
    async with client_of(build(settings_for())) as client:
        yield Desk(client, bearer, database_url)


async def withdrawn(desk: Desk, day: str, step: str = "approvals", **body: Any) -> dict[str, Any]:
    filed = await desk.api.post(
        PATH,
        json={"account": TREASURY, "day": day, "reason": "误传"},
        headers=desk.bearer("fund_accountant"),
    )
    assert filed.status_code == 201, filed.text
    done = await desk.api.post(
        f"{PATH}/{filed.json()['id']}/{step}",
        json=body or None,
        headers=desk.bearer("department_head"),
    )
    assert done.status_code == 201, done.text
    return dict(done.json())


async def test_the_right_statement_takes_the_place_of_a_withdrawn_one(
    desk: Desk, database_url: str
) -> None:
    await desk.upload([("2021-07-19", 100, "A")], "2021-07-19")
    await desk.push([("W1", "91120101MA00000000", 500)])
    wrong = [("2021-07-20", 900, "X", NUMBER), ("2021-07-21", 50, "Y")]
    await desk.upload(wrong, "2021-07-20", "2021-07-21")
    await desk.run("2021-07-19")
    assert {"X", "Y"} <= set(await desk.kinds())
    kept = await withdrawn(desk, "2021-07-21", "refusals", why="系本户")
    assert (kept["status"], len(await fetch(database_url, "SELECT * FROM bank_statement"))) == (
        *("refused", 3),
    )
    gone = await withdrawn(desk, "2021-07-21")
    assert (gone["first"], gone["last"], gone["lines"]) == ("2021-07-20", "2021-07-21", 2)
    assert not {"X", "Y"} & set(await desk.kinds())
    rows = await fetch(database_url, "SELECT serial FROM withdrawn_statement_line ORDER BY 1")
    assert [row["serial"] for row in rows] == ["X", "Y"]

    desk.balance_fen = 100
    broken = await desk.upload([("2021-07-20", 500, "W1")], "2021-07-20", opening="10.50")
    assert broken.json()["code"] in {"BALANCE_CHAIN_BROKEN", "STATEMENT_UNBALANCED"}
    right = await desk.upload([("2021-07-20", 500, "W1")], "2021-07-20", "2021-07-21")
    assert right.status_code == 201, right.text
    await desk.run()
    assert not {"X", "Y", "W1"} & set(await desk.kinds())
    listed = await desk.api.get(
        PATH, params={"account": TREASURY}, headers=desk.bearer("supervisor")
    )
    assert [one["status"] for one in listed.json()["items"]] == ["refused", "approved"]


async def test_what_is_agreed_or_unknown_is_not_withdrawn(desk: Desk) -> None:
    body = {"account": TREASURY, "day": "2021-05-01", "reason": "误传"}
    accountant = desk.bearer("fund_accountant")
    unknown = await desk.api.post(PATH, json=body, headers=accountant)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "STATEMENT_UNKNOWN")
    letters = "/v1/reconciliation-letters"
    drafted = await desk.api.post(
        letters, json={"party": "treasury", "period": "2021-07"}, headers=accountant
    )
    assert drafted.status_code == 201, drafted.text
    letter = f"{letters}/{drafted.json()['id']}"
    await desk.api.post(f"{letter}/signatures", headers=desk.bearer("department_head"))
    answer = {"agrees": True, "note": "核对相符"}
    agreed = await desk.api.post(
        f"{letter}/answers", json=answer, headers=desk.bearer("tax_bureau")
    )
    assert agreed.json()["status"] == "agreed", agreed.text
    kept = await desk.api.post(PATH, json=body | {"day": "2021-07-20"}, headers=accountant)
    assert (kept.status_code, kept.json()["code"]) == (409, "STATEMENT_AGREED")
