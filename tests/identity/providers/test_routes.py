"""Sign-in by the site's OpenID provider, over real HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from services.identity.app import build
from services.identity.principals import flows as principals_flow
from services.identity.principals.domain import Principal, PrincipalKind
from shared.roles import Role
from tests.conftest import ClientOf, SettingsFor
from tests.identity.support.desk import Desk
from tests.identity.support.provider import CLIENT, SECRET, OpenIdProvider, running_provider


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[OpenIdProvider]:
    async with running_provider() as running:
        yield running


@pytest.fixture(scope="module")
async def site(
    settings_for: SettingsFor, client_of: ClientOf, provider: OpenIdProvider
) -> AsyncIterator[Desk]:
    settings = settings_for(
        oidc_issuer=provider.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET
    )
    app = build(settings)
    async with client_of(app) as client:
        desk = Desk(app, client)
        for name in ("li.ming", "gone"):
            await desk.add(
                Principal(name=name, kind=PrincipalKind.PERSON, role=Role.CENTRE_CASHIER)
            )
        await desk.run(lambda tx: principals_flow.disable(tx, "gone", by="admin"))
        yield desk


@pytest.fixture(autouse=True)
def plain(provider: OpenIdProvider, site: Desk) -> None:
    provider.name, provider.claims, provider.signs_with = "li.ming", {}, provider.key
    site.http.cookies.clear()


async def sign_in(site: Desk, provider: OpenIdProvider, **changes: str) -> httpx.Response:
    """Go to the provider and come back."""
    sent = await site.http.get("/v1/provider-sign-in")
    assert sent.status_code == 302, sent.text
    back = provider.sign_in(sent.headers["location"]) | changes
    return await site.http.get("/v1/provider-sessions", params=back)


async def test_a_person_of_the_provider_gets_a_session(
    site: Desk, provider: OpenIdProvider
) -> None:
    answer = await sign_in(site, provider)
    assert answer.status_code == 200, answer.text
    body = {"session": answer.json()["session"]}
    token = (await site.http.post("/v1/session-tokens", json=body)).json()["access_token"]
    assert (await site.admit(token, "payout")).subject == "li.ming"


@pytest.mark.parametrize("name", ["nobody", "gone", "payout_service", "", "li\0ming"])
async def test_a_person_who_may_not_sign_in_here_is_refused(
    site: Desk, provider: OpenIdProvider, name: str
) -> None:
    provider.name = name
    answer = await sign_in(site, provider)
    assert (answer.status_code, answer.json()["code"]) == (401, "PROVIDER_REFUSED")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://elsewhere"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1_600_000_000},  # long past
        {"exp": "soon"},
        {"preferred_username": 7},
    ],
    ids=str,
)
async def test_a_wrong_claim_is_refused(
    site: Desk, provider: OpenIdProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    assert (await sign_in(site, provider)).status_code == 401


async def test_a_token_of_another_key_is_refused(site: Desk, provider: OpenIdProvider) -> None:
    provider.signs_with = RSAKey.generate_key(2048)
    assert (await sign_in(site, provider)).status_code == 401


async def test_a_return_counts_once_and_in_the_same_browser(
    site: Desk, provider: OpenIdProvider
) -> None:
    sent = await site.http.get("/v1/provider-sign-in")
    back = provider.sign_in(sent.headers["location"])
    kept = dict(site.http.cookies)
    site.http.cookies.clear()
    other = await site.http.get("/v1/provider-sessions", params=back)
    assert other.status_code == 401, "another browser has no cookie"
    site.http.cookies.update(kept)
    assert (await site.http.get("/v1/provider-sessions", params=back)).status_code == 200
    site.http.cookies.update(kept)
    assert (await site.http.get("/v1/provider-sessions", params=back)).status_code == 401


@pytest.mark.parametrize("changes", [{"code": "other"}, {"state": "other"}, {"error": "denied"}])
async def test_a_return_that_was_changed_is_refused(
    site: Desk, provider: OpenIdProvider, changes: dict[str, str]
) -> None:
    assert (await sign_in(site, provider, **changes)).status_code == 401


async def test_a_provider_that_does_not_answer_is_named(
    settings_for: SettingsFor, client_of: ClientOf
) -> None:
    settings = settings_for(oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT)
    async with client_of(build(settings)) as client:
        answer = await client.get("/v1/provider-sign-in")
        assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")


async def test_without_a_provider_there_is_none(desk: Desk) -> None:
    for path in ("/v1/provider-sign-in", "/v1/provider-sessions?code=a&state=b"):
        assert (await desk.http.get(path)).json()["code"] == "PROVIDER_ABSENT"
