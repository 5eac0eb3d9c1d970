"""Explanations of bill lines: rules and sources, and the same fen after later policies."""

from copy import deepcopy
from typing import Any

from services.collection import worker
from services.collection.common.store import shipped as common_shipped_store
from shared.db import Database
from shared.money import format_yuan, parse_yuan
from tests.collection.support.office import Office
from tests.collection.support.policies import publish

WAGES = ("3000.00", "6500.00", "26000.00")


async def billed(office: Office, db: Database, *wages: str, district: str, period: str) -> Any:
    paper = await office.reviewed(*wages, district=district, period=period)
    sent = await office.post(
        "district_reviewer",
        "/v1/summaries",
        {"district": district, "period": period},
        district=district,
    )
    assert sent.status_code == 201, sent.text
    body = {"control": sent.json()["control"], "bill_date": "2021-12-20"}
    audited = await office.post("centre_auditor", f"/v1/summaries/{sent.json()['id']}/audits", body)
    assert audited.status_code < 300, audited.text
    await worker.issue_waiting_bills(db)
    listed = await office.get("supervisor", "/v1/bills", credit_code=paper["credit_code"])
    (head,) = listed.json()["items"]
    return (await office.get("supervisor", f"/v1/bills/{head['id']}")).json()


async def explained(office: Office, bill: Any, line: int, **params: Any) -> Any:
    path = f"/v1/bills/{bill['id']}/lines/{line}/explanation"
    answer = await office.get("supervisor", path, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def fen_of(rows: list[dict[str, Any]]) -> int:
    return sum(parse_yuan(row["amount"]) for row in rows)


async def test_each_line_of_a_bill_goes_back_to_people_rules_and_sources(
    office: Office, db: Database
) -> None:
    bill = await billed(office, db, *WAGES, district="hexi", period="2021-06")
    for line in bill["lines"]:
        found = await explained(office, bill, line["line"])
        assert found["line"] == line
        assert found["policy"] == "tianjin-2021"
        assert fen_of(found["people"]) == fen_of(found["parts"]) == parse_yuan(line["amount"])
        for share in found["people"]:
            (why,) = share["explain"]
            assert why["rule"] == found["parts"][0]["rule"]
            assert found["sources"][why["source"]]["text"]
            product = int(why["base"].replace(".", "")) * int(why["rate"].replace(".", ""))
            assert format_yuan((2 * product + 10_000) // 20_000) == share["amount"]
    clamps = [share["explain"][0]["clamp"] for share in found["people"]]
    assert clamps == ["floor", None, "ceiling"]


async def test_the_people_of_a_line_are_paged(office: Office, db: Database) -> None:
    bill = await billed(office, db, *WAGES, district="nankai", period="2021-06")
    first = await explained(office, bill, 1, limit=2)
    assert ([share["line"] for share in first["people"]], first["has_more"]) == ([1, 2], True)
    second = await explained(office, bill, 1, limit=2, cursor=first["next_cursor"])
    assert ([share["line"] for share in second["people"]], second["has_more"]) == ([3], False)


async def test_what_is_levied_on_the_unit_is_explained_from_the_unit(
    office: Office, db: Database
) -> None:
    content = next(pack for pack in common_shipped_store.packs() if pack["pack"] == "tianjin-2008")
    assert content["in_force_to"] == "2008-12-31"
    code = await office.unit(district="hongqiao")
    people = [
        {"identity_number": "11010519491231002X", "wage": "2000.00"},
    ]
    body = [{**person, "name": "张三", "joined_on": "2000-01-01"} for person in people]
    for person in body:
        del person["wage"]
    path = f"/v1/units/{code}/enrolments"
    answer = await office.post("district_clerk", path, {"people": body}, district="hongqiao")
    assert answer.status_code == 201, answer.text
    answer = await office.declare(code, people, period="2008-06", unit_wage_total="2500.00")
    paper = answer.json()
    for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
        await office.post(role, f"/v1/declarations/{paper['id']}/{act}", district="hongqiao")
    where = {"district": "hongqiao", "period": "2008-06"}
    sent = await office.post("district_reviewer", "/v1/summaries", where, district="hongqiao")
    control = {"control": sent.json()["control"], "bill_date": "2008-07-02"}
    await office.post("centre_auditor", f"/v1/summaries/{sent.json()['id']}/audits", control)
    await worker.issue_waiting_bills(db)
    listed = await office.get("supervisor", "/v1/bills", credit_code=code)
    bill = (await office.get("supervisor", f"/v1/bills/{listed.json()['items'][0]['id']}")).json()
    (line,) = [
        row for row in bill["lines"] if (row["insurance"], row["party"]) == ("unemployment", "unit")
    ]
    found = await explained(office, bill, line["line"])
    (why,) = found["unit_lines"]
    assert (why["rule"], why["asked"], why["product"]) == ("unemployment.unit", "2500.00", "50.00")
    assert found["people"] == []
    assert "单位工资总额的2%" in found["sources"][why["source"]]["text"]


async def test_what_is_not_there_or_not_ones_own_is_refused(office: Office, db: Database) -> None:
    bill = await billed(office, db, district="hebei", period="2021-06")
    path = f"/v1/bills/{bill['id']}/lines"
    assert (await office.get("supervisor", f"{path}/99/explanation")).status_code == 404
    assert (await office.get("supervisor", f"{path}/0/explanation")).status_code == 422
    other = await office.get("district_clerk", f"{path}/1/explanation", district="heping")
    assert other.status_code == 403
    assert (await office.get("supervisor", "/v1/bills/x/lines/1/explanation")).status_code == 404


async def test_an_old_period_comes_out_the_same_after_three_changes_of_policy(
    office: Office, db: Database
) -> None:
    bill = await billed(office, db, *WAGES, district="dongli", period="2021-05")
    before = [await explained(office, bill, line["line"]) for line in bill["lines"]]
    quote = {
        "on": "2021-05",
        "unit_kind": "enterprise",
        "injury_class": 1,
        "people": [{"ref": wage, "wages": {"*": wage}} for wage in WAGES],
    }
    quoted = (await office.post("employer_portal", "/v1/quotes", quote)).json()
    (current,) = [pack for pack in common_shipped_store.packs() if pack["pack"] == "tianjin-2021"]
    for year, rate, floor in (
        (2022, "0.19", "4000.00"),
        (2023, "0.2", "4500.00"),
        (2024, "0.1", "5000.00"),
    ):
        changed = deepcopy(current) | {
            "pack": f"tianjin-{year}",
            "in_force_from": f"{year}-01-01",
        }
        changed["rates"][0]["rate"] = rate
        changed["limits"][0]["floor"] = floor
        await publish(office, changed)
    assert [await explained(office, bill, line["line"]) for line in bill["lines"]] == before
    assert (await office.post("employer_portal", "/v1/quotes", quote)).json() == quoted
    again = await office.declared(*WAGES, district="jinnan", period="2021-05")
    assert (again["policy"], again["total"]) == ("tianjin-2021", bill["total"])
    totals = set()
    for year in (2022, 2023, 2024):
        later = await office.post("employer_portal", "/v1/quotes", quote | {"on": f"{year}-05"})
        totals.add(later.json()["totals"]["total"])
    assert len(totals | {bill["total"]}) == 4
