"""Doors of facts of pensioners: a list by two people, all or nothing."""

from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner


async def test_a_list_of_facts_counts_when_another_person_approves_it(office: Office) -> None:
    await office.register([pensioner(940)], "xiqing")
    clerk = {"role": "district_clerk", "district": "xiqing"}
    reviewer = {"role": "district_reviewer", "district": "xiqing"}
    path = "/v1/pension-fact-lists"
    person = {"identity_number": number(940), "retired_in": "2010-03", "paid_months": 361}
    body = {"district": "xiqing", "document": "退休审批表", "people": [person]}
    proposed = (await office.ask("POST", path, body, **clerk)).json()
    assert (proposed["people"], proposed["status"]) == (1, "proposed")
    same = await office.ask(
        "POST",
        f"{path}/{proposed['id']}/approvals",
        {},
        subject="district_clerk.xiqing",
        **reviewer,
    )
    assert same.json()["code"] == "SAME_PERSON_TWICE", same.text
    refusal = f"{path}/{proposed['id']}/refusals"
    refused = await office.ask("POST", refusal, {"note": "年限有误"}, **reviewer)
    assert refused.json()["status"] == "refused"
    again = await office.ask("POST", refusal, {"note": "年限有误"}, **reviewer)
    assert again.json()["code"] == "PENSION_FACT_LIST_DECIDED"
    shown = await office.ask("GET", f"{path}/{proposed['id']}", role="supervisor")
    assert shown.json() == refused.json()
    assert number(940) not in shown.text
    listed = await office.ask("GET", path, role="supervisor", district="xiqing", status="refused")
    assert [row["id"] for row in listed.json()["items"]] == [proposed["id"]]


async def test_every_fault_of_a_list_is_named(office: Office) -> None:
    person = {"identity_number": number(941), "retired_in": "2010-03", "paid_months": 361}
    body = {"district": "heping", "document": "d", "people": [person, person]}
    how = {"role": "district_clerk", "district": "heping"}
    answer = await office.ask("POST", "/v1/pension-fact-lists", body, **how)
    assert [fault["code"] for fault in answer.json()["errors"]] == ["PERSON_REPEATED"]
    body["people"] = [person]
    answer = await office.ask("POST", "/v1/pension-fact-lists", body, **how)
    assert [fault["code"] for fault in answer.json()["errors"]] == ["PENSIONER_UNKNOWN"]
