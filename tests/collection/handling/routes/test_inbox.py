"""Inboxes, one step on many declarations, and taking back a review."""

import asyncio
from typing import Any

from tests.collection.support.desks import bulk, inbox, send, status_of
from tests.collection.support.office import Office, codes_of


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
        "approve_person_correction",
        "confirm_base_review",
        "approve_base_correction",
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
        "district_clerk",
        f"/v1/declarations/{paper['id']}/acceptances",
        district="hexi",
        subject="li",
    )
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
    refs = [good[0], foreign, "dcl_nonsense", done, good[1], f"dcl_{'0' * 48}", good[2], good[0]]
    found = await bulk(office, "district_clerk", "accept", refs, "hebei", note="批量")
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
        "accepted",
        "accepted",
        "accepted",
        "submitted",
        "reviewed",
    ]
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
            "district_clerk",
            "/v1/declaration-steps",
            {"step": "return", "ids": [paper]} | body,
            district="xiqing",
        )
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
