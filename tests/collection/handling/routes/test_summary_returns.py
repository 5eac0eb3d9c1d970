"""Summaries: numbers, lateness, their declarations, and returns of all or some, exactly once."""

import asyncio
from datetime import timedelta

from shared.clock import today
from tests.collection.support.desks import audit, bulk, give_back, inbox, send, status_of
from tests.collection.support.office import Office, codes_of


async def test_a_second_summary_of_a_period_is_numbered_and_lateness_is_by_the_cut_off(
    office: Office,
) -> None:
    cut_off = {"period": "2021-07", "cut_off_on": "2021-08-18", "source": "津社险〔2021〕8号"}
    filed = (await office.post("centre_auditor", "/v1/cut-offs", cut_off)).json()
    path = f"/v1/cut-off-changes/{filed['id']}/approvals"
    assert (await office.post("department_head", path)).status_code == 201
    await office.reviewed(district="beichen")
    first = await send(office, "beichen", sent_on="2021-08-18")
    late = await office.reviewed(district="beichen")
    second = await send(office, "beichen", sent_on="2021-08-19")
    assert [(one["number"], one["late"], one["cut_off_on"]) for one in (first, second)] == [
        (1, False, "2021-08-18"),
        (2, True, "2021-08-18"),
    ]
    assert second["control"]["total"] == late["total"]
    tomorrow = (today() + timedelta(1)).isoformat()
    await office.reviewed(district="beichen")
    refused = await office.post(
        "district_reviewer",
        "/v1/summaries",
        {"district": "beichen", "period": "2021-07", "sent_on": tomorrow},
        district="beichen",
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "DAY_IN_FUTURE")


async def test_a_summary_is_drilled_into_unit_by_unit_and_per_fund(office: Office) -> None:
    papers = [await office.reviewed(wage, district="wuqing") for wage in ("3000.00", "9000.00")]
    summary = await send(office, "wuqing")
    path = f"/v1/summaries/{summary['id']}/declarations"
    first = (await office.get("centre_auditor", path, limit=1)).json()
    rest = (await office.get("centre_auditor", path, cursor=first["next_cursor"])).json()
    items = {item["id"]: item for item in first["items"] + rest["items"]}
    assert not rest["has_more"]
    assert {paper["id"]: paper["totals"]["by_fund"] for paper in papers} == {
        paper: item["funds"] for paper, item in items.items()
    }
    assert {item["total"] for item in items.values()} == {paper["total"] for paper in papers}
    other = await office.get("district_reviewer", path, district="heping")
    assert other.status_code == 403


async def test_the_centre_sends_single_items_back_and_the_rest_can_be_audited(
    office: Office,
) -> None:
    wrong, right = [await office.reviewed(district="baodi") for _ in range(2)]
    summary = await send(office, "baodi")
    answer = await give_back(
        office, summary, codes=["BASE_UNDER_REPORTED"], note="台账", declarations=[wrong["id"]]
    )
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert found["sent_back"] == 1
    assert found["summary"]["status"] == "sent"
    assert found["summary"]["control"]["declarations"] == 1
    assert found["summary"]["control"]["total"] == right["total"]
    assert found["summary"]["control"]["funds"] == right["totals"]["by_fund"]
    assert await status_of(office, wrong["id"]) == "returned"
    stale = await audit(office, summary)
    assert (stale.status_code, stale.json()["code"]) == (422, "CONTROL_TOTALS_DIFFER")
    assert (await audit(office, found["summary"])).status_code == 201
    trail = (await office.get("supervisor", f"/v1/declarations/{wrong['id']}/trail")).json()
    step = trail["items"][-1]
    assert (step["step"], step["why"]) == ("send_back", "台账")
    assert step["detail"] == {"codes": ["BASE_UNDER_REPORTED"], "summary": summary["id"]}
    trail = (await office.get("supervisor", f"/v1/summaries/{summary['id']}/trail")).json()
    assert trail["items"][1]["detail"]["declarations_before"] == 2
    assert trail["items"][1]["detail"]["declarations_after"] == 1


