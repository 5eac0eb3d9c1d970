"""Two levels in full: inboxes, bulk steps, summaries sent back, cut-offs, and who did what."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.clock import today
from tests.collection.office import Office, codes_of


async def send(office: Office, district: str, **body: Any) -> dict[str, Any]:
    answer = await office.post(
        "district_reviewer", "/v1/summaries",
        {"district": district, "period": "2021-07"} | body, district=district,
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def give_back(office: Office, summary: dict[str, Any], **body: Any) -> httpx.Response:
    return await office.post("centre_auditor", f"/v1/summaries/{summary['id']}/returns", body)


async def audit(office: Office, summary: dict[str, Any], **control: Any) -> httpx.Response:
    body = {"control": summary["control"] | control, "bill_date": "2021-08-12"}
    return await office.post("centre_auditor", f"/v1/summaries/{summary['id']}/audits", body)


async def inbox(office: Office, role: str, district: str, **params: Any) -> dict[str, Any]:
    answer = await office.get(role, "/v1/inbox", district=district, **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def bulk(
    office: Office, role: str, step: str, ids: list[str], district: str, **other: Any
) -> dict[str, Any]:
    subject = other.pop("subject", None)
    body = {"step": step, "ids": ids} | other
    answer = await office.post(
        role, "/v1/declaration-steps", body, district=district, subject=subject
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def status_of(office: Office, paper: str) -> str:
    return str((await office.get("supervisor", f"/v1/declarations/{paper}")).json()["status"])


# --- inbox ---------------------------------------------------------------------------------


async def test_an_inbox_holds_what_waits_for_the_role_oldest_first(office: Office) -> None:
    papers = [(await office.declared(district="heping"))["id"] for _ in range(3)]
    await office.declared(district="nankai")
    found = await inbox(office, "district_clerk", "heping", step="accept")
    assert [item["id"] for item in found["items"]] == papers
    assert found["steps"][0]["waiting"] == 3
    assert found["steps"][0]["oldest_since"] == found["items"][0]["since"]
    await office.post("district_clerk", f"/v1/declarations/{papers[1]}/acceptances")
    assert [item["id"] for item in (await inbox(office, "district_clerk", "heping"))["items"]] == [
        papers[0],
        papers[2],
    ]
    reviewing = await inbox(office, "district_reviewer", "heping")
    assert [(item["step"], item["id"]) for item in reviewing["items"]] == [("review", papers[1])]
    assert [step["step"] for step in reviewing["steps"]] == [
        "review",
        "send_summary",
        "approve_change",
    ]


async def test_an_inbox_is_paged_across_its_steps(office: Office) -> None:
    for _ in range(2):
        paper = await office.declared(district="hedong")
        path = f"/v1/declarations/{paper['id']}/acceptances"
        await office.post("district_clerk", path, district="hedong")
    for _ in range(3):
        await office.reviewed(district="hedong")
    whole = await inbox(office, "district_reviewer", "hedong")
    assert [item["step"] for item in whole["items"]] == ["review"] * 2 + ["send_summary"] * 3
    found: list[Any] = []
    cursor: dict[str, str] = {}
    for _ in range(5):
        page = await inbox(office, "district_reviewer", "hedong", limit=1, **cursor)
        found += page["items"]
        cursor = {"cursor": page["next_cursor"] or ""}
    assert found == whole["items"]
    assert not page["has_more"]


async def test_what_a_person_has_signed_does_not_wait_for_that_person(office: Office) -> None:
    paper = await office.declared(district="hexi")
    await office.post(
        "district_clerk", f"/v1/declarations/{paper['id']}/acceptances",
        district="hexi", subject="li",
    )  # fmt: skip
    for subject, waits in (("li", 0), ("zhao", 1)):
        headers = office.bearer("district_reviewer", "hexi", subject)
        answer = await office.api.get("/v1/inbox", headers=headers)
        assert answer.json()["steps"][0]["waiting"] == waits


async def test_machines_have_no_inbox_and_districts_only_their_own(office: Office) -> None:
    assert (await inbox(office, "employer_portal", "heping"))["steps"] == []
    answer = await office.api.get(
        "/v1/inbox",
        params={"district": "nankai"},
        headers=office.bearer("district_clerk", "heping"),
    )
    assert answer.status_code == 403


# --- bulk steps ----------------------------------------------------------------------------


async def test_bulk_steps_have_an_outcome_each_and_one_refusal_stops_no_other(
    office: Office,
) -> None:
    good = [(await office.declared(district="hebei"))["id"] for _ in range(3)]
    foreign = (await office.declared(district="nankai"))["id"]
    done = (await office.reviewed(district="hebei"))["id"]
    asked = [good[0], foreign, "dcl_nonsense", done, good[1], f"dcl_{'0' * 48}", good[2], good[0]]
    found = await bulk(office, "district_clerk", "accept", asked, "hebei", note="批量")
    assert [(item["id"], item["code"]) for item in found["items"]] == [
        (good[0], None),
        (foreign, "FORBIDDEN"),
        ("dcl_nonsense", "REFERENCE_MALFORMED"),
        (done, "STATE_CONFLICT"),
        (good[1], None),
        (f"dcl_{'0' * 48}", "NOT_FOUND"),
        (good[2], None),
    ]
    assert (found["done"], found["refused"]) == (3, 4)
    assert [await status_of(office, paper) for paper in [*good, foreign, done]] == [
        "accepted", "accepted", "accepted", "submitted", "reviewed",
    ]  # fmt: skip
    trail = (await office.get("supervisor", f"/v1/declarations/{good[0]}/trail")).json()["items"]
    assert [(step["step"], step["signs"], step["why"]) for step in trail] == [
        ("submit", False, None),
        ("accept", True, "批量"),
    ]


async def test_bulk_steps_keep_four_eyes_item_by_item(office: Office) -> None:
    papers = [(await office.declared(district="hongqiao"))["id"] for _ in range(2)]
    await bulk(office, "district_clerk", "accept", papers[:1], "hongqiao", subject="li")
    await bulk(office, "district_clerk", "accept", papers[1:], "hongqiao", subject="zhang")
    found = await bulk(office, "district_reviewer", "review", papers, "hongqiao", subject="li")
    assert [item["code"] for item in found["items"]] == ["SAME_PERSON_TWICE", None]
    assert [await status_of(office, paper) for paper in papers] == ["accepted", "reviewed"]


async def test_a_clerk_cannot_review_in_bulk(office: Office) -> None:
    paper = (await office.declared(district="dongli"))["id"]
    await bulk(office, "district_clerk", "accept", [paper], "dongli", subject="li")
    found = await bulk(office, "district_clerk", "review", [paper], "dongli", subject="wu")
    assert [item["code"] for item in found["items"]] == ["FORBIDDEN"]
    assert await status_of(office, paper) == "accepted"


async def test_a_thousand_declarations_are_one_request_and_more_are_refused(
    office: Office,
) -> None:
    body = {"step": "accept", "ids": [f"dcl_{number:048x}" for number in range(1001)]}
    answer = await office.post("district_clerk", "/v1/declaration-steps", body)
    assert answer.status_code == 422
    body["ids"] = body["ids"][:1000]
    answer = await office.post("district_clerk", "/v1/declaration-steps", body)
    assert answer.json()["refused"] == 1000


async def test_bulk_returns_carry_codes_of_the_catalogue(office: Office) -> None:
    paper = (await office.declared(district="xiqing"))["id"]
    for body, pointers in (
        ({"codes": ["WHIM"]}, {"/codes/0": "RETURN_CODE_UNKNOWN"}),
        ({"codes": ["TOTALS_IMPLAUSIBLE"]}, {"/codes/0": "RETURN_CODE_UNKNOWN"}),
        ({"codes": ["FILE_INCOMPLETE", "OTHER"]}, {"/note": "NOTE_MISSING"}),
    ):
        refused = await office.post(
            "district_clerk", "/v1/declaration-steps",
            {"step": "return", "ids": [paper]} | body, district="xiqing",
        )  # fmt: skip
        assert refused.status_code == 422
        assert codes_of(refused) == pointers
    for body in ({"step": "return"}, {"step": "accept", "codes": ["OTHER"]}):
        refused = await office.post(
            "district_clerk", "/v1/declaration-steps", {"ids": [paper]} | body, district="xiqing"
        )
        assert refused.status_code == 422
    found = await bulk(
        office, "district_clerk", "return", [paper], "xiqing", codes=["FILE_INCOMPLETE"]
    )
    assert found["items"][0]["status"] == "returned"
    waiting = await inbox(office, "district_clerk", "xiqing", step="submit_again")
    assert [item["id"] for item in waiting["items"]] == [paper]


async def test_the_catalogue_says_which_codes_suit_which_paper(office: Office) -> None:
    codes = (await office.get("district_clerk", "/v1/return-codes")).json()["items"]
    texts = {code["code"]: code["text"] for code in codes}
    assert texts["NOT_POSTED"] == "缴费基数未在单位内公示"
    assert all(code["source"] and code["papers"] for code in codes)


# --- what is reviewed may still come back --------------------------------------------------


async def test_the_reviewer_takes_a_review_back_until_a_summary_holds_it(office: Office) -> None:
    first, second = [(await office.reviewed(district="jinnan"))["id"] for _ in range(2)]
    body = {"codes": ["FIGURES_DO_NOT_TIE"]}
    path = f"/v1/declarations/{first}/returns"
    assert (await office.post("district_clerk", path, body, district="jinnan")).status_code == 403
    taken = await office.post("district_reviewer", path, body, district="jinnan")
    assert taken.json()["status"] == "returned"
    summary = await send(office, "jinnan")
    assert summary["control"]["declarations"] == 1
    held = await office.post(
        "district_reviewer", f"/v1/declarations/{second}/returns", body, district="jinnan"
    )
    assert (held.status_code, held.json()["code"]) == (409, "IN_SUMMARY")
    bulked = await bulk(
        office, "district_reviewer", "return", [second], "jinnan", codes=["FIGURES_DO_NOT_TIE"]
    )
    assert bulked["items"][0]["code"] == "IN_SUMMARY"


# --- summaries -----------------------------------------------------------------------------


async def test_a_second_summary_of_a_period_is_numbered_and_lateness_is_by_the_cut_off(
    office: Office,
) -> None:
    cut_off = {"cut_off_on": "2021-08-18", "source": "津社险〔2021〕8号"}
    answer = await office.api.put(
        "/v1/cut-offs/2021-07", json=cut_off, headers=office.bearer("centre_auditor")
    )
    assert answer.json()["set_by"] == "centre_auditor"
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
        "district_reviewer", "/v1/summaries",
        {"district": "beichen", "period": "2021-07", "sent_on": tomorrow}, district="beichen",
    )  # fmt: skip
    assert (refused.status_code, refused.json()["code"]) == (422, "DAY_IN_FUTURE")


async def test_cut_offs_follow_the_shipped_rule_on_workdays_unless_set(office: Office) -> None:
    items = (await office.get("supervisor", "/v1/cut-offs", year=2021)).json()["items"]
    by_period = {item["period"]: item for item in items}
    assert len(by_period) == 12
    # 20 February 2021 was a Saturday on which people worked; 20 March a Saturday off.
    assert by_period["2021-01"]["cut_off_on"] == "2021-02-20"
    assert by_period["2021-02"]["cut_off_on"] == "2021-03-22"
    assert not by_period["2021-02"]["certain"]
    for role, status in (("district_reviewer", 403), ("supervisor", 403), ("department_head", 200)):
        answer = await office.api.put(
            "/v1/cut-offs/2022-03",
            json={"cut_off_on": "2022-04-15", "source": "通知"},
            headers=office.bearer(role, "heping" if role.startswith("district") else "centre"),
        )
        assert answer.status_code == status


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
        office, summary, codes=["NOT_POSTED"],
        declarations=[inside["id"], outside["id"], "dcl_x"],
    )  # fmt: skip
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_IN_SUMMARY")
    assert set(codes_of(refused)) == {"/declarations/1", "/declarations/2"}
    assert await status_of(office, inside["id"]) == "reviewed"
    for role in ("district_reviewer", "supervisor", "centre_cashier"):
        answer = await office.post(
            role, f"/v1/summaries/{summary['id']}/returns", {"codes": ["FIGURES_DO_NOT_TIE"]},
            district="jizhou",
        )  # fmt: skip
        assert answer.status_code == 403


# --- who did what --------------------------------------------------------------------------


async def test_a_supervisor_finds_what_a_person_did(office: Office) -> None:
    papers = [(await office.declared(district="binhai"))["id"] for _ in range(2)]
    await bulk(office, "district_clerk", "accept", papers, "binhai", subject="wang.wu")
    found = (await office.get("supervisor", "/v1/trail", person="wang.wu")).json()["items"]
    assert [(step["step"], step["paper"], step["district"]) for step in found] == [
        ("accept", "declaration", "binhai"),
        ("accept", "declaration", "binhai"),
    ]
    assert {step["id"] for step in found} == set(papers)
    page = (await office.get("supervisor", "/v1/trail", person="wang.wu", limit=1)).json()
    rest = await office.get(
        "supervisor", "/v1/trail", person="wang.wu", limit=1, cursor=page["next_cursor"]
    )
    assert page["items"] + rest.json()["items"] == found
    assert not rest.json()["has_more"]


async def test_a_trail_is_searched_by_paper_and_by_day(office: Office) -> None:
    paper = (await office.declared(district="binhai"))["id"]
    whole = (await office.get("supervisor", "/v1/trail", paper=paper)).json()["items"]
    assert [step["step"] for step in whole] == ["submit"]
    day = today()
    for first, last, count in (
        (day, day, 1),
        (day + timedelta(1), day + timedelta(1), 0),
        (day - timedelta(9), day - timedelta(1), 0),
    ):
        answer = await office.get(
            "centre_auditor", "/v1/trail", paper=paper, **{"from": str(first), "to": str(last)}
        )
        assert len(answer.json()["items"]) == count
    assert (await office.get("supervisor", "/v1/trail", paper="xyz_1")).status_code == 404


@pytest.mark.parametrize("role", ["district_clerk", "district_reviewer", "centre_cashier"])
async def test_only_supervisors_and_auditors_search_trails(office: Office, role: str) -> None:
    assert (await office.get(role, "/v1/trail")).status_code == 403


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


async def test_two_people_at_once_accept_each_paper_once(office: Office) -> None:
    papers = [(await office.declared(district="hedong"))["id"] for _ in range(20)]
    both = await asyncio.gather(
        bulk(office, "district_clerk", "accept", papers, "hedong", subject="li"),
        bulk(office, "district_clerk", "accept", papers[::-1], "hedong", subject="wu"),
    )
    assert both[0]["done"] + both[1]["done"] == 20
    signed = await office.fetch(
        "SELECT count(*) AS signed FROM trail WHERE district = 'hedong' AND step = 'accept'"
        " AND person IN ('li', 'wu')"
    )
    assert signed[0]["signed"] == 20
