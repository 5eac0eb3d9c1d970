"""Two people correct a bank's row; the next file is made by it."""

from tests.collection.debits.routes.conftest import DebitDesk

ROW = {
    "name": "中国农业银行",
    "format": "iso20022",
    "own_account": "11001234",
    "own_name": "社会保险基金收入户",
    "own_bank_code": "103100000026",
    "own_id": "SB01",
    "reason": "新增代扣银行",
}


async def test_a_bank_is_added_by_two_people(desk: DebitDesk) -> None:
    path = "/v1/bank-profiles/abc/corrections"
    filed = await desk.done("fund_accountant", path, ROW)
    assert filed["status"] == "filed"
    again = await desk.send("fund_accountant", path, ROW)
    assert (again.status_code, again.json()["code"]) == (409, "BANK_PROFILE_CORRECTION_WAITS")
    banks = await desk.get("supervisor", "/v1/bank-profiles")
    assert [one["code"] for one in banks["items"]] == ["ccb", "city", "icbc"]
    assert banks["waiting"] == [filed]
    assert (await desk.get("bank_gateway", "/v1/bank-profiles"))["waiting"] == []
    await desk.done("department_head", f"/v1/bank-profile-corrections/{filed['id']}/approvals", {})
    banks = await desk.get("supervisor", "/v1/bank-profiles")
    (added,) = [one for one in banks["items"] if one["code"] == "abc"]
    assert (added["format"], added["own_account"], added["lines_max"]) == (
        "iso20022",
        "11001234",
        10_000,
    )
    refused = await desk.done("fund_accountant", path, ROW | {"format": "csv"})
    decided = f"/v1/bank-profile-corrections/{refused['id']}/refusals"
    await desk.done("department_head", decided, {"why": "格式未联调"})
    assert (await desk.get("supervisor", "/v1/bank-profiles"))["items"] == banks["items"]


async def test_a_format_that_is_unknown_is_refused(desk: DebitDesk) -> None:
    path = "/v1/bank-profiles/abc/corrections"
    answer = await desk.send("fund_accountant", path, ROW | {"format": "gbk_xml:nobank"})
    assert (answer.status_code, answer.json()["code"]) == (422, "BANK_FORMAT_UNKNOWN")
