"""Every operation × every role, generated from the services themselves: who is not let in gets 403,
who brings no token, a forged one, one of yesterday or one for another service gets 401."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI

from services.collection.app import build as collection_app
from services.identity.app import build as identity_app
from services.ledger.app import build as ledger_app
from services.payout.app import build as payout_app
from shared.process.settings import Settings
from shared.roles import CENTRE, Caller, Level, Role
from shared.security.tokens import mint, new_key
from shared.security.trust import Trust
from shared.web.openapi import operations
from shared.web.trust_feed import trust_of
from tests.conftest import ClientOf, SettingsFor
from tests.issuer import Issuer

APPS: dict[str, Callable[..., FastAPI]] = {
    "collection": collection_app,
    "identity": identity_app,
    "ledger": ledger_app,
    "payout": payout_app,
}


def doors(app: FastAPI) -> Iterator[tuple[str, str, set[str]]]:
    """Method, path and roles of each door that asks for a token."""
    for path, method, operation in operations(app.openapi()):
        if operation["x-roles"]:
            filled = "/".join("x" if part.startswith("{") else part for part in path.split("/"))
            yield method.upper(), filled, set(operation["x-roles"])


def caller_of(role: Role) -> Caller:
    district = "heping" if role.level is Level.DISTRICT else CENTRE
    return Caller(subject=f"{role.value}.x", role=role, district=district)


@pytest.fixture(params=sorted(APPS))
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def statuses(
    client: httpx.AsyncClient, doors: list[tuple[str, str]], header: dict[str, str]
) -> dict[str, int]:
    found = {}
    for method, path in doors:
        answer = await client.request(method, path, headers=header)
        found[f"{method} {path}"] = answer.status_code
    return found


async def test_a_role_opens_no_door_of_others(
    service: str, settings_for: SettingsFor, client_of: ClientOf, issuer: Issuer
) -> None:
    app = APPS[service](settings_for())
    app.state.trust = _trusting(issuer, service)
    listed = list(doors(app))
    tried = 0
    async with client_of(app) as client:
        for role in Role:
            closed = [(method, path) for method, path, roles in listed if role.value not in roles]
            header = {"Authorization": f"Bearer {issuer.mint(caller_of(role))}"}
            found = await statuses(client, closed, header)
            assert {door for door, status in found.items() if status != 403} == set(), role
            tried += len(closed)
    assert tried > 20


async def test_a_bad_token_opens_no_door(
    service: str, settings_for: SettingsFor, client_of: ClientOf, issuer: Issuer
) -> None:
    app = APPS[service](settings_for())
    app.state.trust = _trusting(issuer, service)
    listed = [(method, path) for method, path, _ in doors(app)]
    caller = caller_of(Role.DEPARTMENT_HEAD)
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4Iiwicm9sZSI6ImRlcGFydG1lbnRfaGVhZCJ9."
    bad = {
        "none": None,
        "noise": "x",
        "unsigned": unsigned,
        "forged": mint(new_key(), caller, audience=(service,)),
        "of yesterday": issuer.mint(caller, seconds=-1),
        "for another service": issuer.mint(caller, audience=("elsewhere",)),
    }
    async with client_of(app) as client:
        for name, token in bad.items():
            header = {} if token is None else {"Authorization": f"Bearer {token}"}
            found = await statuses(client, listed, header)
            # 429: so many bad tokens come from one address.
            assert {door for door, status in found.items() if status not in {401, 429}} == set(), (
                name
            )


def _trusting(issuer: Issuer, service: str) -> Trust:
    """Identity trusts its own keys only; here it is given the tests' key like the others."""
    return trust_of(Settings(trusted_keys_path=issuer.trusted_keys_path), service)
