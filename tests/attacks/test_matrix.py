"""Role by operation: every operation admits exactly the roles that its OpenAPI file names.

Whoever is not admitted gets 403; no token, a forged one, one of yesterday and one for another service
get 401.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.collection.app import build as collection
from services.identity.app import build as identity
from services.ledger.app import build as ledger
from services.payout.app import build as payout
from shared.process.settings import Settings
from shared.roles import CENTRE, Caller, Level, Role
from shared.security.audience import audience_of
from shared.security.tokens import mint, new_key
from shared.web.trust_feed import trust_of
from tests.attacks.conftest import Token
from tests.conftest import ClientOf, SettingsFor
from tests.issuer import Issuer

FILES = Path(__file__).parents[2] / "openapi"
APPS: dict[str, Callable[..., FastAPI]] = {
    "collection": collection,
    "identity": identity,
    "ledger": ledger,
    "payout": payout,
}
OWN_RULE = "FORBIDDEN"


@dataclass(frozen=True)
class Operation:
    """One operation of an OpenAPI file."""

    id: str
    method: str
    path: str
    roles: frozenset[str]
    has_body: bool
    has_district: bool


def operations(service: str) -> Iterator[Operation]:
    document = json.loads((FILES / f"{service}.json").read_text())
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            parameters = {one["name"]: one["in"] for one in found.get("parameters", [])}
            yield Operation(
                id=found["operationId"],
                method=method.upper(),
                path=path.replace("{", "").replace("}", ""),
                roles=frozenset(found["x-roles"]),
                has_body="requestBody" in found,
                has_district=parameters.get("district") == "query",
            )


@pytest.fixture(params=sorted(APPS))
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def client(
    service: str, settings_for: SettingsFor, client_of: ClientOf, issuer: Issuer
) -> AsyncIterator[httpx.AsyncClient]:
    app = APPS[service](settings_for())
    # Identity trusts its own keys only; here it is given the tests' key like the others.
    app.state.trust = trust_of(Settings(trusted_keys_path=issuer.trusted_keys_path), service)
    async with client_of(app) as opened:
        yield opened


async def ask(
    client: httpx.AsyncClient, operation: Operation, bearer: str | None, **params: str
) -> httpx.Response:
    """Ask as somebody, with nothing that could do anything."""
    headers = {"idempotency-key": "matrix"}
    if bearer is not None:
        headers["authorization"] = f"Bearer {bearer}"
    content = b"{}" if operation.has_body else None
    if content:
        headers["content-type"] = "application/json"
    return await client.request(
        operation.method, operation.path, headers=headers, content=content, params=params
    )


def level_of(role: Role) -> str:
    return "heping" if role.level is Level.DISTRICT else CENTRE


async def test_every_operation_admits_the_roles_that_it_names(
    service: str, client: httpx.AsyncClient, token: Token
) -> None:
    wrong: list[str] = []
    asked = 0
    # Identity gives the others no token for this service, and OpenAPI does not name them.
    roles = [role for role in Role if service in audience_of(role)]
    for operation in operations(service):
        for role in roles:
            answer = await ask(client, operation, token(role, level_of(role)))
            asked += 1
            named = role.value in operation.roles or not operation.roles
            kind: Any = answer.headers.get("content-type", "")
            problem = answer.json() if "problem" in kind else {}
            by_right = problem.get("status") == 403 and "right=" in problem.get("detail", "")
            if by_right is named or (operation.roles and answer.status_code == 401):
                wrong.append(f"{role}: {operation.id} -> {answer.status_code} {problem}"[:200])
            if answer.status_code >= 500 and operation.path != "/readyz":
                wrong.append(f"{role}: {operation.id} -> {answer.text[:200]}")
    assert wrong == []
    assert asked


async def test_a_district_sees_no_other_one(
    service: str, client: httpx.AsyncClient, token: Token
) -> None:
    """Every operation with a district in its query refuses the clerks of another district."""
    for operation in operations(service):
        for role in (Role.DISTRICT_CLERK, Role.DISTRICT_REVIEWER):
            if operation.has_district and role.value in operation.roles:
                answer = await ask(client, operation, token(role, "heping"), district="nankai")
                assert answer.status_code in {403, 422}, f"{operation.id}: {answer.text[:200]}"


async def test_a_bad_token_opens_no_door(
    service: str, client: httpx.AsyncClient, issuer: Issuer
) -> None:
    caller = Caller(subject="x", role=Role.DEPARTMENT_HEAD, district=CENTRE)
    bad = {
        "none": None,
        "noise": "x",
        "unsigned": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4Iiwicm9sZSI6ImRlcGFydG1lbnRfaGVhZCJ9.",
        "forged": mint(new_key(), caller, audience=(service,)),
        "of yesterday": issuer.mint(caller, seconds=-1),
        "for another service": issuer.mint(caller, audience=("elsewhere",)),
    }
    doors = [operation for operation in operations(service) if operation.roles]
    assert doors
    for name, token in bad.items():
        answers = {door.id: await ask(client, door, token) for door in doors}
        # 429: so many bad tokens come from one address.
        opened = [id for id, answer in answers.items() if answer.status_code not in {401, 429}]
        assert opened == [], name
