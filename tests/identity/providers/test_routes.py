"""Sign-in by the site's OpenID provider, over real HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from services.identity.app import build
from services.identity.principals import flows as principals_flow
from services.identity.principals.domain import Principal, PrincipalKind
from services.identity.providers.clients import forget_metadata
from shared.roles import Role
from tests.conftest import ClientOf, SettingsFor
from tests.identity.support.desk import Desk
from tests.identity.support.provider import CLIENT, LI, SECRET, OpenIdProvider, running_provider

ATTEMPTS, SESSIONS = "/v1/provider-attempts", "/v1/provider-sessions"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[OpenIdProvider]:
    async with running_provider() as running:
        yield running


@pytest.fixture(scope="module")
async def site(
    settings_for: SettingsFor, client_of: ClientOf, provider: OpenIdProvider
) -> AsyncIterator[Desk]:
    settings = settings_for(
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_commands=True,
    )
    app = build(settings)
    async with client_of(app) as client:
        desk = Desk(app, client)
        for name, subject in (("li.ming", LI), ("gone", "u-1002"), ("he.wei", None)):
            await desk.add(
                Principal(
                    name=name,
                    kind=PrincipalKind.PERSON,
                    role=Role.CENTRE_CASHIER,
                    provider_subject=subject,
                )
            )
        await desk.run(lambda tx: principals_flow.disable(tx, "gone", by="admin"))
        yield desk


@pytest.fixture(autouse=True)
def plain(provider: OpenIdProvider) -> None:
    provider.subject, provider.claims, provider.signs_with = LI, {}, provider.key
    provider.methods = ["client_secret_basic"]
    forget_metadata()


async def back_of(site: Desk, provider: OpenIdProvider, **body: str) -> dict[str, str]:
    """Go to the provider; what comes back with the person."""
    begun = await site.http.post(ATTEMPTS, json=body)
    assert begun.status_code == 201, begun.text
    return provider.sign_in(begun.json()["address"])


async def sign_in(site: Desk, provider: OpenIdProvider, **changes: str) -> httpx.Response:
    """Go to the provider and come back."""
    return await site.http.post(SESSIONS, json=await back_of(site, provider) | changes)


async def test_a_person_of_the_provider_gets_a_session(
    site: Desk, provider: OpenIdProvider
) -> None:
    answer = await sign_in(site, provider, iss=provider.url)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = {"session": answer.json()["session"]}
    token = (await site.http.post("/v1/session-tokens", json=body)).json()["access_token"]
    caller = await site.admit(token, "payout")
    assert (caller.subject, caller.role) == ("li.ming", Role.CENTRE_CASHIER)
    out = (await site.http.get("/v1/provider-sign-out")).json()["address"]
    assert out.startswith(f"{provider.url}/logout?client_id={CLIENT}")
    assert (await site.http.post("/v1/session-ends", json=body)).status_code == 204
    assert (await site.http.post("/v1/session-tokens", json=body)).status_code == 401


@pytest.mark.parametrize("subject", ["u-9999", "u-1002", "li.ming", "he.wei"])
async def test_a_person_who_is_not_linked_here_is_refused_in_words(
    site: Desk, provider: OpenIdProvider, subject: str
) -> None:
    provider.subject = subject
    answer = await sign_in(site, provider)
    assert (answer.status_code, answer.json()["code"]) == (401, "PROVIDER_PERSON_UNKNOWN")
    assert "ask an administrator" in answer.json()["detail"]
    assert subject in answer.json()["detail"], "the person can tell the administrator"
    rows = await site.rows("SELECT name FROM principal WHERE provider_subject = :s", s=subject)
    assert rows in ([], [{"name": "gone"}]), "nobody is made by signing in"


@pytest.mark.parametrize(
    ("claims", "wrong"),
    [
        ({"iss": "http://elsewhere"}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": [CLIENT, "another"]}, "aud"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": 1_600_000_000}, "exp"),  # long past
        ({"exp": "soon"}, "exp"),
        ({"sub": 7}, "sub"),
        ({"sub": ""}, "sub"),
    ],
    ids=str,
)
async def test_a_wrong_claim_is_refused_by_name(
    site: Desk, provider: OpenIdProvider, claims: dict[str, Any], wrong: str
) -> None:
    provider.claims = claims
    answer = await sign_in(site, provider)
    assert (answer.status_code, answer.json()["code"]) == (401, "PROVIDER_TOKEN_UNFIT")
    assert f"claim={wrong}" in answer.json()["detail"]


async def test_a_token_of_another_key_is_refused(site: Desk, provider: OpenIdProvider) -> None:
    for key, algorithm in (
        (RSAKey.generate_key(2048), "RS256"),
        (OctKey.generate_key(256), "HS256"),
    ):
        provider.signs_with, provider.algorithm = key, algorithm
        answer = await sign_in(site, provider)
        assert (answer.status_code, answer.json()["code"]) == (401, "PROVIDER_TOKEN_UNFIT")
    provider.algorithm = "RS256"


async def test_a_provider_that_takes_the_secret_in_the_form_alone(
    site: Desk, provider: OpenIdProvider
) -> None:
    provider.methods = ["client_secret_post"]
    assert (await sign_in(site, provider)).status_code == 201


async def test_a_weaker_sign_in_than_the_setting_asks_for_is_refused(
    site: Desk, provider: OpenIdProvider
) -> None:
    site.app.state.settings = site.app.state.settings.model_copy(update={"oidc_acr": "mfa"})
    try:
        begun = (await site.http.post(ATTEMPTS, json={})).json()["address"]
        assert "acr_values=mfa" in begun
        for acr, status in (("mfa", 201), ("password", 401), (None, 401)):
            provider.claims = {"acr": acr}
            answer = await sign_in(site, provider)
            assert answer.status_code == status
            assert status == 201 or "claim=acr" in answer.json()["detail"]
    finally:
        site.app.state.settings = site.app.state.settings.model_copy(update={"oidc_acr": None})


async def test_many_who_begin_ask_the_provider_for_its_metadata_once(
    site: Desk, provider: OpenIdProvider
) -> None:
    before = provider.metadata_reads
    for _ in range(3):
        await back_of(site, provider)
        assert (await site.http.get("/v1/provider-sign-out")).status_code == 200
    assert provider.metadata_reads == before + 1


async def test_a_return_counts_once(site: Desk, provider: OpenIdProvider) -> None:
    back = await back_of(site, provider)
    assert (await site.http.post(SESSIONS, json=back)).status_code == 201
    again = await site.http.post(SESSIONS, json=back)
    assert (again.status_code, again.json()["code"]) == (401, "PROVIDER_ATTEMPT_UNKNOWN")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "other"}, "PROVIDER_REFUSED"),
        ({"state": "other"}, "PROVIDER_ATTEMPT_UNKNOWN"),
        ({"iss": "http://elsewhere"}, "PROVIDER_REFUSED"),
    ],
)
async def test_a_return_that_was_changed_is_refused(
    site: Desk, provider: OpenIdProvider, changes: dict[str, str], code: str
) -> None:
    answer = await sign_in(site, provider, **changes)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_a_command_waits_at_its_own_machine_and_nobody_elsewhere(
    site: Desk, provider: OpenIdProvider
) -> None:
    back = await back_of(site, provider, redirect_url="http://127.0.0.1:40123/")
    assert (await site.http.post(SESSIONS, json=back)).status_code == 201
    for address in (
        "https://evil.example/",
        "http://127.0.0.1.evil.example:80/",
        "http://127.0.0.1@evil.example:80/",
        "http://user@127.0.0.1:80/",
        "http://127.0.0.1:80/?to=elsewhere",
        "http://127.0.0.1/",
        "http://[",
        "//127.0.0.1:80/",
    ):
        refused = await site.http.post(ATTEMPTS, json={"redirect_url": address})
        assert (refused.status_code, refused.json()["code"]) == (422, "REDIRECT_REFUSED"), address


async def test_a_link_needs_two_administrators_and_ends_sessions(
    site: Desk, provider: OpenIdProvider
) -> None:
    one, two = await site.admin("one"), await site.admin("two")
    path, provider.subject = "/v1/principals/he.wei/provider-links", "u-1003"
    taken = await site.http.post(path, json={"provider_subject": LI, "why": "x"}, headers=one)
    assert (taken.status_code, taken.json()["code"]) == (409, "SUBJECT_TAKEN")
    for subject, status in (("u-1003", 201), (None, 401)):
        change = {"provider_subject": subject, "why": "统一登录"}
        proposed = await site.http.post(path, json=change, headers=one)
        assert proposed.status_code == 201, proposed.text
        assert (await sign_in(site, provider)).status_code == (401 if subject else 201)
        decision = f"/v1/principal-changes/{proposed.json()['id']}/decisions"
        approval = {"decision": "approved"}
        assert (await site.http.post(decision, json=approval, headers=one)).status_code == 409
        opened = None if subject else (await sign_in(site, provider)).json()["session"]
        assert (await site.http.post(decision, json=approval, headers=two)).status_code == 200
        assert (await sign_in(site, provider)).status_code == status
        if opened:
            ended = await site.http.post("/v1/session-tokens", json={"session": opened})
            assert ended.status_code == 401


async def test_a_provider_that_does_not_answer_is_named(
    settings_for: SettingsFor, client_of: ClientOf
) -> None:
    settings = settings_for(oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT)
    async with client_of(build(settings)) as client:
        assert (await client.get("/v1/provider")).json()["issuer"] == "http://127.0.0.1:9"
        answer = await client.post(ATTEMPTS, json={})
        assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")
        command = {"redirect_url": "http://127.0.0.1:40123/"}
        answer = await client.post(ATTEMPTS, json=command)
        assert (answer.status_code, answer.json()["code"]) == (422, "COMMAND_SIGN_IN_OFF")
        assert "WUXIAN_OIDC_COMMANDS=true" in answer.json()["detail"], "off until a site allows it"


async def test_without_a_provider_there_is_none(desk: Desk) -> None:
    back = {"code": "a", "state": "b"}
    for answer in (
        await desk.http.get("/v1/provider"),
        await desk.http.post(ATTEMPTS, json={}),
        await desk.http.post(SESSIONS, json=back),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "PROVIDER_ABSENT")
