"""Tokens that nobody issued: each is refused, by every service, before anything else is looked at."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from services.ledger.app import build
from shared.roles import Role
from tests.attacks.conftest import Token
from tests.conftest import ClientOf, SettingsFor
from tests.issuer import Issuer


def b64(data: bytes | dict[str, Any]) -> str:
    raw = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    head, claims, signature = token.split(".")

    def read(part: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
        return found

    return read(head), read(claims), signature


class Forger:
    """One who has a good token of a small role, the public key, and time."""

    def __init__(self, token: str, public: dict[str, str]) -> None:
        self.token = token
        self.header, self.claims, self.signature = parts_of(token)
        self.public = public
        self.own = OKPKey.generate_key("Ed25519", private=True)

    def unsigned(self) -> str:
        return f"{b64(self.header | {'alg': 'none'})}.{b64(self.claims)}."

    def public_key_as_secret(self) -> str:
        body = f"{b64({'alg': 'HS256', 'typ': 'JWT'})}.{b64(self.claims)}"
        secret = base64.urlsafe_b64decode(self.public["x"] + "==")
        return f"{body}.{b64(hmac.digest(secret, body.encode(), hashlib.sha256))}"

    def jwk_as_secret(self) -> str:
        key = OctKey.import_key(json.dumps(self.public))
        return jwt.encode({"alg": "HS256"}, self.claims, key, algorithms=["HS256"])

    def another_key(self) -> str:
        return jwt.encode(self.header, self.claims, self.own, algorithms=[self.header["alg"]])

    def unknown_kid(self) -> str:
        header = self.header | {"kid": "../../dev/null"}
        return jwt.encode(header, self.claims, self.own, algorithms=[self.header["alg"]])

    def no_kid(self) -> str:
        header = {name: value for name, value in self.header.items() if name != "kid"}
        return jwt.encode(header, self.claims, self.own, algorithms=[self.header["alg"]])

    def key_in_the_header(self) -> str:
        header = self.header | {"jwk": self.own.as_dict(private=False)}
        body = f"{b64(header)}.{b64(self.claims)}"
        return f"{body}.{b64(self.own.private_key.sign(body.encode()))}"

    def larger_role(self) -> str:
        claims = self.claims | {"role": Role.CENTRE_LEADER.value}
        return f"{b64(self.header)}.{b64(claims)}.{self.signature}"

    def longer_life(self) -> str:
        claims = self.claims | {"exp": self.claims["exp"] + 10**9}
        return f"{b64(self.header)}.{b64(claims)}.{self.signature}"

    def no_signature(self) -> str:
        return f"{b64(self.header)}.{b64(self.claims)}."

    def cut(self) -> str:
        return self.token[:-4]

    def five_parts(self) -> str:
        return f"{self.token}.a.b"

    def twice(self) -> str:
        return f"{self.token},{self.token}"

    def huge(self) -> str:
        return self.token + "A" * 20_000


FORGERIES = [
    Forger.unsigned,
    Forger.public_key_as_secret,
    Forger.jwk_as_secret,
    Forger.another_key,
    Forger.unknown_kid,
    Forger.no_kid,
    Forger.key_in_the_header,
    Forger.larger_role,
    Forger.longer_life,
    Forger.no_signature,
    Forger.cut,
    Forger.five_parts,
    Forger.twice,
    Forger.huge,
]


@pytest.fixture
def forger(token: Token, issuer: Issuer) -> Forger:
    public = {name: str(value) for name, value in issuer.key.as_dict(private=False).items()}
    return Forger(token(Role.DASHBOARD), public)


async def is_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/v1/me"), ("POST", "/v1/vouchers"), ("GET", "/v1/nowhere")):
        answer = await client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: str(forge.__name__))
async def test_a_forged_token_is_refused(
    forge: Callable[[Forger], str],
    forger: Forger,
    settings_for: SettingsFor,
    client_of: ClientOf,
) -> None:
    async with client_of(build(settings_for())) as client:
        good = {"authorization": f"Bearer {forger.token}"}
        assert (await client.get("/v1/me", headers=good)).status_code == 200
        await is_refused(client, {"authorization": f"Bearer {forge(forger)}"})


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 60},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iss": "somebody"},
        {"sub": None},
        {"role": "emperor"},
        {"role": None},
        {"district": None},
        {"aud": ["collection"]},
        {"aud": None},
    ],
    ids=lambda changes: "-".join(changes),
)
async def test_claims_that_do_not_hold_are_refused_under_the_right_key(
    changes: dict[str, Any],
    forger: Forger,
    issuer: Issuer,
    settings_for: SettingsFor,
    client_of: ClientOf,
) -> None:
    claims = {k: v for k, v in (forger.claims | changes).items() if v is not None}
    header = forger.header
    token = jwt.encode(header, claims, issuer.key, algorithms=[header["alg"]])
    async with client_of(build(settings_for())) as client:
        await is_refused(client, {"authorization": f"Bearer {token}"})


@pytest.mark.parametrize("scheme", ["", "Basic", "bearer,", "Token"])
async def test_another_scheme_is_refused(
    scheme: str, forger: Forger, settings_for: SettingsFor, client_of: ClientOf
) -> None:
    async with client_of(build(settings_for())) as client:
        await is_refused(client, {"authorization": f"{scheme} {forger.token}".strip()})
        await is_refused(client, {})


async def test_bad_tokens_of_one_address_are_slowed_down(
    forger: Forger, settings_for: SettingsFor, client_of: ClientOf
) -> None:
    async with client_of(build(settings_for())) as client:
        bad = {"authorization": "Bearer x"}
        statuses = [(await client.get("/v1/me", headers=bad)).status_code for _ in range(125)]
        assert statuses[:120] == [401] * 120
        last = await client.get("/v1/me", headers=bad)
        assert last.status_code == 429
        assert int(last.headers["retry-after"]) >= 1
        assert last.headers["ratelimit"].startswith('"bad-token";r=0;t=')
        good = {"authorization": f"Bearer {forger.token}"}
        assert (await client.get("/v1/me", headers=good)).status_code == 200
