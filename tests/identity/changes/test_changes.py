"""Changes of people and clients: two administrators give power, and nobody holds both factors."""

from typing import Any

import pyotp
import pytest
from joserfc.jwk import OKPKey

from services.identity.principals.domain import Principal, PrincipalKind
from shared.cn.credit_code import with_check_character
from shared.roles import Role
from shared.security.tokens import BadToken
from tests.identity.support.desk import Desk

CHANGES = "/v1/principal-changes"
UNIT = with_check_character("91120101MA0000001")
CLERK = {
    "name": "li.ming",
    "display": "李明",
    "organisation": "天津市社保中心和平分中心",
    "role": "district_clerk",
    "district": "heping",
    "why": "新进经办人员",
}


async def propose(desk: Desk, path: str, body: dict[str, Any], by: str = "one") -> dict[str, Any]:
    answer = await desk.http.post(path, json=body, headers=await desk.admin(by))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def approve(desk: Desk, change: dict[str, Any], by: str = "two") -> dict[str, Any]:
    path = f"{CHANGES}/{change['id']}/decisions"
    answer = await desk.http.post(path, json={"decision": "approved"}, headers=await desk.admin(by))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_two_administrators_add_a_person_and_neither_can_sign_in_as_the_person(
    desk: Desk,
) -> None:
    proposed = await propose(desk, "/v1/people", CLERK)
    assert (proposed["status"], proposed["secret"]) == ("proposed", None)
    one, two = await desk.admin("one"), await desk.admin("two")
    path = f"{CHANGES}/{proposed['id']}"
    assert (await desk.http.get("/v1/principals/li.ming", headers=one)).status_code == 404
    alone = await desk.http.post(f"{path}/decisions", json={"decision": "approved"}, headers=one)
    assert alone.json()["code"] == "SAME_PERSON_TWICE"
    early = await desk.http.post(f"{path}/second-factors", headers=one)
    assert early.json()["code"] == "SECOND_FACTOR_UNAVAILABLE"

    keyed = two | {"Idempotency-Key": "add-li"}
    done = await desk.http.post(f"{path}/decisions", json={"decision": "approved"}, headers=keyed)
    secret = done.json()["secret"]
    assert secret["kind"] == "password"
    again = await desk.http.post(f"{path}/decisions", json={"decision": "approved"}, headers=keyed)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == done.json() | {"secret": None}

    greedy = await desk.http.post(f"{path}/second-factors", headers=two)
    assert (greedy.status_code, greedy.json()["code"]) == (403, "PROPOSER_ONLY")
    factor = await desk.http.post(f"{path}/second-factors", headers=one)
    totp = pyotp.parse_uri(factor.json()["address"])
    assert isinstance(totp, pyotp.TOTP)
    twice = await desk.http.post(f"{path}/second-factors", headers=one)
    assert twice.json()["code"] == "SECOND_FACTOR_UNAVAILABLE"

    new = {"name": "李 明", "password": secret["value"], "code": totp.now()}
    first = await desk.http.post(
        "/v1/passwords",
        json=new | {"name": "LI.ming", "new_password": "correct horse battery"},
    )
    assert first.status_code == 204, first.text
    found = await desk.http.get("/v1/principals/LI.ming", headers=one)
    assert (found.json()["display"], found.json()["district"]) == ("李明", "heping")
    read = await desk.http.get(path, headers=one)
    assert read.json()["factor_given_at"] is not None
    kinds = (await desk.http.get("/v1/principals/li.ming/credentials", headers=one)).json()
    assert {row["kind"] for row in kinds["items"]} == {"password", "totp"}
    events = (
        await desk.http.get("/v1/events", params={"principal": "li.ming"}, headers=one)
    ).json()["items"]
    assert [row["kind"] for row in events][::-1] == [
        "add_proposed",
        "add_approved",
        "person_added",
        "password_set",
        "second_factor_given",
        "password_set",
    ]
    assert secret["value"] not in str(events)


