"""Sealed values open under their key and meaning only; values of before are read until they are sealed."""

import pytest

from shared.security.field_cipher import CipherBroken
from shared.security.personal_data import PLAIN, AccountCipher, PersonalCipher
from shared.security.sealing import sealed

KEY = bytes(range(32))
CIPHER = PersonalCipher(KEY, "bank_number")


def test_a_value_opens_under_its_own_key_and_meaning_only() -> None:
    stored = CIPHER.seal("6222020302064578901")
    assert CIPHER.open(stored) == "6222020302064578901"
    assert stored != CIPHER.seal("6222020302064578901"), "equal values look different"
    for other in (PersonalCipher(bytes(32), "bank_number"), PersonalCipher(KEY, "name")):
        with pytest.raises(CipherBroken):
            other.open(stored)


@pytest.mark.parametrize("broken", [b"", b"6222", b"\x01", b"\x01" + bytes(40)])
def test_what_is_neither_sealed_nor_of_before_does_not_open(broken: bytes) -> None:
    with pytest.raises(CipherBroken):
        CIPHER.open(broken)


def test_a_value_of_before_is_read_and_sealed_once() -> None:
    stored = PLAIN + "张建国".encode()
    assert CIPHER.open(stored) == "张建国"
    once = sealed(stored, CIPHER)
    assert CIPHER.open(once) == "张建国"
    assert sealed(once, CIPHER) == once


def test_a_units_account_is_sealed_so_that_equal_numbers_look_equal() -> None:
    accounts = AccountCipher(KEY)
    bank = {"bank": "工商银行", "number": "0302000000000001234", "name": "和顺"}
    once = accounts.sealed(bank)
    assert once is not None
    assert once == accounts.sealed(bank) == accounts.sealed(once)
    assert once["number"] != accounts.seal("0302000000000001235")
    assert bank["number"] not in str(once)
    assert accounts.opened(once) == accounts.opened(bank) == bank
    with pytest.raises(CipherBroken):
        AccountCipher(bytes(32)).opened(once)
    assert accounts.sealed(None) is None
