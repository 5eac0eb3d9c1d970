"""Files of a bank whose profile asks for signatures: signed on the way out, demanded on the way in."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.collection.app import build
from shared.signature.file import FileSigning, SignatureForm, sign_file, verify_file
from tests.collection.debits.routes.conftest import DebitDesk
from tests.collection.support.money import owe
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer
from tests.signers import Jwk, new_keys, public, register

ROW = {
    "name": "中国农业银行",
    "format": "json",
    "own_account": "11001234",
    "own_name": "社会保险基金收入户",
    "own_id": "SB01",
    "signing_client": "bank_gateway",
    "own_key_id": "centre",
    "reason": "新增代扣银行",
}
CORRECTIONS = "/v1/bank-profiles/abc/corrections"
ANSWERS = "/v1/bank-files?bank=abc"


@pytest.fixture(scope="module")
def keys() -> dict[str, Jwk]:
    return new_keys()


@pytest.fixture(scope="module")
async def desk(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    database_url: str,
    issuer: Issuer,
    keys: dict[str, Jwk],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[DebitDesk]:
    directory: Path = tmp_path_factory.mktemp("keys")
    (directory / "centre.jwk").write_text(json.dumps(keys["ec"]))
    trust = register(issuer, directory, "bank_gateway", keys)
    settings = settings_for(trusted_keys_path=trust, bank_keys_dir=directory)
    async with client_of(build(settings)) as client:
        yield DebitDesk(client, bearer, database_url)


async def sign_with(desk: DebitDesk, **signing: str) -> None:
    filed = await desk.done("fund_accountant", CORRECTIONS, ROW | signing)
    await desk.done("department_head", f"/v1/bank-profile-corrections/{filed['id']}/approvals", {})


@pytest.mark.parametrize(("form", "key"), [("raw", "rsa"), ("jws", "ec"), ("raw", "sm2")])
async def test_files_are_signed_both_ways(
    desk: DebitDesk, keys: dict[str, Jwk], form: str, key: str
) -> None:
    signing = FileSigning(SignatureForm(form))
    await sign_with(desk, signature=form)
    period = {"rsa": "2022-04", "ec": "2022-05", "sm2": "2022-06"}[key]
    (owed,) = await owe(desk.url, count=1, collector="bank_debit", period=period, bank=False)
    await desk.agree(owed.credit_code, bank="abc", number=f"SG-{period}")
    made = await desk.batch(period, bank="abc")
    sent = await desk.client.get(
        f"/v1/debit-batches/{made['id']}/file", headers=desk.bearer("bank_gateway")
    )
    signature = sent.headers["file-signature"].encode()
    verify_file(sent.content, signature, signing, keys=lambda _: [public(keys["ec"])])

    line = {"file_no": made["file_no"], "line": 0, "outcome": "refused", "reason_code": "51"}
    answer = json.dumps({"number": f"A-{period}", "results": [line]}).encode()
    made_by_bank = sign_file(answer, signing, key_id=key, private=keys[key])
    assert made_by_bank is not None
    right = made_by_bank.decode().strip()
    for content, header, code in (
        (answer, None, "BANK_FILE_UNSIGNED"),
        (answer + b" ", right, "BANK_FILE_SIGNATURE_WRONG"),
        (answer, "AAAA", "BANK_FILE_SIGNATURE_WRONG"),
    ):
        refused = await desk.send("bank_gateway", ANSWERS, content, signature=header)
        assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
    taken = await desk.send("bank_gateway", ANSWERS, answer, signature=right)
    assert taken.status_code == 200, taken.text


async def test_a_profile_names_its_keys_and_no_file_goes_out_without_one(desk: DebitDesk) -> None:
    for wrong in ({"own_key_id": ""}, {"signature_algorithm": "rsa-pss-sha512"}):
        row = ROW | {"signature": "jws"} | wrong
        refused = await desk.send("fund_accountant", CORRECTIONS, row)
        assert refused.json()["code"] == "BANK_SIGNING_INVALID", refused.text
    await sign_with(desk, signature="jws", own_key_id="lost")
    (owed,) = await owe(desk.url, count=1, collector="bank_debit", period="2022-07", bank=False)
    await desk.agree(owed.credit_code, bank="abc", number="SG-lost")
    made = await desk.batch("2022-07", bank="abc")
    kept = await desk.client.get(
        f"/v1/debit-batches/{made['id']}/file", headers=desk.bearer("bank_gateway")
    )
    assert (kept.status_code, kept.json()["code"]) == (409, "BANK_SIGNING_KEY_MISSING")
