"""Two people say what a bank's code of a refusal means."""

from typing import Any

from tests.collection.debits.routes.conftest import DebitDesk

PATH = "/v1/debit-reasons"
CODE = {
    "code": "E2031",
    "reason_class": "insufficient_funds",
    "meaning": "账户余额不足",
    "source": "某银行代收付接口规范",
    "certain": True,
    "reason": "新增代扣银行",
}


async def codes(desk: DebitDesk) -> dict[str, Any]:
    found = await desk.get("supervisor", PATH)
    return {one["code"]: one for one in found["items"]}


async def test_a_code_is_known_once_another_person_approves(desk: DebitDesk) -> None:
    shipped = await codes(desk)
    assert shipped["AM04"]["reason_class"] == "insufficient_funds"
    assert {one["set_by"] for one in shipped.values()} == {"shipped"}
    filed = await desk.done("fund_accountant", PATH, CODE)
    again = await desk.send("fund_accountant", PATH, CODE)
    assert (again.status_code, again.json()["code"]) == (409, "SIGNED_CHANGE_WAITS")
    assert [one["id"] for one in (await desk.get("supervisor", PATH))["waiting"]] == [filed["id"]]
    assert await codes(desk) == shipped
    await desk.done("department_head", f"/v1/debit-reason-changes/{filed['id']}/approvals")
    known = (await codes(desk))["E2031"]
    assert known["set_by"] == "fund_accountant / department_head"
    assert {name: known[name] for name in CODE if name != "reason"} == {
        name: value for name, value in CODE.items() if name != "reason"
    }

    other = await desk.done("fund_accountant", PATH, CODE | {"reason_class": "account_state"})
    path = f"/v1/debit-reason-changes/{other['id']}/refusals"
    refused = await desk.done("department_head", path, {"why": "与规范不符"})
    assert refused["status"] == "refused"
    assert (await codes(desk))["E2031"] == known
