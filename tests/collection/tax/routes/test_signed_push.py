"""Signed pushes: only what the tax bureau signed, once, within five minutes, becomes money."""

import json
import time
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms
from joserfc.jwk import JWKRegistry

from services.collection.app import build
from shared.signature.message import RequestSigner
from shared.signature.nonce import clean
from tests.collection.support.money import fetch, line, owe, push
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer, peer_of
from tests.signers import Jwk, new_keys, register

URL = "http://wuxian/v1/tax-pushes"
keys = count(1)


@pytest.fixture(scope="module")
def private() -> dict[str, Jwk]:
    return new_keys()


@pytest.fixture(scope="module")
def settings(
    settings_for: SettingsFor,
    issuer: Issuer,
    private: dict[str, Jwk],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    directory: Path = tmp_path_factory.mktemp("trust")
    path = register(issuer, directory, "tax_bureau", private)
    required = {"tax_bureau": "2021-01-01", "bank_gateway": "2099-01-01"}
    return settings_for(trusted_keys_path=path, signatures_required_from=required)


@pytest.fixture(scope="module")
async def api(
    settings: Any, client_of: ClientOf, bearer: Bearer
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build(settings)) as client:
        client.headers.update(bearer("tax_bureau"))
        yield client


class Letter:
    """A push and its fields, as they lie before it is sent."""

    def __init__(self, credit_code: str) -> None:
        number = next(keys)
        self.serial = f"SIGNED{number:06d}"
        self.body = json.dumps(push(f"signed-{number}", [line(self.serial, credit_code)])).encode()
        self.fields = {"content-type": "application/json", "idempotency-key": f"signed-{number}"}

    def signed(self, signer: RequestSigner) -> dict[str, str]:
        return self.fields | signer.sign("POST", URL, self.body, self.fields)


@pytest.fixture
async def letter(database_url: str) -> Letter:
    (owed,) = await owe(database_url)
    return Letter(owed.credit_code)


async def receipts_of(url: str, letter: Letter) -> int:
    rows = await fetch(url, "SELECT 1 FROM receipt WHERE serial = $1", letter.serial)
    return len(rows)


async def nonces(url: str) -> int:
    return len(await fetch(url, "SELECT 1 FROM signature_nonce"))


@pytest.mark.parametrize("key_id", ["ed", "ec", "rsa", "sm2"])
async def test_a_signed_push_is_taken_once(
    api: httpx.AsyncClient, database_url: str, private: dict[str, Jwk], letter: Letter, key_id: str
) -> None:
    signed = letter.signed(RequestSigner(key_id, private[key_id]))
    taken = await api.post(URL, content=letter.body, headers=signed)
    assert taken.status_code == 200, taken.text
    again = await api.post(URL, content=letter.body, headers=signed)
    assert (again.status_code, again.json()["code"]) == (401, "SIGNATURE_REPLAYED")
    # A repeat is signed anew: the same key, another nonce, the first answer.
    resigned = letter.signed(RequestSigner(key_id, private[key_id]))
    repeated = await api.post(URL, content=letter.body, headers=resigned)
    assert (repeated.status_code, repeated.content) == (200, taken.content)
    assert await receipts_of(database_url, letter) == 1


async def test_a_peer_with_a_key_signs_what_it_writes(
    api: httpx.AsyncClient,
    database_url: str,
    issuer: Issuer,
    private: dict[str, Jwk],
    letter: Letter,
) -> None:
    own = RequestSigner("ed", private["ed"])
    way = api._transport
    async with peer_of(issuer, "http://wuxian", "tax_bureau", way, signer=own) as peer:
        body = json.loads(letter.body)
        first = await peer.post("/v1/tax-pushes", body, key=letter.fields["idempotency-key"])
        again = await peer.post("/v1/tax-pushes", body, key=letter.fields["idempotency-key"])
        assert again == first
    assert await receipts_of(database_url, letter) == 1


async def test_a_replay_is_refused_by_a_process_that_started_later(
    api: httpx.AsyncClient,
    settings: Any,
    client_of: ClientOf,
    bearer: Bearer,
    private: dict[str, Jwk],
    letter: Letter,
) -> None:
    signed = letter.signed(RequestSigner("ed", private["ed"]))
    assert (await api.post(URL, content=letter.body, headers=signed)).status_code == 200
    async with client_of(build(settings)) as other:
        other.headers.update(bearer("tax_bureau"))
        again = await other.post(URL, content=letter.body, headers=signed)
    assert again.json()["code"] == "SIGNATURE_REPLAYED"


async def test_what_is_not_signed_well_leaves_no_row(
    api: httpx.AsyncClient, database_url: str, private: dict[str, Jwk], letter: Letter
) -> None:
    before = await nonces(database_url)
    own = RequestSigner("ed", private["ed"])
    signed = letter.signed(own)
    stranger = RequestSigner("ed", new_keys()["ed"])
    with time_machine.travel(time.time() - 400, tick=True):
        old = letter.signed(own)
    with time_machine.travel(time.time() + 400, tick=True):
        early = letter.signed(own)
    partly = signed["signature-input"].replace(' "idempotency-key"', "")
    attempts: list[tuple[str, dict[str, str], bytes]] = [
        ("SIGNATURE_MISSING", letter.fields, letter.body),
        ("CONTENT_DIGEST_DIFFERS", signed, letter.body.replace(b"2021", b"2022")),
        ("CONTENT_DIGEST_DIFFERS", signed, letter.body + b" "),
        ("SIGNATURE_INVALID", signed | {"idempotency-key": "another"}, letter.body),
        ("SIGNATURE_INVALID", signed | {"content-digest": "sha-256=:AAAA:"}, letter.body),
        ("SIGNATURE_INVALID", signed | {"signature-input": partly}, letter.body),
        ("SIGNATURE_INVALID", signed | {"signature-input": "sig=("}, letter.body),
        ("SIGNATURE_INVALID", letter.signed(stranger), letter.body),
        ("SIGNATURE_INVALID", letter.signed(RequestSigner("no", private["ed"])), letter.body),
        ("SIGNATURE_EXPIRED", old, letter.body),
        ("SIGNATURE_EXPIRED", early, letter.body),
    ]
    for code, fields, body in attempts:
        answer = await api.post(URL, content=body, headers=fields)
        assert (answer.status_code, answer.json()["code"]) == (401, code), fields
    elsewhere = await api.post(URL + "?dry_run=true", content=letter.body, headers=signed)
    assert elsewhere.json()["code"] == "SIGNATURE_INVALID"
    assert await receipts_of(database_url, letter) == 0
    assert await nonces(database_url) == before
    # None of it has used the nonce of the true request.
    assert (await api.post(URL, content=letter.body, headers=signed)).status_code == 200


async def test_other_clients_sign_from_their_own_day_and_reads_need_none(
    api: httpx.AsyncClient, bearer: Bearer, private: dict[str, Jwk], letter: Letter
) -> None:
    assert (await api.get("/v1/bills")).status_code in {200, 403}
    bank = bearer("bank_gateway")
    unsigned = await api.post("/v1/debit-batches/dbt_x/results", json={}, headers=bank)
    assert unsigned.json()["code"] != "SIGNATURE_MISSING"
    # A key counts for the client that registered it, and for nobody else.
    borrowed = letter.signed(RequestSigner("ed", private["ed"])) | bank
    answer = await api.post(URL, content=letter.body, headers=borrowed)
    assert answer.json()["code"] == "SIGNATURE_INVALID"


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, private: dict[str, Jwk]) -> None:
        self.private = private

    def resolve_private_key(self, key_id: str) -> Any:
        return JWKRegistry.import_key(self.private[key_id]).get_op_key("sign")


