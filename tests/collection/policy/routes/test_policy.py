"""Policies are drafted by one person, approved by another, never edited, and found by region and
day."""

from typing import Any

import asyncpg
import pytest

from shared.db import asyncpg_dsn
from tests.collection.support import packs
from tests.collection.support.office import Office, codes_of
from tests.collection.support.policies import APPROVER, AUTHOR, publish


def named(name: str, **other: Any) -> dict[str, Any]:
    return packs.sound_pack() | {"pack": name, "region": "testland"} | other


def with_first_rate(content: dict[str, Any], rate: str) -> dict[str, Any]:
    first, *others = content["rates"]
    return content | {"rates": [first | {"rate": rate}, *others]}


async def test_the_shipped_policies_are_in_force(office: Office) -> None:
    answer = await office.get("supervisor", "/v1/policies", region="tianjin")
    found = {row["pack"]: (row["status"], row["author"]) for row in answer.json()["items"]}
    assert found == {
        "tianjin-2008": ("in_force", "shipped"),
        "tianjin-2021": ("in_force", "shipped"),
    }


async def test_a_draft_is_not_in_force_until_another_person_approves(office: Office) -> None:
    content = packs.a_pack(
        "draft-2021", insurances=["pension"], rates=[packs.a_rate("pension", "unit", "0.16")]
    )
    drafted = await office.post("centre_auditor", "/v1/policies", content, subject=AUTHOR)
    assert drafted.json()["status"] == "draft"
    quote = {
        "region": "draft_2021",
        "on": "2021-07",
        "unit_kind": "enterprise",
        "people": [{"ref": "a", "wages": {"*": "1000.00"}}],
    }
    refused = await office.post("centre_auditor", "/v1/quotes", quote)
    assert (refused.status_code, refused.json()["code"]) == (422, "POLICY_NOT_IN_FORCE")
    path = f"/v1/policies/{drafted.json()['id']}/approvals"
    approved = await office.post("department_head", path, subject=APPROVER)
    assert approved.json()["status"] == "in_force"
    assert (await office.post("centre_auditor", "/v1/quotes", quote)).status_code == 200
    again = await office.post("department_head", path, subject="third-zhao")
    assert (again.status_code, again.json()["code"]) == (409, "STATE_CONFLICT")


async def test_the_author_cannot_approve_and_no_row_is_left(office: Office) -> None:
    drafted = await office.post(
        "centre_auditor", "/v1/policies", named("own-2022", region="ownland"), subject=AUTHOR
    )
    paper = drafted.json()["id"]
    path = f"/v1/policies/{paper}/approvals"
    refused = await office.post("department_head", path, subject=AUTHOR)
    assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON_TWICE")
    steps = (await office.get("supervisor", f"/v1/policies/{paper}/trail")).json()["items"]
    assert [(step["step"], step["person"]) for step in steps] == [("draft", AUTHOR)]
    assert (await office.get("supervisor", f"/v1/policies/{paper}")).json()["status"] == "draft"


async def test_a_successor_ends_an_open_ended_version_the_day_before(office: Office) -> None:
    await publish(office, named("first-2021"))
    await publish(office, named("second-2022", in_force_from="2022-01-01"))
    listed = await office.get("supervisor", "/v1/policies", region="testland")
    days = {
        row["pack"]: (row["in_force_from"], row["in_force_to"]) for row in listed.json()["items"]
    }
    assert days == {
        "first-2021": ("2021-01-01", "2021-12-31"),
        "second-2022": ("2022-01-01", None),
    }


async def test_an_approval_is_bound_to_the_version_that_was_compared_with(office: Office) -> None:
    first = await publish(office, named("base-2021", region="baseland"))
    other, mine = [
        named(f"base-{year}", region="baseland", in_force_from=f"{year}-01-01")
        for year in ("2022", "2023")
    ]
    drafted = (await office.post("centre_auditor", "/v1/policies", mine, subject=AUTHOR)).json()
    second = await publish(office, other)
    path = f"/v1/policies/{drafted['id']}/approvals"
    for since in (first["id"], None):
        body = {"since": since}
        refused = await office.post("department_head", path, body, subject=APPROVER)
        assert (refused.status_code, refused.json()["code"]) == (409, "COMPARISON_OUTDATED")
    bad = await office.post("department_head", path, {"since": "x"}, subject=APPROVER)
    assert 400 <= bad.status_code < 500
    listed = (await office.get("supervisor", "/v1/policies", region="baseland")).json()["items"]
    assert [row["in_force_to"] for row in listed] == ["2021-12-31", None, None]
    body = {"since": second["id"]}
    approved = await office.post("department_head", path, body, subject=APPROVER)
    assert (approved.status_code, approved.json()["status"]) == (201, "in_force")


async def test_a_version_on_days_that_are_taken_is_refused(office: Office) -> None:
    content = named(
        "clash", region="clashland", in_force_from="2021-01-01", in_force_to="2021-12-31"
    )
    await publish(office, content)
    other = content | {"pack": "clash-2", "in_force_from": "2021-06-01"}
    drafted = await office.post("centre_auditor", "/v1/policies", other, subject=AUTHOR)
    path = f"/v1/policies/{drafted.json()['id']}/approvals"
    refused = await office.post("department_head", path, subject=APPROVER)
    assert (refused.status_code, refused.json()["code"]) == (409, "POLICY_OVERLAPS")