async def test_a_reset_takes_two_people_and_ends_what_was_before(desk: Desk) -> None:
    await desk.add(Principal(name="wang", kind=PrincipalKind.PERSON, role=Role.CENTRE_CASHIER))
    token = await desk.token_of("wang")
    first = await propose(desk, "/v1/principals/wang/resets", {"why": "手机遗失"})
    assert (await desk.admit(token)).subject == "wang"
    assert (await approve(desk, first))["secret"]["kind"] == "password"
    with pytest.raises(BadToken):
        await desk.admit(token)
    second = await propose(desk, "/v1/principals/wang/resets", {"why": "再次遗失"}, by="two")
    await approve(desk, second, by="one")
    stale = await desk.http.post(
        f"{CHANGES}/{first['id']}/second-factors", headers=await desk.admin("one")
    )
    assert stale.json()["code"] == "SECOND_FACTOR_UNAVAILABLE"
    right = await desk.http.post(
        f"{CHANGES}/{second['id']}/second-factors", headers=await desk.admin("two")
    )
    assert right.json()["address"].startswith("otpauth://")


async def test_a_client_is_added_its_secret_rotated_and_it_is_enabled_by_two(desk: Desk) -> None:
    body = {
        "name": "hall",
        "organisation": "某公司",
        "role": "employer_portal",
        "units": [UNIT],
        "why": "网上申报",
    }
    added = await approve(desk, await propose(desk, "/v1/clients", body))
    old = added["secret"]["value"]
    token = await desk.token("hall", old)
    assert (await desk.admit(token)).units == frozenset({UNIT})
    rotation = {"overlap_hours": 1, "why": "定期更换"}
    rotated = await approve(desk, await propose(desk, "/v1/principals/hall/rotations", rotation))
    for secret in (old, rotated["secret"]["value"]):
        assert (await desk.ask("hall", secret)).status_code == 200
    key = dict(OKPKey.generate_key("Ed25519").as_dict(private=False))
    with_key = rotation | {"overlap_hours": 0, "public_key": key}
    taken = await approve(desk, await propose(desk, "/v1/principals/HALL/rotations", with_key))
    assert taken["secret"]["kind"] == "thumbprint"

    one = await desk.admin("one")
    early = await desk.http.post("/v1/principals/hall/enablements", json={"why": "x"}, headers=one)
    assert early.json()["code"] == "PRINCIPAL_ACTIVE"
    assert (
        await desk.http.post("/v1/principals/hall/disablements", headers=one)
    ).status_code == 200
    assert (await desk.ask("hall", old)).status_code == 401
    enabling = await propose(desk, "/v1/principals/hall/enablements", {"why": "已核实"})
    await approve(desk, enabling)
    assert (await desk.ask("hall", old)).status_code == 200


async def test_another_role_or_district_takes_two_and_the_persons_clients_follow(
    desk: Desk,
) -> None:
    new = Principal(
        name="zhao", kind=PrincipalKind.PERSON, role=Role.DISTRICT_CLERK, district="heping"
    )
    await desk.add(new)
    script = {"organisation": None, "person": "zhao", "district": "heping"}
    secret = await desk.add_client("zhao-script", Role.DISTRICT_CLERK, **script)
    token = await desk.token("zhao-script", secret)
    move = {"role": "district_reviewer", "district": "nankai", "why": "轮岗"}
    proposed = await propose(desk, "/v1/principals/zhao/assignments", move)
    assert (await desk.admit(token)).district == "heping"
    await approve(desk, proposed)
    with pytest.raises(BadToken):
        await desk.admit(token)
    caller = await desk.admit(await desk.token("zhao-script", secret))
    assert (caller.role, caller.district) == (Role.DISTRICT_REVIEWER, "nankai")
    late = await desk.http.post(
        f"{CHANGES}/{proposed['id']}/decisions",
        json={"decision": "refused"},
        headers=await desk.admin("three"),
    )
    assert late.json()["code"] == "PRINCIPAL_CHANGE_DECIDED"
    query = {"principal": "ZHAO", "status": "approved"}
    listed = await desk.http.get(CHANGES, params=query, headers=await desk.bearer("supervisor"))
    assert [row["kind"] for row in listed.json()["items"]] == ["add", "assign"]
    assert [row["alone"] for row in listed.json()["items"]] == [True, False]


