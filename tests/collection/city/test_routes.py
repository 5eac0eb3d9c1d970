"""Two people correct a rule of the city, and it is in force at once."""

from copy import deepcopy
from itertools import count
from typing import Any

import httpx

from services.collection.app import build
from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from tests.conftest import Bearer, ClientOf, SettingsFor

_keys = count(1)


async def test_two_people_change_the_return_codes_of_a_city(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer
) -> None:
    async with client_of(build(settings_for())) as client:

        async def send(role: str, path: str, body: Any = None) -> httpx.Response:
            headers = bearer(role, "centre") | {"Idempotency-Key": f"city-{next(_keys)}"}
            return await client.post(path, json=body, headers=headers)

        async def get(path: str) -> Any:
            answer = await client.get(path, headers=bearer("supervisor"))
            assert answer.status_code == 200, answer.text
            return answer.json()

        content = deepcopy(city_rule_store.shipped(CityRule.RETURN_CODES))
        content["codes"][0]["text"] = "本市:申报资料不全"
        body = {"rule": "return_codes", "reason": "本市文件", **content}
        filed = await send("fund_accountant", "/v1/city-rules", body)
        assert filed.status_code == 201, filed.text
        again = await send("fund_accountant", "/v1/city-rules", body)
        assert (again.status_code, again.json()["code"]) == (409, "SIGNED_CHANGE_WAITS")
        waiting = (await get("/v1/city-rules"))["waiting"]
        assert [one["id"] for one in waiting] == [filed.json()["id"]]
        assert "申报资料不全" in (await get("/v1/return-codes"))["items"][0]["text"]

        path = f"/v1/city-rule-corrections/{filed.json()['id']}"
        alone = await send("fund_accountant", f"{path}/approvals")
        assert alone.status_code == 403
        approved = await send("department_head", f"{path}/approvals")
        assert approved.json()["status"] == "approved"
        assert (await get("/v1/return-codes"))["items"][0]["text"] == "本市:申报资料不全"
        versions = (await get("/v1/city-rules/return_codes/versions"))["items"]
        assert [one["version"] for one in versions] == [1, 0]

        same = await send("fund_accountant", "/v1/city-rules", body)
        assert [fault["code"] for fault in same.json()["errors"]] == ["NOTHING_TO_CORRECT"]
        content["codes"].pop()
        content["codes"].append(content["codes"][0])
        short = await send("fund_accountant", "/v1/city-rules", body | content)
        assert {fault["code"] for fault in short.json()["errors"]} == {"ROW_TWICE", "ROW_LEFT_OUT"}
        odd = await send("fund_accountant", "/v1/city-rules", {"rule": "poems", "reason": "r"})
        assert odd.status_code == 422

        content = deepcopy(city_rule_store.shipped(CityRule.CUT_OFFS))
        content["rules"][0]["cut_off_day"] = 3
        body = {"rule": "summary_calendar", "reason": "本市文件", **content}
        filed = await send("fund_accountant", "/v1/city-rules", body)
        path = f"/v1/city-rule-corrections/{filed.json()['id']}"
        refused = await send("department_head", f"{path}/refusals", {"why": "过早"})
        assert refused.json()["status"] == "refused"
        assert (await get("/v1/cut-offs?year=2021"))["items"][0]["cut_off_on"] == "2021-02-20"
