"""The caller's key gives the first answer again, and what is kept of a request tells nothing of it."""

import hashlib
import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.collection.app import build
from shared import idempotency
from shared.cn.credit_code import with_check_character
from shared.db import Database
from shared.security.identity import Identity
from tests.conftest import Bearer, ClientOf, SettingsFor

DIGEST = hashlib.sha256(b"identity number 120101199001011234").digest()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, "collection", pool_size=1)
    yield opened
    await opened.close()


def claim(key: str, digest: bytes = DIGEST, secret: bytes = b"a secret") -> idempotency.Claim:
    return idempotency.Claim(1, "portal", key, digest, secret)


async def stored_fingerprints(database_url: str) -> set[bytes]:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT fingerprint FROM collection.idempotency")
        return {row["fingerprint"] for row in rows}
    finally:
        await connection.close()


async def test_a_repeat_gets_the_first_answer_and_another_request_is_refused(db: Database) -> None:
    async with db.transaction() as tx:
        assert await idempotency.claim(tx, claim("k-1")) is None
        await idempotency.store(tx, claim("k-1"), 201, b"{}")
        assert await idempotency.claim(tx, claim("k-1")) == idempotency.Stored(201, b"{}")
        with pytest.raises(idempotency.KeyReused):
            await idempotency.claim(tx, claim("k-1", hashlib.sha256(b"other").digest()))
        with pytest.raises(idempotency.KeyReused):
            await idempotency.claim(tx, claim("k-1", secret=b"the secret of another house"))


async def test_a_row_of_an_older_release_still_answers(db: Database, database_url: str) -> None:
    """Its fingerprint is the digest itself."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO collection.idempotency (shard_key, client, idem_key, fingerprint, status, body)"
        " VALUES (1, 'portal', 'k-2', $1, 201, $2)",
        DIGEST,
        b"first",
    )
    await connection.close()
    async with db.transaction() as tx:
        assert await idempotency.claim(tx, claim("k-2")) == idempotency.Stored(201, b"first")
        with pytest.raises(idempotency.KeyReused):
            await idempotency.claim(tx, claim("k-2", hashlib.sha256(b"other").digest()))


async def test_no_plain_hash_of_a_request_is_kept(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    database_url: str,
    identity: Identity,
) -> None:
    body = {
        "credit_code": with_check_character("91120101MA05K0TH1"),
        "name": "甲",
        "kind": "enterprise",
        "district": "heping",
        "injury_class": 1,
        "collector": "tax",
        "bank_account": None,
    }
    async with client_of(build(settings_for())) as client:
        headers = bearer("district_clerk", "heping") | {"Idempotency-Key": "k-3"}
        answers = [await client.post("/v1/units", json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    assert answers[1].headers["idempotent-replayed"] == "true"
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    plain = hashlib.sha256(b"POST /v1/units\n" + canonical).digest()
    kept = await stored_fingerprints(database_url)
    assert claim("k-3", plain, identity.fingerprint_key).fingerprint in kept
    assert plain not in kept


async def test_a_key_is_one_request_over_all_doors_imports_included(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer
) -> None:
    code = with_check_character("91120101MA05K0TH3")
    unit = {
        "credit_code": code,
        "name": "甲",
        "kind": "enterprise",
        "district": "heping",
        "injury_class": 1,
        "collector": "tax",
    }
    file = f"credit_code,name,kind,district,injury_class,collector\n{code},甲,企业,heping,1.0,tax\n".encode()
    async with client_of(build(settings_for())) as client:

        async def bring(key: str, content: bytes, **query: str) -> tuple[int, str | None, str]:
            headers = bearer("district_clerk", "heping") | {
                "Idempotency-Key": key,
                "content-type": "text/csv",
            }
            answer = await client.post(
                "/v1/unit-imports", content=content, headers=headers, params=query
            )
            problem = answer.status_code >= 400
            return (
                answer.status_code,
                answer.headers.get("idempotent-replayed"),
                answer.json()["code"] if problem else "",
            )

        assert await bring("k-4", file) == (200, None, "")
        assert await bring("k-4", file) == (200, "true", "")
        assert await bring("k-4", file + b"\n") == (422, None, "IDEMPOTENCY_KEY_REUSED")
        assert await bring("k-4", file, mode="row_by_row") == (422, None, "IDEMPOTENCY_KEY_REUSED")
        assert (await bring("k-5", file.replace(b"heping", b"nowhere")))[0] == 422
        assert await bring("k-5", file) == (200, None, "")
        headers = bearer("district_clerk", "heping") | {"Idempotency-Key": "k-4"}
        answer = await client.post("/v1/units", json=unit, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
        other = bearer("district_clerk", "heping") | {"Idempotency-Key": "k-6"}
        assert (await client.post("/v1/units", json=unit, headers=other)).status_code == 201


def test_the_key_is_of_the_house_and_not_the_pepper_itself(identity: Identity) -> None:
    assert identity.fingerprint_key != identity.pepper
    assert identity.fingerprint_key not in (identity.exchange_key, b"")
