"""Construction projects: declared once on the contract sum, over both levels to bill and certificate."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from copy import deepcopy
from itertools import count
from typing import Any, cast

import httpx
import pytest

from services.collection import worker
from services.collection.clients.personal import PersonalAccounts
from services.collection.jobs.personal_credit import Crediting
from services.collection.store import shipped
from shared.db import Database
from shared.ids import Ref
from shared.money import parse_yuan
from tests.collection.money import line as tax_line
from tests.collection.money import push, vouchers
from tests.collection.office import Office
from tests.collection.routes.test_policies import publish
from tests.conftest import SettingsFor

TIERS = [
    {"id": "small", "from": "0.00", "below": "1000000000.00", "rate": "0.0012", "source": "yichang"},
    {"id": "middle", "from": "1000000000.00", "below": "5000000000.00", "rate": "0.001",
     "source": "yichang"},
    {"id": "large", "from": "5000000000.00", "rate": "0.0008", "source": "yichang"},
]  # fmt: skip
_numbers = count(1)
_districts = iter(["hexi", "nankai", "hebei", "dongli", "jinnan", "binhai", "hedong", "xiqing"])


@pytest.fixture(scope="module")
async def db(settings_for: SettingsFor) -> AsyncIterator[Database]:
    url = settings_for().database_url
    assert url is not None
    database = Database(url, "collection")
    yield database
    await database.close()


@pytest.fixture(scope="module", autouse=True)
async def policies(office: Office) -> None:
    """2022 levies a thousandth of every contract, 2023 by tiers as Yichang does."""
    (base,) = [pack for pack in shipped.packs() if pack["pack"] == "tianjin-2021"]
    source = {"id": "yichang", "text": "宜昌:按造价分档0.12%、0.1%、0.08%", "certain": False}
    flat = [{"id": "flat", "from": "0.00", "rate": "0.001", "source": "yichang"}]
    for year, tiers in ((2022, flat), (2023, TIERS)):
        pack = deepcopy(base) | {
            "pack": f"tianjin-{year}",
            "in_force_from": f"{year}-01-01",
            "construction": {"insurance": "work_injury", "by": "whole", "tiers": tiers},
        }
        pack["sources"].append(source)
        await publish(office, pack)


def a_project(code: str, **other: Any) -> dict[str, Any]:
    return {
        "credit_code": code, "number": f"P-{next(_numbers)}", "name": "和平区南京路一号地块",
        "contract_sum": "12345678.90", "signed_on": "2022-02-20", "source_paper": "施工合同 17",
        "starts_on": "2022-03-15", "ends_on": "2023-10-31",
    } | other  # fmt: skip


async def registered(office: Office, district: str = "heping", **other: Any) -> dict[str, Any]:
    code = await office.unit(district=district, collector="tax")
    answer = await office.post(
        "district_clerk", "/v1/projects", a_project(code, **other), district=district
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def declare(office: Office, project: dict[str, Any], **other: Any) -> httpx.Response:
    path = f"/v1/projects/{project['id']}/declarations"
    return await office.post("employer_portal", path, **other)


async def handled(office: Office, paper: dict[str, Any], district: str) -> None:
    for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
        path = f"/v1/declarations/{paper['id']}/{act}"
        answer = await office.post(role, path, district=district)
        assert answer.status_code == 201, answer.text


async def bill_all(office: Office, db: Database, district: str, period: str, day: str) -> Any:
    where = {"district": district, "period": period}
    sent = await office.post("district_reviewer", "/v1/summaries", where, district=district)
    assert sent.status_code == 201, sent.text
    body = {"control": sent.json()["control"], "bill_date": day}
    audited = await office.post("centre_auditor", f"/v1/summaries/{sent.json()['id']}/audits", body)
    assert audited.status_code < 300, audited.text
    await worker.issue_waiting_bills(db)
    return sent.json()


async def billed(office: Office, db: Database, **other: Any) -> tuple[dict[str, Any], Any]:
    """A project whose declaration is billed, and the bill."""
    district = next(_districts)
    project = await registered(office, district, **other)
    paper = (await declare(office, project)).json()
    await handled(office, paper, district)
    await bill_all(office, db, district, project["period"], "2022-04-02")
    found = (await office.get("supervisor", f"/v1/projects/{project['id']}")).json()
    bill = await office.get("supervisor", f"/v1/bills/{found['papers'][-1]['bill']}")
    return found, bill.json()


async def pay(office: Office, bill: dict[str, Any], day: str = "2022-04-10") -> Any:
    row = tax_line(f"J{next(_numbers)}", bill["credit_code"], parse_yuan(bill["open"]),
                   bill["period"], paid_on=day)  # fmt: skip
    body = push(f"JP{next(_numbers)}", [row], collected_on=day)
    answer = await office.post("tax_bureau", "/v1/tax-pushes", body, key=f"jk-{next(_numbers)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_quote_takes_the_tier_of_the_whole_sum_and_says_why(office: Office) -> None:
    for day, contract, amount, rule in (
        ("2022-03-15", "12345678.90", "12345.68", "construction.flat"),
        ("2023-03-15", "999999999.99", "1200000.00", "construction.small"),
        ("2023-03-15", "1000000000.00", "1000000.00", "construction.middle"),
        ("2023-03-15", "5000000000.00", "4000000.00", "construction.large"),
    ):
        body = {"starts_on": day, "contract_sum": contract}
        answer = await office.post("employer_portal", "/v1/project-quotes", body)
        assert answer.status_code == 200, answer.text
        (line,) = answer.json()["lines"]
        assert (line["amount"], line["explain"]["rule"]) == (amount, rule)
        assert (line["insurance"], line["party"], line["base"]) == ("work_injury", "unit", contract)
        assert answer.json()["sources"][line["explain"]["source"]]["text"].startswith("宜昌")


async def test_a_policy_that_says_nothing_of_projects_levies_none(office: Office) -> None:
    body = {"starts_on": "2021-07-01", "contract_sum": "1.00"}
    answer = await office.post("employer_portal", "/v1/project-quotes", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "PROJECTS_NOT_LEVIED")
    project = await registered(office, starts_on="2021-07-01")
    assert (await declare(office, project)).json()["code"] == "PROJECTS_NOT_LEVIED"


async def test_a_project_is_registered_once_under_its_number(office: Office) -> None:
    code = await office.unit()
    body = a_project(code)
    first = await office.post("district_clerk", "/v1/projects", body)
    again = await office.post("district_clerk", "/v1/projects", body)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await office.post("district_clerk", "/v1/projects", body | {"name": "另一项目"})
    assert (other.status_code, other.json()["code"]) == (409, "PROJECT_EXISTS")
    another = await office.post("district_clerk", "/v1/projects", body, district="nankai")
    assert another.status_code == 403
    faulty = body | {"ends_on": "2022-03-14", "signed_on": "2100-01-01"}
    answer = await office.post("district_clerk", "/v1/projects", faulty)
    assert {fault["code"] for fault in answer.json()["errors"]} == {
        "ENDS_BEFORE_START", "DAY_IN_FUTURE",
    }  # fmt: skip
    listed = await office.get("district_clerk", "/v1/projects", credit_code=code)
    assert [row["id"] for row in listed.json()["items"]] == [first.json()["id"]]


async def test_a_project_is_declared_once_however_many_ask(office: Office) -> None:
    project = await registered(office)
    answers = await asyncio.gather(*(declare(office, project) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    (made,) = [answer.json() for answer in answers if answer.status_code == 201]
    assert (made["period"], made["people"], made["total"]) == ("2022-03", 0, "12345.68")
    found = (await office.get("district_clerk", f"/v1/projects/{project['id']}")).json()
    assert [paper["declaration"] for paper in found["papers"]] == [made["id"]]


async def test_the_same_key_gets_the_same_answer(office: Office) -> None:
    project = await registered(office)
    answers = [await declare(office, project, key="project-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


async def test_a_project_stands_beside_the_months_own_declaration(office: Office) -> None:
    paper = await office.declared("6500.00", period="2022-03")
    body = a_project(paper["credit_code"])
    project = (await office.post("district_clerk", "/v1/projects", body)).json()
    assert (await declare(office, project)).status_code == 201
    other = (
        await office.post("district_clerk", "/v1/projects", a_project(paper["credit_code"]))
    ).json()
    assert (await declare(office, other)).status_code == 201


async def test_a_returned_declaration_is_handed_in_again_on_the_sum_that_holds_then(
    office: Office,
) -> None:
    project = await registered(office)
    paper = (await declare(office, project)).json()
    sent_back = {"codes": ["FIGURES_DO_NOT_TIE"], "note": "造价有误"}
    path = f"/v1/declarations/{paper['id']}/returns"
    assert (await office.post("district_clerk", path, sent_back)).status_code == 201
    change = {"contract_sum": "20000000.00", "signed_on": "2022-03-01", "source_paper": "补充协议"}
    path = f"/v1/projects/{project['id']}/contracts"
    assert (await office.post("district_clerk", path, change)).status_code == 201
    again = (await declare(office, project)).json()
    assert (again["id"], again["round"], again["total"]) == (paper["id"], 2, "20000.00")


async def test_a_bill_of_a_project_is_explained_paid_and_certified(
    office: Office, db: Database
) -> None:
    project, bill = await billed(office, db)
    assert bill["total"] == "12345.68"
    (line,) = bill["lines"]
    assert (line["insurance"], line["party"], line["account"], line["fund"]) == (
        "work_injury", "unit", "pooled", "work_injury",
    )  # fmt: skip
    path = f"/v1/bills/{bill['id']}/lines/1/explanation"
    why = (await office.get("supervisor", path)).json()
    (part,), (explained,) = why["parts"], why["unit_lines"]
    assert (part["rule"], part["base"]) == ("construction.flat", "12345678.90")
    assert (explained["product"], explained["rate"]) == ("12345.6789", "0.0010")
    assert why["people"] == []
    path = f"/v1/declarations/{project['papers'][0]['declaration']}/lines"
    lines = (await office.get("supervisor", path, explain=True)).json()
    assert [row["rule"] for row in lines["unit_lines"]] == ["construction.flat"]
    memo = [v for v in await vouchers(office.database_url, kinds=["bill"])
            if v["owner"] == bill["credit_code"]]  # fmt: skip
    assert [entry["amount"] for entry in memo[0]["entries"]] == ["12345.68", "12345.68"]

    certify = f"/v1/projects/{project['id']}/certificates"
    asked = {"as_of": "2022-04-20"}
    early = await office.post("district_clerk", certify, asked, district=bill["district"])
    assert (early.status_code, early.json()["code"]) == (409, "PROJECT_NOT_PAID")
    assert [fault["code"] for fault in early.json()["errors"]] == ["BILL_OPEN"]
    await pay(office, bill)
    before = await office.post(
        "district_clerk", certify, {"as_of": "2022-04-09"}, district=bill["district"]
    )
    assert before.json()["code"] == "PROJECT_NOT_PAID", "it was not paid on that day"
    answer = await office.post("district_clerk", certify, asked, district=bill["district"])
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["paid"], made["contract_sum"]) == ("12345.68", "12345678.90")
    assert made["number"] == f"GC-{bill['credit_code']}-2022-0001"
    found = await office.get("supervisor", f"/v1/project-certificates/{made['id']}")
    assert found.json() == made
    page = await office.get("supervisor", f"/v1/project-certificates/{made['id']}/print")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for said in ("建设项目参加工伤保险证明", made["number"], project["number"], project["name"],
                 "2022年3月15日至2023年10月31日", "壹万贰仟叁佰肆拾伍元陆角捌分"):  # fmt: skip
        assert said in page.text


async def test_a_summary_and_totals_add_a_project_up_without_people(
    office: Office, db: Database
) -> None:
    district = next(_districts)
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

    standing, bill = await billed(office, db)
    path = f"/v1/projects/{standing['id']}/contracts"
    answer = await office.post("district_clerk", path, change, district=bill["district"])
    assert [row["version"] for row in answer.json()["contracts"]] == [1, 2]
    trail = (await office.get("supervisor", f"/v1/projects/{standing['id']}/trail")).json()["items"]
    assert [(step["step"], step["detail"]["contract"]) for step in trail] == [
        ("register", "12345678.90"), ("change_contract", "20000000.00"),
    ]  # fmt: skip
    searched = await office.get("centre_auditor", "/v1/trail", paper=standing["id"])
    assert {step["step"] for step in searched.json()["items"]} == {"register", "change_contract"}
    paper = (await declare(office, standing)).json()
    assert paper["total"] == "7654.32"
    assert [(line["level"], line["amount"]) for line in paper["lines"]] == [
        ("unit", "20000.00"), ("corrected", "-12345.68"),
    ]  # fmt: skip
    assert (await declare(office, standing)).json()["code"] == "PROJECT_DECLARED"


async def changed(office: Office, db: Database, project: Any, contract: str) -> dict[str, Any]:
    """The project's contract sum changed, restated, billed: the project as it stands then."""
    where = {"district": project["district"]}
    change = {"contract_sum": contract, "signed_on": "2022-05-01", "source_paper": "补充协议"}
    path = f"/v1/projects/{project['id']}/contracts"
    answer = await office.post("district_clerk", path, change, **where)
    assert answer.status_code == 201, answer.text
    paper = (await declare(office, project)).json()
    await handled(office, paper, project["district"])
    await bill_all(office, db, project["district"], project["period"], "2022-05-10")
    found = await office.get("supervisor", f"/v1/projects/{project['id']}")
    standing: dict[str, Any] = found.json()
    return standing


