"""Two people set how often a refused debit is tried again; the database writes the dated rows."""

from tests.collection.debits.routes.conftest import DebitDesk

PATH = "/v1/retry-rules"
ROW = {
    "reason_class": "account_name_mismatch",
    "retries": 2,
    "after_workdays": 3,
    "in_force_from": "2022-01-01",
    "reason": "银行约定",
}


async def rows(desk: DebitDesk) -> list[tuple[int, int, str, str | None]]:
    found = await desk.get("supervisor", PATH)
    return [
        (one["retries"], one["after_workdays"], one["in_force_from"], one["in_force_to"])
        for one in found["items"]
        if one["reason_class"] == ROW["reason_class"]
    ]


async def test_a_rule_is_in_force_once_another_person_approves(desk: DebitDesk) -> None:
    assert await rows(desk) == [(0, 0, "2004-01-01", None)]
    filed = await desk.done("fund_accountant", PATH, ROW)
    again = await desk.send("fund_accountant", PATH, ROW)
    assert (again.status_code, again.json()["code"]) == (409, "SIGNED_CHANGE_WAITS")
    found = await desk.get("supervisor", PATH)
    assert [one["id"] for one in found["waiting"]] == [filed["id"]]
    await desk.done("department_head", f"/v1/retry-rule-changes/{filed['id']}/approvals")
    assert await rows(desk) == [(0, 0, "2004-01-01", "2021-12-31"), (2, 3, "2022-01-01", None)]

    other = await desk.done("fund_accountant", PATH, ROW | {"retries": 9})
    path = f"/v1/retry-rule-changes/{other['id']}/refusals"
    refused = await desk.done("department_head", path, {"why": "次数过多"})
    assert refused["status"] == "refused"
    assert (await rows(desk))[-1] == (2, 3, "2022-01-01", None)


async def test_a_class_that_refusals_do_not_have_is_refused(desk: DebitDesk) -> None:
    answer = await desk.send("fund_accountant", PATH, ROW | {"reason_class": "status_unknown"})
    assert (answer.status_code, answer.json()["code"]) == (422, "REASON_CLASS_UNKNOWN")
