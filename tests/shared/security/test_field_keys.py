"""Keys of stored values: headers, two algorithms, and a file that changes while a service runs."""

from pathlib import Path

import pytest

from services.database import field_keys
from services.database.field_keys import KeyRefused
from shared.ids import blind_key_of
from shared.security.field_cipher import CipherBroken, FieldCipher
from shared.security.field_keys import HEADER_BYTES, Algorithm, FieldKeys
from shared.security.identity import Identity, create
from shared.security.keyed_hash import Sm3Pepper, keyed_hash, pepper_of
from shared.security.personal_data import AccountCipher, PersonalCipher
from shared.security.resealing import Form, SealedColumn
from shared.security.transit import Transit

FIRST = bytes(range(32))
ALGORITHMS = list(Algorithm)


def rotated(file: Path, algorithm: Algorithm) -> str:
    """Let a new key of the file seal."""
    key_id = field_keys.prepare(file, algorithm).id
    field_keys.use(file, key_id)
    return key_id


def fresh(file: Path) -> FieldKeys:
    """The keys as a service that starts now has them."""
    return FieldKeys(FIRST, file)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_values_of_every_key_open_and_the_newest_seals(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    file = tmp_path / "payout" / "field_keys.json"
    before = FieldCipher(fresh(file)).seal("120101199001011237")
    ids = [rotated(file, one) for one in (algorithm, *ALGORITHMS)]
    cipher = FieldCipher(fresh(file))
    after = cipher.seal("120101199001011237")
    assert after[2:HEADER_BYTES].hex() == ids[-1]
    assert len(after) == len(before) + HEADER_BYTES
    for sealed in (before, after):
        assert cipher.open(sealed) == "120101199001011237"
        with pytest.raises(CipherBroken):
            FieldCipher(fresh(file), "name").open(sealed)
        with pytest.raises(CipherBroken):
            cipher.open(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert (
        PersonalCipher(fresh(file), "name").open(
            PersonalCipher(FieldKeys(FIRST), "name").seal("张三")
        )
        == "张三"
    )


def test_a_service_that_runs_opens_what_a_newer_key_sealed(tmp_path: Path) -> None:
    file = tmp_path / "field_keys.json"
    running = FieldCipher(fresh(file))
    rotated(file, Algorithm.SM4_GCM)
    sealed = FieldCipher(fresh(file)).seal("王芳")
    assert running.open(sealed) == "王芳"


def test_a_prepared_key_opens_and_does_not_seal_until_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "field_keys.json"
    made = field_keys.prepare(file, Algorithm.AES_256_GCM)
    assert fresh(file).current.is_first
    assert fresh(file).ring.named(made.id) is not None
    assert field_keys.prepared(file) == made.id
    with pytest.raises(KeyRefused, match="is prepared already"):
        field_keys.prepare(file, Algorithm.AES_256_GCM)
    field_keys.use(file, made.id)
    assert fresh(file).current.id == made.id
    assert field_keys.prepared(file) is None


def test_a_key_that_seals_is_not_removed_and_a_removed_one_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "field_keys.json"
    first, sealed = fresh(file).current.id, FieldCipher(fresh(file)).seal("李四")
    made = rotated(file, Algorithm.AES_256_GCM)
    with pytest.raises(KeyRefused, match="seals new values"):
        field_keys.remove(file, fresh(file), made)
    with pytest.raises(KeyRefused, match="there is no key"):
        field_keys.remove(file, fresh(file), "ab" * 7)
    with pytest.raises(KeyRefused, match="may be retired in 60 minutes"):
        field_keys.require_settled(fresh(file))
    field_keys.remove(file, fresh(file), first)
    with pytest.raises(CipherBroken):
        FieldCipher(fresh(file)).open(sealed)
    assert file.stat().st_mode & 0o077 == 0


def test_one_account_is_the_same_account_under_two_keys(tmp_path: Path) -> None:
    file = tmp_path / "field_keys.json"
    before = AccountCipher(fresh(file))
    stored = before.sealed({"bank": "中国银行", "number": "6222020302064512345", "name": "甲"})
    rotated(file, Algorithm.SM4_GCM)
    after = AccountCipher(fresh(file))
    given = after.sealed({"bank": "中国银行", "number": "6222020302064512345", "name": "甲"})
    assert given != stored
    assert after.as_stored(given, stored) == stored
    other = after.sealed({"bank": "中国银行", "number": "6222020302064512346", "name": "甲"})
    assert after.as_stored(other, stored) == other
    assert after.as_stored(None, stored) is None


def test_services_have_keys_of_their_own_and_exchange_under_another(tmp_path: Path) -> None:
    create(tmp_path / "identity")
    own = {}
    for service in ("collection", "payout"):
        file = tmp_path / service / "field_keys.json"
        rotated(file, Algorithm.AES_256_GCM)
        own[service] = Identity.load(tmp_path / "identity", file)
    stored = FieldCipher(own["collection"].field_keys, "name").seal("张三")
    with pytest.raises(CipherBroken):
        FieldCipher(own["payout"].field_keys, "name").open(stored)
    sent = Transit(own["collection"], "name").send(stored)
    assert Transit(own["payout"], "name").receive(sent) == "张三"
    with pytest.raises(CipherBroken):
        FieldCipher(own["payout"].field_keys, "name").open(sent)


def test_sm3_is_chosen_with_the_pepper_and_stays(tmp_path: Path) -> None:
    create(tmp_path, sm3=True)
    pepper = Identity.load(tmp_path).pepper
    assert isinstance(pepper, Sm3Pepper)
    create(tmp_path, sm3=False)
    assert isinstance(Identity.load(tmp_path).pepper, Sm3Pepper)
    plain = pepper_of(bytes(pepper).hex())
    assert keyed_hash(pepper, b"x") != keyed_hash(plain, b"x")
    assert blind_key_of("person", "1", pepper) != blind_key_of("person", "1", plain)
    # HMAC-SM3 of "m" under "k", as OpenSSL has it.
    assert keyed_hash(Sm3Pepper(b"k"), b"m").hex() == (
        "5a4f3fd570a7ba4492ef1539244fa4c2cec18bc722de101699577c93521210e3"
    )


def test_a_column_of_two_meanings_keeps_each(tmp_path: Path) -> None:
    file = tmp_path / "field_keys.json"
    column = SealedColumn("sealed", Form.BYTES, ("declaration_file", "tax_push_file"))
    for label in column.labels:
        stored = FieldCipher(fresh(file), label).seal(label)
        rotated(file, Algorithm.SM4_GCM)
        assert FieldCipher(fresh(file), label).open(column.resealed(stored, fresh(file))) == label
    with pytest.raises(CipherBroken):
        column.resealed(FieldCipher(fresh(file), "name").seal("x"), fresh(file))