async def test_the_same_pack_again_is_the_same_draft_and_another_content_is_refused(
    office: Office,
) -> None:
    content = named("again", region="againland")
    first = await office.post("centre_auditor", "/v1/policies", content, subject=AUTHOR)
    second = await office.post("centre_auditor", "/v1/policies", content, subject=AUTHOR)
    assert first.json()["id"] == second.json()["id"]
    other = content | {"title": "别的"}
    refused = await office.post("centre_auditor", "/v1/policies", other, subject=AUTHOR)
    assert (refused.status_code, refused.json()["code"]) == (409, "POLICY_EXISTS")


async def test_every_fault_of_a_pack_is_named_and_nothing_is_stored(office: Office) -> None:
    content = named("faulty", region="faultland")
    content["rates"][0]["rate"] = "0.1600001"
    content["rates"][1]["source"] = "hearsay"
    content["limits"][0]["floor"] = "20000.00"
    content["insurances"].append("weather")
    refused = await office.post("centre_auditor", "/v1/policies", content)
    assert refused.status_code == 422
    found = codes_of(refused)
    assert found["/rates/0/rate"] == "RATE_ROUNDS_AWAY"
    assert found["/rates/1/source"] == "SOURCE_UNKNOWN"
    assert found["/limits/0"] == "LIMITS_REVERSED"
    assert found["/insurances/2"] == "INSURANCE_UNKNOWN"
    listed = await office.get("supervisor", "/v1/policies", region="faultland")
    assert listed.json()["items"] == []


async def test_a_version_is_read_whole_as_it_was_published(office: Office) -> None:
    content = named("whole", region="wholeland")
    published = await publish(office, content)
    found = (await office.get("supervisor", f"/v1/policies/{published['id']}")).json()
    assert found["content"] == content


async def test_the_services_role_cannot_edit_a_stored_pack(
    office: Office, database_url: str
) -> None:
    connection = await asyncpg.connect(
        asyncpg_dsn(database_url),
        server_settings={"role": "wuxian_collection", "search_path": "collection"},
    )
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE policy SET content = '{}'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM trail")
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ["district_clerk", "centre_cashier", "supervisor"])
async def test_only_who_may_publish_drafts(office: Office, role: str) -> None:
    refused = await office.post(role, "/v1/policies", named("forbidden"))
    assert refused.status_code == 403


async def test_an_unknown_version_is_not_found(office: Office) -> None:
    for path in ("/v1/policies/pol_nonsense", f"/v1/policies/pol_{'0' * 48}"):
        assert (await office.get("supervisor", path)).status_code == 404


async def test_another_person_refuses_a_draft_and_its_name_is_free_again(office: Office) -> None:
    content = named("refused-2021", region="refusedland")
    drafted = await office.post("centre_auditor", "/v1/policies", content, subject=AUTHOR)
    path = f"/v1/policies/{drafted.json()['id']}/refusals"
    own = await office.post("centre_auditor", path, {"why": "我写错了"}, subject=AUTHOR)
    assert (own.status_code, own.json()["code"]) == (409, "SAME_PERSON_TWICE")
    refused = await office.post("department_head", path, {"why": "费率有误"}, subject=APPROVER)
    assert (refused.json()["status"], refused.json()["decided_by"]) == ("refused", APPROVER)
    again = await office.post("department_head", path, {"why": "费率有误"}, subject="third-zhao")
    assert (again.status_code, again.json()["code"]) == (409, "STATE_CONFLICT")
    mended = await publish(office, content | {"title": "已改正"})
    assert (mended["status"], mended["author"], mended["decided_by"]) == (
        "in_force",
        AUTHOR,
        APPROVER,
    )


async def test_the_database_takes_no_policy_in_force_that_one_person_made(
    office: Office, database_url: str
) -> None:
    content = named("alone-2021", region="aloneland")
    await office.post("centre_auditor", "/v1/policies", content, subject=AUTHOR)
    connection = await asyncpg.connect(
        asyncpg_dsn(database_url), server_settings={"search_path": "collection"}
    )
    try:
        for person in (None, AUTHOR, AUTHOR.upper()):
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(
                    "UPDATE policy SET status = 'in_force', decided_by = $1 WHERE pack = $2",
                    person,
                    "alone-2021",
                )
    finally:
        await connection.close()


async def test_a_pack_is_compared_with_the_version_before_it_drafted_or_not(
    office: Office,
) -> None:
    first = await publish(office, named("old-2021", region="changeland"))
    content = with_first_rate(
        named("new-2022", region="changeland", in_force_from="2022-01-01"), "0.17"
    )
    checked = await office.post("centre_auditor", "/v1/policy-checks", content)
    found = checked.json()
    assert (checked.status_code, found["faults"], found["since"]["id"]) == (200, [], first["id"])
    (change,) = found["items"]
    assert (change["member"], change["was"], change["now"]) == ("rate", "0.16", "0.17")
    assert "17%" in found["text"]
    second = await publish(office, content)
    listed = await office.get("supervisor", f"/v1/policies/{second['id']}/changes")
    assert listed.json()["items"] == [change]
    none = await office.get(
        "supervisor", f"/v1/policies/{second['id']}/changes", since=second["id"]
    )
    assert none.json()["items"] == []
    alone = await office.get("supervisor", f"/v1/policies/{first['id']}/changes")
    assert (alone.json()["since"], alone.json()["items"]) == (None, [])


async def test_a_check_names_every_fault_of_a_pack_with_its_place(office: Office) -> None:
    content = with_first_rate(named("faulty", region="faultyland"), "1.6")
    found = (await office.post("centre_auditor", "/v1/policy-checks", content)).json()
    assert found["count"] == len(found["faults"]) > 0
    assert "/rates/0/rate" in [fault["pointer"] for fault in found["faults"]]
    assert (found["text"], found["items"]) == (None, [])
