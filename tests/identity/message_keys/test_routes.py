"""Keys of signed messages: registered, known to every service at once, overlapping, revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.roles import Role
from shared.security.message_keys import MessageAlgorithm
from tests.identity.support.desk import Desk

KEYS = "/v1/message-keys"


def jwk(kind: type[OKPKey | ECKey | RSAKey] = OKPKey, of: Any = "Ed25519") -> dict[str, Any]:
    made = kind.generate_key(of, private=True)
    return dict(made.as_dict(private=False))


async def register(desk: Desk, **body: Any) -> str:
    """Two administrators register a key; its kid."""
    proposed = await desk.http.post(
        KEYS, json={"why": "新证书"} | body, headers=await desk.admin("adm")
    )
    assert proposed.status_code == 201, proposed.text
    path = f"/v1/principal-changes/{proposed.json()['id']}/decisions"
    headers = await desk.admin("adm.two")
    done = await desk.http.post(path, json={"decision": "approved"}, headers=headers)
    assert done.status_code == 200, done.text
    return str(done.json()["content"]["kid"])


async def listed(desk: Desk, client: str) -> list[dict[str, Any]]:
    headers = await desk.bearer("supervisor")
    answer = await desk.http.get(KEYS, params={"client": client}, headers=headers)
    return list(answer.json()["items"])


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ed25519", jwk()),
        ("ecdsa-p256-sha256", jwk(ECKey, "P-256")),
        ("rsa-pss-sha512", jwk(RSAKey, 2048)),
        ("sm2-sm3", jwk(ECKey, "P-256") | {"crv": "SM2"}),
    ],
)
async def test_a_registered_key_is_known_to_every_service(
    desk: Desk, algorithm: str, key: dict[str, Any]
) -> None:
    name = f"bank.{algorithm}"
    await desk.add_client(name, Role.BANK_GATEWAY)
    kid = await register(desk, client=name, algorithm=algorithm, public_key=key)
    (row,) = await listed(desk, name)
    assert kid == row["kid"] == row["thumbprint"]
    assert row["registered_by"] == "adm.two"

    trust = desk.trust("collection")
    found = await trust.message_key(name, kid)
    assert found is not None
    assert found.algorithm is MessageAlgorithm(algorithm)
    assert found.public_key == {m: key[m] for m in ("kty", "crv", "x", "y", "n", "e") if m in key}
    assert await trust.message_key("tax_bureau", kid) is None
    told = (await desk.http.get("/v1/trust")).text
    assert kid in told
    assert name not in told


async def test_a_key_counts_for_a_service_that_asked_just_before_it_was_registered(
    desk: Desk,
) -> None:
    await desk.add_client("bank.new", Role.BANK_GATEWAY)
    trust = desk.trust("collection")
    assert await trust.message_key("bank.new", "not-yet") is None
    kid = await register(desk, client="bank.new", algorithm="ed25519", public_key=jwk())
    assert await trust.message_key("bank.new", kid) is not None


async def test_keys_overlap_at_a_rotation_and_one_is_revoked_at_once(desk: Desk) -> None:
    adm = await desk.admin("adm")
    await desk.add_client("bank.two", Role.BANK_GATEWAY)
    body = {"client": "Bank.Two", "algorithm": "ed25519", "overlap_hours": 1}

    async def counts(*kids: str) -> list[bool]:
        trust = desk.trust("collection")
        return [await trust.message_key("bank.two", kid) is not None for kid in kids]

    await register(desk, **body, kid="2026-1", public_key=jwk())
    later = datetime.now(UTC) + timedelta(hours=2)
    begins = {"valid_from": later.isoformat()}
    await register(desk, **body, **begins, kid="2026-3", public_key=jwk())
    await register(desk, **body, kid="2026-2", public_key=jwk())
    assert await counts("2026-1", "2026-2", "2026-3") == [True, True, False]
    one, two, three = await listed(desk, "Bank.Two")
    end = datetime.fromisoformat(one["valid_until"])
    assert timedelta(minutes=59) < end - datetime.now(UTC) < timedelta(minutes=61)
    assert (two["valid_until"], three["valid_until"]) == (None, None)

    path = f"{KEYS}/2026-2/revocations"
    first = await desk.http.post(path, headers=adm)
    assert (first.status_code, first.json()["revoked_by"]) == (200, "adm")
    assert (await desk.http.post(path, headers=adm)).json() == first.json()
    assert await counts("2026-1", "2026-2") == [True, False]
    events = await desk.rows(
        "SELECT kind, by FROM event WHERE principal = 'bank.two' AND kind LIKE 'message_key_re%'"
        " ORDER BY seq"
    )
    assert [row["kind"] for row in events] == 3 * ["message_key_registered"] + [
        "message_key_revoked"
    ]
    for sql in (
        "UPDATE client_signing_key SET revoked_at = NULL, revoked_by = NULL WHERE kid = '2026-2'",
        "UPDATE client_signing_key SET valid_until = NULL WHERE kid = '2026-1'",
    ):
        with pytest.raises(Exception, match="stays ended"):
            await desk.rows(f"{sql} RETURNING kid")


async def test_every_fault_is_named_at_once(desk: Desk) -> None:
    adm = await desk.admin("adm")
    bad = {
        "why": "新证书",
        "client": "nobody",
        "algorithm": "rsa-pss-sha512",
        "public_key": jwk(),
        "valid_from": "2020-01-01T00:00:00Z",
        "valid_until": "2020-01-02T00:00:00Z",
    }
    answer = await desk.http.post(KEYS, json=bad, headers=adm)
    assert answer.status_code == 422
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == {
        ("/client", "CLIENT_UNKNOWN"),
        ("/algorithm", "ALGORITHM_UNFIT"),
        ("/valid_from", "VALIDITY_PAST"),
        ("/valid_until", "VALIDITY_EMPTY"),
    }
    await desk.add_client("bank.three", Role.BANK_GATEWAY)
    for key in (
        dict(OKPKey.generate_key("Ed25519").as_dict(private=True)),
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {},
    ):
        unfit = {"why": "x", "client": "bank.three", "algorithm": "ed25519", "public_key": key}
        refused = await desk.http.post(KEYS, json=unfit, headers=adm)
        assert [fault["code"] for fault in refused.json()["errors"]] == ["KEY_UNFIT"]
    fit = unfit | {"public_key": jwk()}
    await register(desk, **fit)
    again = await desk.http.post(KEYS, json=fit | {"kid": "other"}, headers=adm)
    assert (again.status_code, again.json()["code"]) == (409, "MESSAGE_KEY_EXISTS")
    supervisor = await desk.bearer("supervisor")
    assert (await desk.http.post(KEYS, json=fit, headers=supervisor)).status_code == 403
    gone = await desk.http.post(f"{KEYS}/nothing/revocations", headers=adm)
    assert gone.status_code == 404
