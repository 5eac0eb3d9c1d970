"""The adjustment table ties bank and books; letters are signed by both sides, or disputed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.collection.app import build
from tests.collection.reconciliation.reckoning import TREASURY, Desk
from tests.collection.support.money import TOTAL_FEN, owe
from tests.conftest import Bearer, ClientOf, SettingsFor

LAST = "2021-07-31"


@pytest.fixture(scope="module")
async def desk(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Desk]:
    async with client_of(build(settings_for())) as client:
        yield Desk(client, bearer, database_url)


async def table(desk: Desk, as_of: str) -> dict[str, Any]:
    answer = await desk.api.get(
        f"/v1/bank-adjustments/{TREASURY}",
        params={"as_of": as_of},
        headers=desk.bearer("fund_accountant"),
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def post(desk: Desk, path: str, role: str, body: Any = None, **who: str) -> httpx.Response:
    return await desk.api.post(
        f"/v1/reconciliation-letters{path}", json=body, headers=desk.bearer(role, **who)
    )


async def test_items_explain_bank_and_books_and_a_past_table_stays(
    desk: Desk, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    await desk.push([("there", owed.credit_code, 1_000)], collected_on="2021-07-20")
    late = {"collected_on": LAST}
    await desk.push([("on-its-way", owed.credit_code, 2_000)], **late)
    await desk.upload(
        [("2021-07-20", 1_000, "there"), ("2021-07-21", 77, "interest")], "2021-07-20", LAST
    )
    await desk.run("2021-07-01")
    july = await table(desk, LAST)
    assert (july["book_balance"], july["bank_balance"]) == ("30.00", "10.77")
    assert [one["subject"] for one in july["bank_received"]] == ["interest"]
    assert [one["subject"] for one in july["book_received"]] == ["on-its-way"]
    assert july["adjusted_book_balance"] == july["adjusted_bank_balance"] == "30.77"
    assert july["difference"] == "0.00"
    await desk.upload([("2021-08-01", 2_000, "on-its-way")], "2021-08-01")
    await desk.run()
    assert (await table(desk, "2021-08-01"))["book_received"] == []
    again = await table(desk, LAST)
    assert [one["subject"] for one in again["book_received"]] == ["on-its-way"]
    assert again["difference"] == "0.00"
    page = await desk.api.get(
        f"/v1/bank-adjustments/{TREASURY}/print",
        params={"as_of": LAST},
        headers=desk.bearer("fund_accountant"),
    )
    assert "调节后余额" in page.text
    assert "30.77" in page.text


async def test_both_sides_sign_a_letter(desk: Desk) -> None:
    body = {"party": "treasury", "period": "2021-07"}
    drafted = await post(desk, "", "fund_accountant", body)
    assert drafted.status_code == 201, drafted.text
    letter = drafted.json()
    assert letter["figures"][0] == {
        "name": "treasury_deposit.bank",
        "ours": "10.77",
        "theirs": None,
        "difference": None,
    }
    path = f"/{letter['id']}"
    assert (await post(desk, "", "fund_accountant", body)).status_code == 409
    early = await post(desk, f"{path}/answers", "tax_bureau", {"agrees": True, "note": "相符"})
    assert early.json()["code"] == "RECONCILIATION_LETTER_NOT_READY"
    signed = await post(desk, f"{path}/signatures", "department_head")
    assert signed.json()["status"] == "signed"
    other = await post(desk, f"{path}/answers", "bank_gateway", {"agrees": True, "note": "相符"})
    assert other.status_code == 403
    vague = await post(desk, f"{path}/answers", "tax_bureau", {"agrees": False, "note": "不符"})
    assert vague.json()["errors"][0]["code"] == "DIFFERENCE_MISSING"
    differs = {"agrees": False, "figures": {"treasury_deposit.bank": "10.00"}, "note": "少 0.77"}
    disputed = await post(desk, f"{path}/answers", "tax_bureau", differs)
    assert disputed.json()["status"] == "disputed"
    assert disputed.json()["figures"][0]["difference"] == "0.77"
    again = (await post(desk, "", "fund_accountant", body)).json()
    await post(desk, f"/{again['id']}/signatures", "department_head")
    agreed = await post(
        desk, f"/{again['id']}/answers", "tax_bureau", {"agrees": True, "note": "核对相符"}
    )
    assert agreed.json()["status"] == "agreed"
    mine = await desk.api.get(
        f"/v1/reconciliation-letters/{again['id']}", headers=desk.bearer("tax_bureau")
    )
    assert mine.json() == agreed.json()
    listed = await desk.api.get(
        "/v1/reconciliation-letters",
        params={"party": "treasury"},
        headers=desk.bearer("supervisor"),
    )
    assert [one["status"] for one in listed.json()["items"]] == ["disputed", "agreed"]
    trail = await desk.api.get(
        f"/v1/reconciliation-letters/{again['id']}/trail", headers=desk.bearer("supervisor")
    )
    assert [one["step"] for one in trail.json()["items"]] == ["draft", "sign", "agree"]


async def test_a_district_answers_for_itself_only(desk: Desk) -> None:
    misplaced = {"party": "bank", "period": "2021-07", "district": "heping"}
    answer = await post(desk, "", "fund_accountant", misplaced)
    assert answer.json()["errors"][0]["code"] == "DISTRICT_MISPLACED"
    body = {"party": "district", "period": "2021-07", "district": "heping"}
    letter = (await post(desk, "", "fund_accountant", body)).json()
    ours = {one["name"]: one["ours"] for one in letter["figures"]}
    assert ours["billed"] == f"{TOTAL_FEN // 100}.{TOTAL_FEN % 100:02d}"
    assert ours["collected"] == "30.00"
    path = f"/{letter['id']}"
    await post(desk, f"{path}/signatures", "department_head")
    yes = {"agrees": True, "note": "相符"}
    other = await post(desk, f"{path}/answers", "district_reviewer", yes, district="nankai")
    assert other.status_code == 403
    own = await post(desk, f"{path}/answers", "district_reviewer", yes, district="heping")
    assert own.json()["status"] == "agreed"
