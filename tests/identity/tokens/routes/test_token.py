"""The token door: RFC 6749 answers, HTTP Basic, signed assertions, audiences, revocation, rotation."""

import base64
import json
import secrets
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from services.identity.credentials.flows import client as client_flow
from services.identity.principals import flows as principals_flow
from services.identity.principals.domain import Principal, PrincipalKind
from services.identity.tokens.domain.oauth import JWT_BEARER
from services.identity.tokens.store import signing as signing_store
from shared import clock
from shared.roles import Role
from shared.security.tokens import BadToken, mint, new_key
from tests.identity.support.desk import GRANT, TOKEN, Desk


def claims_in(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and claims of a token, unverified."""
    parts = [part + "=" * (-len(part) % 4) for part in token.split(".")]
    header, claims = (json.loads(base64.urlsafe_b64decode(part)) for part in parts[:2])
    return header, claims


async def test_a_client_gets_a_short_lived_token_for_its_services(desk: Desk) -> None:
    secret = await desk.add_client("tax")
    answer = await desk.ask("tax", secret)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 900)
    header, claims = claims_in(answer.json()["access_token"])
    assert header["typ"] == "at+jwt"
    keys = (await desk.http.get("/.well-known/jwks.json")).json()["keys"]
    assert header["kid"] in [key["kid"] for key in keys]
    assert all("d" not in key for key in keys)
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("wuxian", "tax", ["collection"])
    assert claims["exp"] - claims["iat"] == 900
    assert claims["jti"]
    caller = await desk.admit(answer.json()["access_token"])
    assert (caller.subject, caller.role) == ("tax", Role.TAX_BUREAU)


async def test_a_service_refuses_a_token_that_is_not_meant_for_it(desk: Desk) -> None:
    token = await desk.token("tax-2", await desk.add_client("tax-2"))
    for service in ("ledger", "payout", "identity"):
        with pytest.raises(BadToken):
            await desk.admit(token, service)


async def test_a_service_can_mint_no_token_of_its_own(desk: Desk) -> None:
    caller = (await desk.run(lambda tx: principals_flow.find(tx, "collection_service"))).caller()
    forged = mint(new_key(), caller, audience=("ledger",))
    with pytest.raises(BadToken):
        await desk.admit(forged, "ledger")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        (GRANT, "invalid_client"),
        (GRANT | {"client_id": "tax", "client_secret": "wrong"}, "invalid_client"),
        (GRANT | {"client_id": "nobody", "client_secret": "wrong"}, "invalid_client"),
        (GRANT | {"client_id": "tax", "client_secret": "x" * 10_000}, "invalid_request"),
        (
            GRANT | {"client_secret": "x", "client_assertion": "y", "client_id": "tax"},
            "invalid_request",
        ),
        (GRANT | {"client_assertion": "a.b.c", "client_assertion_type": "odd"}, "invalid_request"),
        (
            GRANT | {"client_assertion": "a.b.c", "client_assertion_type": JWT_BEARER},
            "invalid_client",
        ),
    ],
)
async def test_a_refusal_has_the_words_of_the_standard(
    desk: Desk, form: dict[str, str], error: str
) -> None:
    answer = await desk.http.post(TOKEN, data=form)
    assert answer.json()["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("header", ["Basic !!!", "Basic eA==", "Basic dGF4Ondyb25n", "basic "])
async def test_a_bad_basic_header_is_challenged(desk: Desk, header: str) -> None:
    answer = await desk.http.post(TOKEN, data=GRANT, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic")


def assertion(key: Any, algorithm: str, **changes: Any) -> dict[str, str]:
    now = int(time.time())
    claims = {
        "iss": "bank",
        "sub": "bank",
        "aud": "http://127.0.0.1:8005/v1/oauth/token",
        "exp": now + 60,
        "jti": secrets.token_hex(8),
    } | changes
    signed = jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])
    return GRANT | {"client_assertion": signed, "client_assertion_type": JWT_BEARER}


async def give_key(desk: Desk, client: str, key: Any) -> None:
    public = key.as_dict(private=False)
    await desk.run(lambda tx: client_flow.give_public_key(tx, client, public, by="admin"))


async def test_a_client_signs_in_with_its_key_once_an_assertion(desk: Desk) -> None:
    await desk.add_client("bank", Role.BANK_GATEWAY)
    keys = {
        "Ed25519": OKPKey.generate_key("Ed25519"),
        "ES256": ECKey.generate_key("P-256"),
        "PS256": RSAKey.generate_key(2048),
    }
    for algorithm, key in keys.items():
        await give_key(desk, "bank", key)
        form = assertion(key, algorithm)
        assert (await desk.http.post(TOKEN, data=form)).status_code == 200
        assert (await desk.http.post(TOKEN, data=form)).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://elsewhere"},
        {"exp": 1},
        {"exp": 2**40},
        {"iss": "tax"},
        {"sub": "tax"},
        {"jti": ""},
        {"jti": 7},
        {"exp": "soon"},
        {"nbf": 2**40},
    ],
)
async def test_a_wrong_assertion_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    key = OKPKey.generate_key("Ed25519")
    await give_key(desk, "bank", key)
    answer = await desk.http.post(TOKEN, data=assertion(key, "Ed25519", **changes))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_of_another_key_is_refused(desk: Desk) -> None:
    other = assertion(OKPKey.generate_key("Ed25519"), "Ed25519")
    assert (await desk.http.post(TOKEN, data=other)).status_code == 401


async def test_a_disabled_client_gets_no_token_and_its_tokens_are_refused(desk: Desk) -> None:
    secret = await desk.add_client("tax-3")
    token = await desk.token("tax-3", secret)
    trust = desk.trust("collection")
    assert (await trust.admit(token)).subject == "tax-3"

    await desk.run(lambda tx: principals_flow.disable(tx, "tax-3", by="admin"))
    assert (await desk.ask("tax-3", secret)).status_code == 401
    with pytest.raises(BadToken):
        await desk.admit(token)
    await desk.enable("tax-3")
    with pytest.raises(BadToken):
        await desk.admit(token)
    assert (await desk.admit(await desk.token("tax-3", secret))).subject == "tax-3"


async def test_a_disabled_person_takes_the_clients_along(desk: Desk) -> None:
    li = Principal(name="李明", kind=PrincipalKind.PERSON, role=Role.CENTRE_CASHIER)
    await desk.add(li)
    secret = await desk.add_client(
        "li-script", Role.CENTRE_CASHIER, organisation=None, person="李明"
    )
    token = await desk.token("li-script", secret)
    caller = await desk.admit(token)
    assert (caller.subject, caller.client) == ("李明", "li-script")
    await desk.run(lambda tx: principals_flow.disable(tx, "李明", by="admin"))
    assert (await desk.ask("li-script", secret)).status_code == 401
    with pytest.raises(BadToken):
        await desk.admit(token)


async def test_a_client_revokes_its_own_token_only(desk: Desk) -> None:
    first, second = await desk.add_client("one"), await desk.add_client("two")
    token = await desk.token("one", first)
    for client, secret, gone in (("two", second, False), ("one", first, True)):
        answer = await desk.http.post(
            "/v1/oauth/revoke", data={"token": token}, auth=(client, secret)
        )
        assert answer.status_code == 200
        if gone:
            with pytest.raises(BadToken):
                await desk.admit(token)
        else:
            assert (await desk.admit(token)).subject == "one"
    odd = await desk.http.post("/v1/oauth/revoke", data={"token": "odd"}, auth=("one", first))
    assert odd.status_code == 200
    none = await desk.http.post("/v1/oauth/revoke", auth=("one", first))
    assert none.json()["error"] == "invalid_request"


async def test_two_keys_overlap_at_a_rotation(desk: Desk) -> None:
    secret = await desk.add_client("tax-4")
    before = await desk.token("tax-4", secret)
    keyring = desk.app.state.keyring
    made = await desk.run(lambda tx: keyring.rotate(tx, by="admin"))
    keys = await desk.run(lambda tx: signing_store.trusted(tx, clock.now()))
    assert {claims_in(before)[0]["kid"], made.kid} <= {key.kid for key in keys}
    # The new key is published before it signs.
    between = await desk.token("tax-4", secret)
    assert claims_in(between)[0]["kid"] == claims_in(before)[0]["kid"]
    assert (await desk.admit(before)).subject == (await desk.admit(between)).subject
    at_once = await desk.run(lambda tx: keyring.rotate(tx, by="admin", at_once=True))
    after = await desk.token("tax-4", secret)
    assert claims_in(after)[0]["kid"] == at_once.kid
    assert (await desk.admit(after)).subject == "tax-4"
    for stolen in (before, between):
        with pytest.raises(BadToken):
            await desk.admit(stolen)


async def test_an_old_secret_is_good_during_the_overlap(desk: Desk) -> None:
    from datetime import timedelta

    old = await desk.add_client("tax-5")
    new = await desk.run(lambda tx: client_flow.give_secret(tx, "tax-5", by="admin"))
    assert [(await desk.ask("tax-5", one)).status_code for one in (old, new)] == [200, 200]
    token = await desk.token("tax-5", new)
    newest = await desk.run(
        lambda tx: client_flow.give_secret(tx, "tax-5", by="admin", overlap=timedelta())
    )
    answers = [(await desk.ask("tax-5", one)).status_code for one in (old, new, newest)]
    assert answers == [401, 401, 200]
    with pytest.raises(BadToken):
        await desk.admit(token)


async def test_the_database_holds_no_secret(desk: Desk) -> None:
    secret = await desk.add_client("tax-6")
    rows = await desk.rows("SELECT value FROM credential")
    keys = await desk.rows("SELECT sealed FROM signing_key")
    assert all(secret not in row["value"] for row in rows)
    assert keys
    assert all(b'"d"' not in bytes(row["sealed"]) for row in keys)


async def test_an_event_is_never_changed(desk: Desk) -> None:
    assert await desk.rows("SELECT 1 FROM event WHERE kind = 'client_added'")
    for sql in ("UPDATE event SET by = 'x' RETURNING id", "DELETE FROM event RETURNING id"):
        with pytest.raises(Exception, match=r"permission denied|never changed"):
            await desk.rows(sql)


async def test_the_trust_answer_names_nobody(desk: Desk) -> None:
    answer = await desk.http.get("/v1/trust")
    assert answer.status_code == 200
    assert set(answer.json()) == {"keys", "message_keys", "revoked", "roles"}
    assert "tax" not in answer.text