async def test_what_the_centre_sent_back_goes_through_the_district_anew(office: Office) -> None:
    paper = await office.reviewed(district="ninghe")
    summary = await send(office, "ninghe")
    await give_back(office, summary, codes=["NOT_POSTED"], declarations=[paper["id"]])
    shown = (await office.get("supervisor", f"/v1/summaries/{summary['id']}")).json()
    assert shown["status"] == "returned"  # nothing is left in it
    assert shown["control"] == summary["control"]
    lines = (await office.get("supervisor", f"/v1/declarations/{paper['id']}/lines")).json()
    number = lines["items"][0]["masked_identity_number"]
    assert number
    listed = await office.get("supervisor", f"/v1/summaries/{summary['id']}/declarations")
    assert listed.json()["items"] == []
    for step, role in (("accept", "district_clerk"), ("review", "district_reviewer")):
        refused = await bulk(office, role, step, [paper["id"]], "ninghe")
        assert refused["items"][0]["code"] == "STATE_CONFLICT"


async def test_a_summary_sent_back_whole_leaves_its_declarations_for_the_next(
    office: Office,
) -> None:
    papers = [await office.reviewed(district="jinghai") for _ in range(2)]
    summary = await send(office, "jinghai")
    short = await give_back(office, summary, codes=["NOT_POSTED"])
    assert codes_of(short) == {"/codes/0": "RETURN_CODE_UNKNOWN"}
    answer = await give_back(office, summary, codes=["TOTALS_IMPLAUSIBLE"], note="与上月差异过大")
    assert answer.json()["summary"]["status"] == "returned"
    assert answer.json()["sent_back"] == 2
    assert [await status_of(office, paper["id"]) for paper in papers] == ["reviewed", "reviewed"]
    again = await give_back(office, summary, codes=["FIGURES_DO_NOT_TIE"])
    assert (again.status_code, again.json()["code"]) == (409, "STATE_CONFLICT")
    assert (await audit(office, summary)).json()["code"] == "STATE_CONFLICT"
    waiting = await inbox(office, "district_reviewer", "jinghai", step="send_summary")
    assert waiting["steps"][0]["waiting"] == 2
    second = await send(office, "jinghai")
    assert (second["number"], second["control"]) == (2, summary["control"])
    assert (await audit(office, second)).status_code == 201


async def test_what_a_summary_does_not_hold_is_named_and_nothing_is_sent_back(
    office: Office,
) -> None:
    inside = await office.reviewed(district="jizhou")
    summary = await send(office, "jizhou")
    outside = await office.reviewed(district="jizhou")
    refused = await give_back(
        office,
        summary,
        codes=["NOT_POSTED"],
        declarations=[inside["id"], outside["id"], "dcl_x"],
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_IN_SUMMARY")
    assert set(codes_of(refused)) == {"/declarations/1", "/declarations/2"}
    assert await status_of(office, inside["id"]) == "reviewed"
    for role in ("district_reviewer", "supervisor", "centre_cashier"):
        answer = await office.post(
            role,
            f"/v1/summaries/{summary['id']}/returns",
            {"codes": ["FIGURES_DO_NOT_TIE"]},
            district="jizhou",
        )
        assert answer.status_code == 403


# --- at the same time ----------------------------------------------------------------------


async def test_an_audit_and_a_return_at_once_exclude_each_other(office: Office) -> None:
    for _ in range(5):
        wrong = await office.reviewed(district="heping")
        await office.reviewed(district="heping")
        summary = await send(office, "heping")
        audited, returned = await asyncio.gather(
            audit(office, summary),
            give_back(office, summary, codes=["NOT_POSTED"], declarations=[wrong["id"]]),
        )
        outcome = (audited.status_code, returned.status_code)
        assert outcome in {(201, 409), (422, 201)}, (audited.text, returned.text)
        expected = "audited" if outcome[0] == 201 else "returned"
        assert await status_of(office, wrong["id"]) == expected


async def test_two_summaries_at_once_have_two_numbers_and_share_nothing(office: Office) -> None:
    for _ in range(4):
        await office.reviewed(district="nankai")
    path, body = "/v1/summaries", {"district": "nankai", "period": "2021-07"}
    answers = await asyncio.gather(
        *(office.post("district_reviewer", path, body, district="nankai") for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    await office.reviewed(district="nankai")
    assert (await send(office, "nankai"))["number"] == 2