async def test_nobody_changes_their_own_powers(desk: Desk) -> None:
    one = await desk.admin("one")
    more = {"role": "centre_leader", "why": "x"}
    mine = await desk.http.post("/v1/principals/ONE/assignments", json=more, headers=one)
    assert (mine.status_code, mine.json()["code"]) == (409, "OWN_POWERS")
    await desk.admin("two")
    about_two = await propose(desk, "/v1/principals/two/resets", {"why": "手机遗失"})
    path = f"{CHANGES}/{about_two['id']}/decisions"
    refused = await desk.http.post(
        path, json={"decision": "approved"}, headers=await desk.admin("two")
    )
    assert refused.json()["code"] == "OWN_POWERS"
    others = await desk.http.post("/v1/people", json=CLERK, headers=await desk.bearer("supervisor"))
    assert others.status_code == 403


async def test_every_fault_is_named_at_once(desk: Desk) -> None:
    one = await desk.admin("one")
    bad = {
        "name": "x",
        "role": "employer_portal",
        "district": "heping",
        "person": "nobody",
        "units": [UNIT, "91120101MA0000001F"],
        "every_unit": True,
        "public_key": {},
        "why": "x",
    }
    answer = await desk.http.post("/v1/clients", json=bad, headers=one)
    assert answer.status_code == 422
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == {
        ("/district", "DISTRICT_UNFIT"),
        ("/person", "PERSON_UNFIT"),
        ("/units", "UNITS_MISSING"),
        ("/units/1", "CREDIT_CODE_MALFORMED"),
        ("/public_key", "KEY_UNFIT"),
    }
    shape = await desk.http.post("/v1/people", json={"name": "a b", "role": "boss"}, headers=one)
    assert {fault["pointer"] for fault in shape.json()["errors"]} == {
        "/name",
        "/display",
        "/role",
        "/why",
    }
    taken = await desk.http.post(
        "/v1/people", json=CLERK | {"name": "ＳＵＰＥＲＶＩＳＯＲ".lower()}, headers=one
    )
    assert taken.json()["code"] in {"PRINCIPAL_EXISTS"}
    own = await desk.http.post(
        "/v1/principals/payout_service/rotations", json={"why": "x"}, headers=one
    )
    assert [fault["code"] for fault in own.json()["errors"]] == ["OWN_CLIENT"]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE principal SET role = 'centre_leader' WHERE name = 'sun' RETURNING 1", "powers"),
        (
            "INSERT INTO principal (name, folded, kind, display, role, district, created_by)"
            " VALUES ('ghost', 'ghost', 'person', '', 'centre_leader', 'centre', 'x') RETURNING 1",
            "powers",
        ),
        (
            "UPDATE principal_change SET status = 'approved', decided_by = 'ＯＮＥ',"
            " decided_at = now() WHERE principal = 'sun' AND status = 'proposed' RETURNING 1",
            "principal_change_two_people",
        ),
        (
            "UPDATE principal_change SET status = 'approved', decided_by = 'Sun',"
            " decided_at = now() WHERE principal = 'sun' AND status = 'proposed' RETURNING 1",
            "principal_change_not_ones_own",
        ),
        (
            "UPDATE principal_change SET status = 'refused' WHERE status = 'approved' RETURNING 1",
            "decided once",
        ),
    ],
)
async def test_the_database_wants_two_people_too(desk: Desk, statement: str, words: str) -> None:
    if not await desk.rows("SELECT 1 FROM principal WHERE name = 'sun'"):
        await desk.add(Principal(name="sun", kind=PrincipalKind.PERSON, role=Role.CENTRE_AUDITOR))
        await propose(desk, "/v1/principals/sun/resets", {"why": "手机遗失"})
    with pytest.raises(Exception, match=words):
        await desk.rows(statement)
