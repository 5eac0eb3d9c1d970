"""Roles as data: two administrators change the rights of a role, and every service follows."""

import pytest

from services.identity.principals.domain import Principal, PrincipalKind
from shared.roles import RIGHTS, Right, Role
from tests.identity.support.desk import Desk

CHANGES = "/v1/role-changes"


async def admin(desk: Desk, name: str) -> dict[str, str]:
    """The Authorization header of an administrator."""
    if not await desk.rows("SELECT 1 FROM principal WHERE name = :name", name=name):
        await desk.add(Principal(name=name, kind=PrincipalKind.PERSON, role=Role.IDENTITY_ADMIN))
    return {"Authorization": f"Bearer {await desk.token_of(name)}"}


def body(role: Role, *, add: Right | None = None, drop: Right | None = None) -> dict[str, object]:
    rights = (RIGHTS[role] | ({add} if add else set())) - ({drop} if drop else set())
    return {"role": role.value, "rights": sorted(rights), "why": "按岗位调整"}


async def test_two_people_change_a_role_and_services_follow(desk: Desk) -> None:
    one, two = await admin(desk, "one"), await admin(desk, "two")
    new = body(Role.CENTRE_CASHIER, drop=Right.CREATE_DEBIT_BATCH)
    keyed = one | {"Idempotency-Key": "role-1"}
    proposed = await desk.http.post(CHANGES, json=new, headers=keyed)
    assert proposed.status_code == 201, proposed.text
    assert (await desk.http.post(CHANGES, json=new, headers=keyed)).json() == proposed.json()
    path = f"{CHANGES}/{proposed.json()['id']}/decisions"
    await desk.add(Principal(name="cash", kind=PrincipalKind.PERSON, role=Role.CENTRE_CASHIER))
    trust, token = desk.trust("payout"), await desk.token_of("cash")
    assert (await trust.admit(token)).may(Right.CREATE_DEBIT_BATCH)

    alone = await desk.http.post(path, json={"decision": "approved"}, headers=one)
    assert alone.json()["code"] == "SAME_PERSON_TWICE"
    for _ in range(2):
        done = await desk.http.post(path, json={"decision": "approved"}, headers=two)
        assert (done.status_code, done.json()["status"]) == (200, "approved")
    late = await desk.http.post(path, json={"decision": "refused"}, headers=two)
    assert late.json()["code"] == "ROLE_CHANGE_DECIDED"

    caller = await desk.admit(token, "payout")
    assert not caller.may(Right.CREATE_DEBIT_BATCH)
    assert caller.may(Right.CREATE_PAYMENT_BATCH)
    roles = (await desk.http.get("/v1/roles", headers=one)).json()["items"]
    (cashier,) = [row for row in roles if row["role"] == "centre_cashier"]
    assert "debit_batch:create" not in cashier["rights"]
    listed = (await desk.http.get(CHANGES, headers=one)).json()["items"]
    assert listed[0]["decided_by"] == "two"


@pytest.mark.parametrize(
    ("role", "right", "code"),
    [
        (Role.FUND_ACCOUNTANT, Right.APPROVE_SETTLEMENT, "STEPS_TOGETHER"),
        (Role.DISTRICT_CLERK, Right.REVIEW_DECLARATION, "STEPS_TOGETHER"),
        (Role.TAX_BUREAU, Right.APPROVE_REFUND, "RIGHT_UNFIT"),
        (Role.CENTRE_CASHIER, Right.POST_VOUCHER, "RIGHT_UNFIT"),
        (Role.CENTRE_CASHIER, Right.MANAGE_IDENTITY, "RIGHT_UNFIT"),
        (Role.SUPERVISOR, Right.SEND_DUNNING, "RIGHT_UNFIT"),
        (Role.IDENTITY_ADMIN, Right.SIGN_FIRST, "ROLE_FIXED"),
        (Role.PAYOUT_SERVICE, Right.PUSH_TAX, "ROLE_FIXED"),
    ],
)
async def test_a_change_that_breaks_the_separation_is_refused(
    desk: Desk, role: Role, right: Right, code: str
) -> None:
    answer = await desk.http.post(
        CHANGES, json=body(role, add=right), headers=await admin(desk, "one")
    )
    assert answer.status_code == 422
    assert code in {fault["code"] for fault in answer.json()["errors"]}


async def test_the_database_wants_two_people_too(desk: Desk) -> None:
    new = body(Role.DEPARTMENT_HEAD, drop=Right.FILE_CLAIM)
    made = await desk.http.post(CHANGES, json=new, headers=await admin(desk, "one"))
    with pytest.raises(Exception, match="role_change_two_people"):
        await desk.rows(
            "UPDATE role_change SET status = 'approved', decided_by = 'ＯＮＥ'"
            " WHERE id = CAST(:id AS uuid) RETURNING id",
            id=made.json()["id"],
        )


async def test_others_may_not_change_roles(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {await desk.token_of('supervisor')}"}
    new = body(Role.CENTRE_CASHIER)
    assert (await desk.http.post(CHANGES, json=new, headers=headers)).status_code == 403
    assert (await desk.http.get("/v1/roles", headers=headers)).status_code == 200
