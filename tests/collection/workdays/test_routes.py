"""Two people enter the workdays of a year; what is due after that follows them."""

from itertools import count
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.collection.app import build
from shared.db import Database
from tests.conftest import Bearer, ClientOf, SettingsFor

PATH = "/v1/workdays"
YEAR = {
    "year": 2027,
    "days_off": ["2027-01-01", "2027-01-02", "2027-01-20", "2027-02-22"],
    "workdays": ["2027-02-20"],
    "source": "国办发明电〔2026〕示例号",
    "reason": "录入 2027 年放假安排",
}
_keys = count(1)


async def test_a_year_counts_once_another_person_approves_it(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer
) -> None:
    async with client_of(build(settings_for())) as client:

        async def send(role: str, path: str, body: Any = None) -> httpx.Response:
            headers = bearer(role, "centre") | {"Idempotency-Key": f"workdays-{next(_keys)}"}
            return await client.post(path, json=body, headers=headers)

        async def get(path: str) -> Any:
            answer = await client.get(path, headers=bearer("supervisor"))
            assert answer.status_code == 200, answer.text
            return answer.json()

        async def cut_off(period: str) -> tuple[str, bool]:
            found = (await get(f"/v1/cut-offs?year={period[:4]}"))["items"]
            return next(
                (one["cut_off_on"], one["estimated"]) for one in found if one["period"] == period
            )

        shipped = (await get(PATH))["items"]
        assert [one["year"] for one in shipped] == list(range(2026, 2003, -1))
        assert shipped[0]["set_by"] == "shipped"
        assert "2026-01-04" in shipped[0]["workdays"]
        assert "2026-10-01" in shipped[0]["days_off"]
        assert await cut_off("2026-12") == ("2027-01-20", True)

        filed = await send("fund_accountant", PATH, YEAR)
        assert filed.status_code == 201, filed.text
        again = await send("fund_accountant", PATH, YEAR)
        assert (again.status_code, again.json()["code"]) == (409, "SIGNED_CHANGE_WAITS")
        found = await get(PATH)
        assert found["items"] == shipped
        assert found["waiting"][0]["to_off"] == ["2027-01-01", "2027-01-20", "2027-02-22"]
        assert found["waiting"][0]["to_workday"] == ["2027-02-20"]

        change = f"/v1/workday-changes/{filed.json()['id']}"
        assert (await send("fund_accountant", f"{change}/approvals")).status_code == 403
        approved = await send("department_head", f"{change}/approvals")
        assert approved.json()["status"] == "approved", approved.text
        assert await cut_off("2026-12") == ("2027-01-21", False)
        assert await cut_off("2027-01") == ("2027-02-20", False)
        found = await get(PATH)
        assert found["items"][0]["days_off"] == ["2027-01-01", "2027-01-20", "2027-02-22"]
        assert found["items"][0]["set_by"] == "fund_accountant / department_head"
        assert (found["items"][1:], found["waiting"]) == (shipped, [])

        same = await send("fund_accountant", PATH, YEAR)
        assert [fault["code"] for fault in same.json()["errors"]] == ["NOTHING_TO_CORRECT"]
        corrected = YEAR | {"days_off": ["2027-01-01"], "reason": "订正"}
        filed = await send("fund_accountant", PATH, corrected)
        change = f"/v1/workday-changes/{filed.json()['id']}"
        refused = await send("department_head", f"{change}/refusals", {"why": "与通知不符"})
        assert refused.json()["status"] == "refused"
        assert await cut_off("2026-12") == ("2027-01-21", False)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE workday_year SET source = 'x' WHERE year = 2026", "permission denied"),
        ("UPDATE calendar_day SET workday = true WHERE day = '2026-10-01'", "permission denied"),
        ("SELECT write_workdays(1, '018f0000-0000-7000-8000-000000000000')", "not signed by two"),
    ],
)
async def test_the_service_alone_writes_no_workday(
    db: Database, statement: str, words: str
) -> None:
    with pytest.raises(DBAPIError, match=words):
        async with db.transaction() as tx:
            await tx.execute(text(statement))