async def test_only_the_difference_of_a_raised_sum_is_billed(office: Office, db: Database) -> None:
    project, first = await billed(office, db)
    await pay(office, first)
    standing = await changed(office, db, project, "20000000.00")
    assert [paper["total"] for paper in standing["papers"]] == ["12345.68", "7654.32"]
    path = f"/v1/bills/{standing['papers'][1]['bill']}"
    bill = (await office.get("supervisor", path)).json()
    assert (bill["kind"], bill["total"], bill["due_on"]) == ("adjustment", "7654.32", "2022-05-10")
    why = (await office.get("supervisor", f"{path}/lines/1/explanation")).json()
    assert [(part["level"], part["amount"]) for part in why["parts"]] == [
        ("unit", "20000.00"), ("corrected", "-12345.68"),
    ]  # fmt: skip
    assert [line["product"] for line in why["unit_lines"]] == ["20000.00"]
    certify = f"/v1/projects/{project['id']}/certificates"
    asked = {"as_of": "2022-05-20"}
    where = {"district": project["district"]}
    early = await office.post("district_clerk", certify, asked, **where)
    assert early.json()["code"] == "PROJECT_NOT_PAID"
    await pay(office, bill, "2022-05-10")
    made = await office.post("district_clerk", certify, asked, **where)
    assert (made.status_code, made.json()["paid"]) == (201, "20000.00")


