"""Doors of principals: an auditor reads the list, an administrator disables."""

import pytest

from services.identity.principals.domain import Principal, PrincipalKind
from shared.roles import Role
from shared.security.tokens import BadToken
from tests.identity.support.desk import Desk


async def bearer(desk: Desk, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {await desk.token_of(name)}"}


async def test_the_list_has_every_principal_once_and_no_credential(desk: Desk) -> None:
    auditor, names, cursor = await bearer(desk, "supervisor"), [], None
    secret = await desk.add_client("seen")
    while True:
        params = {"limit": 5} | ({"cursor": cursor} if cursor else {})
        page = await desk.http.get("/v1/principals", params=params, headers=auditor)
        assert page.status_code == 200, page.text
        assert secret not in page.text
        names += [row["name"] for row in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    assert "seen" in names
    assert len(names) == len(set(names))
    clients = await desk.http.get(
        "/v1/principals", params={"kind": "client", "limit": 500}, headers=auditor
    )
    assert {row["kind"] for row in clients.json()["items"]} == {"client"}
    odd = await desk.http.get("/v1/principals", params={"cursor": "odd"}, headers=auditor)
    assert odd.status_code == 422


async def test_an_administrator_disables_and_others_do_not(desk: Desk) -> None:
    await desk.add(Principal(name="adm", kind=PrincipalKind.PERSON, role=Role.IDENTITY_ADMIN))
    token = await desk.token("bad", await desk.add_client("bad"))
    path = "/v1/principals/BAD/disablements"
    refused = await desk.http.post(path, headers=await bearer(desk, "supervisor"))
    assert refused.status_code == 403
    done = await desk.http.post(path, headers=await bearer(desk, "adm"))
    assert (done.status_code, done.json()["state"]) == (200, "disabled")
    with pytest.raises(BadToken):
        await desk.admit(token)
    unknown = await desk.http.post(
        "/v1/principals/nobody/disablements", headers=await bearer(desk, "adm")
    )
    assert unknown.status_code == 404
