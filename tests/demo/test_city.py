"""The generated city is valid, deterministic and worth playing."""

from __future__ import annotations

import pytest

from services.demo import city as cities
from shared.cn import credit_code, identity_number


@pytest.fixture(scope="module")
def city() -> cities.City:
    return cities.build()


def test_the_city_has_the_size_it_promises(city: cities.City) -> None:
    assert len(city.units) == 300
    assert sum(len(unit.people) for unit in city.units) == 5_000
    assert len(city.pensioners) == 500


def test_the_same_seed_gives_the_same_city(city: cities.City) -> None:
    assert cities.build() == city
    assert cities.build(seed=7) != city


def test_every_identity_number_is_valid_and_nobody_appears_twice(city: cities.City) -> None:
    numbers = [person.identity_number for unit in city.units for person in unit.people]
    numbers += [pensioner.identity_number for pensioner in city.pensioners]
    assert [number for number in numbers if identity_number.fault_in(number)] == []
    assert len(set(numbers)) == len(numbers)


def test_every_credit_code_is_valid_and_unique(city: cities.City) -> None:
    codes = [unit.credit_code for unit in city.units]
    assert all(credit_code.is_valid(code) for code in codes)
    assert len(set(codes)) == len(codes)


def test_bank_accounts_are_unique(city: cities.City) -> None:
    accounts = [unit.bank_account.number for unit in city.units]
    accounts += [pensioner.bank_account.number for pensioner in city.pensioners]
    assert len(set(accounts)) == len(accounts)
    assert {len(number) for number in accounts} == {19}


def test_wages_reach_below_the_floor_and_above_the_ceiling(city: cities.City) -> None:
    wages = [wage for unit in city.units for _, wage in unit.declared(0)]
    assert 0.05 < sum(wage < 336_400 for wage in wages) / len(wages) < 0.15
    assert 0.03 < sum(wage > 1_761_300 for wage in wages) / len(wages) < 0.10


def test_every_unit_declares_somebody_in_both_periods(city: cities.City) -> None:
    assert all(unit.declared(index) for unit in city.units for index in (0, 1))


def test_the_second_period_brings_joiners_leavers_and_new_wages(city: cities.City) -> None:
    pairs = [person.wages_fen for unit in city.units for person in unit.people]
    assert any(july is None for july, _ in pairs)
    assert any(august is None for _, august in pairs)
    assert any(july and august and july != august for july, august in pairs)


def test_each_district_has_units_of_both_collectors_and_several_kinds(city: cities.City) -> None:
    for district in city.districts:
        units = city.units_of(district)
        assert {unit.collector for unit in units} == {"tax", "bank_debit"}
        assert len({unit.kind for unit in units}) >= 3


def test_the_small_city_keeps_the_same_shape() -> None:
    small = cities.build(size=cities.SMALL)
    assert len(small.units) == 30
    assert {unit.collector for unit in small.units} == {"tax", "bank_debit"}
    assert all(small.units_of(district) for district in small.districts)