@pytest.mark.parametrize(
    ("key_id", "algorithm"),
    [
        ("ed", algorithms.ED25519),
        ("ec", algorithms.ECDSA_P256_SHA256),
        ("rsa", algorithms.RSA_PSS_SHA512),
    ],
)
async def test_a_signature_of_another_implementation_is_accepted(
    api: httpx.AsyncClient,
    database_url: str,
    private: dict[str, Jwk],
    letter: Letter,
    key_id: str,
    algorithm: Any,
) -> None:
    request = api.build_request("POST", URL, content=letter.body, headers=letter.fields)
    signer = HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=_Keys(private))
    covered = ("@method", "@target-uri", "content-digest", "idempotency-key")
    signer.sign(
        request,
        key_id=key_id,
        nonce=f"other-{next(keys):08d}",
        covered_component_ids=covered,
        body=letter.body,
    )
    answer = await api.send(request)
    assert answer.status_code == 200, answer.text
    assert await receipts_of(database_url, letter) == 1


async def test_old_nonces_are_deleted_and_young_ones_kept(db: Any, database_url: str) -> None:
    young = await nonces(database_url)
    insert = "INSERT INTO signature_nonce SELECT 'tax_bureau', 'old-' || n, now() - interval '1 s' FROM generate_series(1, 5) n"
    await fetch(database_url, insert)
    assert await db.run(lambda tx: clean(tx, 3)) == 3
    assert await db.run(lambda tx: clean(tx, 3)) == 2
    assert await nonces(database_url) == young