async def test_a_lowered_sum_lowers_the_open_bill(office: Office, db: Database) -> None:
    project, first = await billed(office, db)
    standing = await changed(office, db, project, "10000000.00")
    assert [paper["total"] for paper in standing["papers"]] == ["12345.68", "-2345.68"]
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
    crediting = Crediting(db, cast("PersonalAccounts", NobodyIsTold()))
    while await crediting.step():
        pass
    (row,) = await office.fetch(
        "SELECT personal_told FROM bill WHERE id = $1", Ref.parse("bil", bill["id"]).id
    )
    assert row["personal_told"]


async def test_a_changed_fact_of_the_builder_leaves_no_project_to_adjust(office: Office) -> None:
    """A project is levied on its contract sum, whatever the builder is."""
    project = await registered(office)
    assert (await declare(office, project)).status_code == 201
    body = {"facts": {"injury_class": 8}, "effective_on": "2022-01-01", "reason": "变更"}
    path = f"/v1/units/{project['credit_code']}/changes"
    proposed = (await office.post("district_clerk", path, body)).json()
    approval = f"/v1/changes/{proposed['id']}/approvals"
    approved = await office.post("district_reviewer", approval)
    assert approved.status_code == 201, approved.text
    assert approved.json()["levied_periods"] == []


async def test_a_builder_that_moves_takes_its_projects_along(office: Office) -> None:
    project = await registered(office, "heping")
    body = {"facts": {"district": "nankai"}, "effective_on": "2022-01-01", "reason": "迁址"}
    path = f"/v1/units/{project['credit_code']}/changes"
    proposed = (await office.post("district_clerk", path, body)).json()
    approval = f"/v1/changes/{proposed['id']}/approvals"
    await office.post("district_reviewer", approval, district="nankai")
    path = f"/v1/projects/{project['id']}"
    assert (await office.get("district_clerk", path, district="heping")).status_code == 403
    seen = await office.get("district_clerk", path, district="nankai")
    assert seen.json()["district"] == "nankai"
    for district, times in (("heping", 0), ("nankai", 1)):
        listed = await office.get("district_clerk", "/v1/projects", district=district, limit=500)
        ids = [row["id"] for row in listed.json()["items"]]
        assert ids.count(project["id"]) == times
    declared = await office.post("district_clerk", f"{path}/declarations", district="nankai")
    assert (declared.status_code, declared.json()["district"]) == (201, "nankai")
