"""Bills of construction projects: explanation, payment, certificate, and restatement."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from services.collection.personal.clients import PersonalAccounts
from services.collection.personal.jobs import PersonalCreditJob
from shared.db import Database
from shared.ids import Ref
from shared.money import parse_yuan
from shared.references import Reference
from tests.collection.support.building import (
    bill_all,
    billed,
    changed,
    declare,
    handled,
    new_district,
    pay,
    publish_rules,
    registered,
)
from tests.collection.support.money import vouchers
from tests.collection.support.office import Office


@pytest.fixture(scope="module", autouse=True)
async def policies(office: Office) -> None:
    await publish_rules(office)


async def test_a_bill_of_a_project_is_explained_paid_and_certified(
    office: Office, db: Database
) -> None:
    project, bill = await billed(office, db)
    assert bill["total"] == "12345.68"
    (line,) = bill["lines"]
    assert (line["insurance"], line["party"], line["account"], line["fund"]) == (
        "work_injury",
        "unit",
        "pooled",
        "work_injury",
    )
    path = f"/v1/bills/{bill['id']}/lines/1/explanation"
    why = (await office.get("supervisor", path)).json()
    (part,), (explained,) = why["parts"], why["unit_lines"]
    assert (part["rule"], part["base"]) == ("construction.flat", "12345678.90")
    assert (explained["product"], explained["rate"]) == ("12345.6789", "0.0010")
    assert why["people"] == []
    path = f"/v1/declarations/{project['papers'][0]['declaration']}/lines"
    lines = (await office.get("supervisor", path, explain=True)).json()
    assert [row["rule"] for row in lines["unit_lines"]] == ["construction.flat"]
    memo = [
        v
        for v in await vouchers(office.database_url, kinds=["bill"])
        if v["owner"] == bill["credit_code"]
    ]
    assert [entry["amount"] for entry in memo[0]["entries"]] == ["12345.68", "12345.68"]

    certify = f"/v1/projects/{project['id']}/certificates"
    query = {"as_of": "2022-04-20"}
    early = await office.post("district_clerk", certify, query, district=bill["district"])
    assert (early.status_code, early.json()["code"]) == (409, "PROJECT_NOT_PAID")
    assert [fault["code"] for fault in early.json()["errors"]] == ["BILL_OPEN"]
    await pay(office, bill)
    before = await office.post(
        "district_clerk", certify, {"as_of": "2022-04-09"}, district=bill["district"]
    )
    assert before.json()["code"] == "PROJECT_NOT_PAID", "it was not paid on that day"
    answer = await office.post("district_clerk", certify, query, district=bill["district"])
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["paid"], made["contract_sum"]) == ("12345.68", "12345678.90")
    assert made["number"] == f"GC-{bill['credit_code']}-2022-0001"
    found = await office.get("supervisor", f"/v1/project-certificates/{made['id']}")
    assert found.json() == made
    page = await office.get("supervisor", f"/v1/project-certificates/{made['id']}/print")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for text in (
        "建设项目参加工伤保险证明",
        made["number"],
        project["number"],
        project["name"],
        "2022年3月15日至2023年10月31日",
        "壹万贰仟叁佰肆拾伍元陆角捌分",
    ):
        assert text in page.text


async def test_a_summary_and_totals_add_a_project_up_without_people(
    office: Office, db: Database
) -> None:
    district = new_district()
    monthly = await office.reviewed("6500.00", district=district, period="2022-03")
    project = await registered(office, district)
    paper = (await declare(office, project)).json()
    await handled(office, paper, district)
    sent = await bill_all(office, db, district, "2022-03", "2022-04-02")
    assert (sent["control"]["declarations"], sent["control"]["people"]) == (2, 1)
    whole = parse_yuan(monthly["total"]) + 1_234_568
    assert parse_yuan(sent["control"]["total"]) == whole
    totals = (await office.get("district_clerk", "/v1/totals", district=district)).json()
    assert (totals["people"], totals["bills"]) == (1, 2)
    billed_fen = sum(parse_yuan(fund["billed"]) for fund in totals["funds"].values())
    assert billed_fen == whole


async def test_a_changed_sum_is_restated_only_when_the_first_is_billed(
    office: Office, db: Database
) -> None:
    project = await registered(office)
    await declare(office, project)
    change = {"contract_sum": "20000000.00", "signed_on": "2022-05-01", "source_paper": "补充协议"}
    path = f"/v1/projects/{project['id']}/contracts"
    await office.post("district_clerk", path, change)
    same = await office.post("district_clerk", path, change)
    assert (same.status_code, same.json()["code"]) == (409, "CONTRACT_UNCHANGED")
    waiting = await declare(office, project)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "PROJECT_DECLARED")

    project_out, bill = await billed(office, db)
    path = f"/v1/projects/{project_out['id']}/contracts"
    answer = await office.post("district_clerk", path, change, district=bill["district"])
    assert [row["version"] for row in answer.json()["contracts"]] == [1, 2]
    trail = (await office.get("supervisor", f"/v1/projects/{project_out['id']}/trail")).json()[
        "items"
    ]
    assert [(step["step"], step["detail"]["contract"]) for step in trail] == [
        ("register", "12345678.90"),
        ("change_contract", "20000000.00"),
    ]
    searched = await office.get("centre_auditor", "/v1/trail", paper=project_out["id"])
    assert {step["step"] for step in searched.json()["items"]} == {"register", "change_contract"}
    paper = (await declare(office, project_out)).json()
    assert paper["total"] == "7654.32"
    assert [(line["level"], line["amount"]) for line in paper["lines"]] == [
        ("unit", "20000.00"),
        ("corrected", "-12345.68"),
    ]
    assert (await declare(office, project_out)).json()["code"] == "PROJECT_DECLARED"


async def test_only_the_difference_of_a_raised_sum_is_billed(office: Office, db: Database) -> None:
    project, first = await billed(office, db)
    await pay(office, first)
    project_out = await changed(office, db, project, "20000000.00")
    assert [paper["total"] for paper in project_out["papers"]] == ["12345.68", "7654.32"]
    path = f"/v1/bills/{project_out['papers'][1]['bill']}"
    bill = (await office.get("supervisor", path)).json()
    assert (bill["kind"], bill["total"], bill["due_on"]) == ("adjustment", "7654.32", "2022-05-10")
    why = (await office.get("supervisor", f"{path}/lines/1/explanation")).json()
    assert [(part["level"], part["amount"]) for part in why["parts"]] == [
        ("unit", "20000.00"),
        ("corrected", "-12345.68"),
    ]
    assert [line["product"] for line in why["unit_lines"]] == ["20000.00"]
    certify = f"/v1/projects/{project['id']}/certificates"
    query = {"as_of": "2022-05-20"}
    where = {"district": project["district"]}
    early = await office.post("district_clerk", certify, query, **where)
    assert early.json()["code"] == "PROJECT_NOT_PAID"
    await pay(office, bill, "2022-05-10")
    made = await office.post("district_clerk", certify, query, **where)
    assert (made.status_code, made.json()["paid"]) == (201, "20000.00")


async def test_a_lowered_sum_lowers_the_open_bill(office: Office, db: Database) -> None:
    project, first = await billed(office, db)
    project_out = await changed(office, db, project, "10000000.00")
    assert [paper["total"] for paper in project_out["papers"]] == ["12345.68", "-2345.68"]
    bill = (await office.get("supervisor", f"/v1/bills/{first['id']}")).json()
    assert (bill["total"], bill["credited"], bill["open"]) == ("10000.00", "2345.68", "10000.00")
    memo = 0
    for made in await vouchers(office.database_url):
        if made["owner"] == bill["credit_code"]:
            for entry in made["entries"]:
                if entry["account"] == "memo_receivable":
                    sign = 1 if entry["side"] == "debit" else -1
                    memo += sign * parse_yuan(entry["amount"])
    assert memo == 10_000_00


async def test_a_paid_project_credits_nobodys_personal_account(
    office: Office, db: Database
) -> None:
    class NobodyIsTold:
        async def credit(self, messages: Sequence[Any]) -> list[None]:
            assert not messages
            return []

    _, bill = await billed(office, db)
    await pay(office, bill)
    crediting = PersonalCreditJob(db, cast("PersonalAccounts", NobodyIsTold()))
    while await crediting.step():
        pass
    (row,) = await office.fetch(
        "SELECT personal_told FROM bill WHERE id = $1", Ref.parse(Reference.BILL, bill["id"]).id
    )
    assert row["personal_told"]
