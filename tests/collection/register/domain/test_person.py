"""Checks of units and persons at registration, and masked names."""

import hashlib
from dataclasses import replace

import pytest

from services.collection.common.store import shipped as common_shipped_store
from services.collection.register.domain.person import (
    id_of_person,
    key_of_person,
    masked_name,
    number_fault,
)
from services.collection.register.domain.person_columns import ids_of_persons
from services.collection.register.domain.unit import Unit, differing, faults_in
from shared.cn import credit_code, identity_number
from shared.ids import Ref, blind_key_of
from shared.references import Reference
from shared.security.keyed_hash import Sm3Pepper

PEPPER = b"pepper"
PEPPERS: list[bytes] = [PEPPER, PEPPER * 20]
if "sm3" in hashlib.algorithms_available:  # without it no installation can choose SM3
    PEPPERS += [Sm3Pepper(pepper) for pepper in tuple(PEPPERS)]
NUMBER = identity_number.with_check_digit("12010119900307451")
DISTRICTS = common_shipped_store.districts_of("tianjin")
UNIT = Unit(
    credit_code=credit_code.with_check_character("91120101MA05K0TH1"),
    name="天津和顺机械有限公司",
    kind="enterprise",
    district="heping",
    injury_class=1,
    collector="bank_debit",
    bank={"bank": "工行", "number": "0302000000000001", "name": "天津和顺机械有限公司"},
)


def test_tianjin_has_sixteen_districts() -> None:
    assert len(DISTRICTS) == 16
    assert {"heping", "nankai", "binhai", "jizhou"} <= DISTRICTS
    assert common_shipped_store.districts_of("atlantis") == frozenset()


def test_a_persons_key_is_the_blind_index_of_the_number() -> None:
    key = key_of_person(NUMBER, PEPPER)
    assert key.id == blind_key_of("person", NUMBER, PEPPER) == id_of_person(NUMBER, PEPPER)
    assert key_of_person(NUMBER, b"another").id != key.id
    assert Ref.parse(Reference.PERSON, key.ref).key == key.id
    assert NUMBER not in key.ref


@pytest.mark.parametrize("pepper", PEPPERS)
def test_the_keys_of_a_file_are_the_keys_of_its_people(pepper: bytes) -> None:
    other = identity_number.with_check_digit("12010119900307452")
    found = ids_of_persons([NUMBER.encode(), other.encode()], pepper)
    assert found.tolist() == [id_of_person(NUMBER, pepper), id_of_person(other, pepper)]


def test_a_fault_in_a_number_does_not_repeat_the_number() -> None:
    wrong = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    fault = number_fault(wrong, "/people/0/identity_number")
    assert fault is not None
    assert fault.code == "IDENTITY_NUMBER_CHECK_DIGIT"
    assert wrong not in fault.message
    assert number_fault(NUMBER, "/") is None


def test_lists_show_the_family_name_only() -> None:
    assert masked_name("张三") == "张*"
    assert masked_name("欧阳娜娜") == "欧***"


def test_a_sound_unit_has_no_fault() -> None:
    assert faults_in([UNIT], DISTRICTS, "") == []


def test_every_fault_of_every_unit_is_named() -> None:
    wrong = replace(UNIT, credit_code="91120101MA05K0TH1A", district="atlantis", bank=None)
    found = {
        (fault.pointer, fault.code)
        for fault in faults_in([UNIT, wrong, UNIT], DISTRICTS, "/units/{}")
    }
    assert found == {
        ("/units/1/credit_code", "CREDIT_CODE_CHECK_DIGIT"),
        ("/units/1/district", "DISTRICT_UNKNOWN"),
        ("/units/1/bank_account", "BANK_ACCOUNT_MISSING"),
        ("/units/2/credit_code", "UNIT_REPEATED"),
    }


def test_a_unit_that_the_tax_bureau_collects_from_needs_no_account() -> None:
    assert faults_in([replace(UNIT, collector="tax", bank=None)], DISTRICTS, "") == []


def test_what_differs_between_two_registrations_is_named() -> None:
    assert differing(UNIT, replace(UNIT, name="别名", injury_class=2)) == ["name", "injury_class"]
    assert differing(UNIT, UNIT) == []
