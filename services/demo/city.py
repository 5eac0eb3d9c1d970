"""A deterministic city: the same seed gives the same units, people, wages, pensioners and claims.

Nothing in here speaks to anybody. Amounts are int fen; a person's wages are listed per period, None
where the person is not declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from services.demo.numbers import Numbers
from services.demo.words import (
    BANKS,
    BIRTH_REGIONS,
    DISTRICTS,
    ENTERPRISE_TRADES,
    FEMALE_NAMES,
    HOSPITALS,
    INSTITUTIONS,
    MALE_NAMES,
    ORGANS,
    RURAL_TRADES,
    SURNAMES,
    UNIT_WORDS,
)
from shared.money import allot

PERIODS: Final = ("2021-07", "2021-08")
_OPENING: Final = date(2021, 7, 1)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a city is."""

    units: int
    people: int
    pensioners: int
    seed: int = 20210701


FULL: Final = Size(units=300, people=5_000, pensioners=500)
# This seed lets even a small city see everything: lines refused, late, unknown, twice and returned,
# taxpayers who pay nothing or a part.
SMALL: Final = Size(units=30, people=300, pensioners=45, seed=11)


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Bank, account number, account name."""

    bank: str
    number: str
    name: str

    def json(self) -> dict[str, str]:
        """Return it as the API takes it."""
        return {"bank": self.bank, "number": self.number, "name": self.name}


@dataclass(frozen=True, slots=True)
class Person:
    """An insured person and the monthly wage per period, in fen."""

    identity_number: str
    name: str
    joined_on: date
    wages_fen: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """An employer."""

    credit_code: str
    name: str
    kind: str
    district: str
    injury_class: int
    collector: str
    bank_account: BankAccount
    people: tuple[Person, ...]
    debit_bank: str = ""
    """Code of the bank that debits it; empty: the one that is taken without saying."""

    def declared(self, index: int) -> list[tuple[Person, int]]:
        """Return the people declared in a period, with their wages."""
        return [
            (person, wage)
            for person in self.people
            if (wage := person.wages_fen[index]) is not None
        ]


@dataclass(frozen=True, slots=True)
class Pensioner:
    """Someone who draws a basic pension."""

    identity_number: str
    name: str
    district: str
    monthly_fen: int
    bank_account: BankAccount


@dataclass(frozen=True, slots=True)
class Payee:
    """One line of a claim: a hospital's month, or a mother's allowance."""

    name: str
    amount_fen: int
    bank_account: BankAccount
    reference: str
    identity_number: str | None = None
    credit_code: str | None = None


@dataclass(frozen=True, slots=True)
class City:
    """Everything the demo plays with. `hospitals` and `mothers` are by period, then by district."""

    seed: int
    units: tuple[Unit, ...]
    pensioners: tuple[Pensioner, ...]
    hospitals: tuple[dict[str, tuple[Payee, ...]], ...]
    mothers: tuple[dict[str, tuple[Payee, ...]], ...]

    @property
    def districts(self) -> tuple[str, ...]:
        """Return the district codes."""
        return tuple(DISTRICTS)

    def units_of(self, district: str) -> list[Unit]:
        """Return the units that a district handles."""
        return [unit for unit in self.units if unit.district == district]


def build(size: Size = FULL, seed: int | None = None) -> City:
    """Return the city of a size, with its own seed or another."""
    seed = size.seed if seed is None else seed
    maker = _Maker(seed)
    units = maker.units(size)
    return City(
        seed=seed,
        units=units,
        pensioners=maker.pensioners(size.pensioners),
        hospitals=maker.hospitals(size.people),
        mothers=maker.mothers(units),
    )


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = Random(f"wuxian:{seed}")
        self.numbers = Numbers(self.random)
        self.mothers_chosen: set[str] = set()

    # -- employers and their people ---------------------------------------------------------------

    def units(self, size: Size) -> tuple[Unit, ...]:
        weights = [self.random.randrange(4, 20) ** 2 for _ in range(size.units)]
        heads = [1 + more for more in allot(size.people - size.units, weights)]
        names: set[str] = set()
        return tuple(self._unit(index, count, names) for index, count in enumerate(heads))

    def _unit(self, index: int, heads: int, names: set[str]) -> Unit:
        district = list(DISTRICTS)[index % len(DISTRICTS)]
        kind = self._kind(index)
        name = self._unit_name(kind, DISTRICTS[district][0], names)
        return Unit(
            credit_code=self.numbers.credit_code(kind=kind, region=DISTRICTS[district][1]),
            name=name,
            kind=kind,
            district=district,
            injury_class=1 if kind in {"organ", "institution"} else self.random.randrange(1, 9),
            collector="tax" if self.random.randrange(100) < 30 else "bank_debit",
            bank_account=self._account("0302", name),
            people=tuple(self._person(heads > 3) for _ in range(heads)),
        )

    @staticmethod
    def _kind(index: int) -> str:
        spread = (
            ("enterprise",) * 14 + ("institution",) * 3 + ("organ", "rural_enterprise", "organ")
        )
        return spread[index * 7 % len(spread)]

    def _unit_name(self, kind: str, district: str, taken: set[str]) -> str:
        while True:
            word = self.random.choice(UNIT_WORDS)
            name = {
                "institution": f"天津市{district}{word}{self.random.choice(INSTITUTIONS)}",
                "organ": f"天津市{district}{word}{self.random.choice(ORGANS)}",
                "rural_enterprise": f"天津市{district}{word}{self.random.choice(RURAL_TRADES)}专业合作社",
            }.get(kind, f"天津{word}{self.random.choice(ENTERPRISE_TRADES)}有限公司")
            if name not in taken:
                taken.add(name)
                return name

    def _person(self, may_change: bool) -> Person:
        female = self.random.randrange(2) == 0
        born = self.numbers.birth_date(youngest=20, oldest=54 if female else 59, on=_OPENING)
        july: int | None = self._wage()
        august = july
        joined = date(self.random.randrange(max(2003, born.year + 19), 2021), 3, 1)
        draw = self.random.randrange(100) if may_change else 99
        if draw == 0:  # joins with the second period
            july, joined = None, date(2021, 8, 2)
        elif draw == 1:  # leaves after the first
            august = None
        elif draw < 8:  # a new wage
            august = self._wage()
        return Person(
            identity_number=self.numbers.identity(
                region=self.random.choice(BIRTH_REGIONS), born=born, female=female
            ),
            name=self._name(female),
            joined_on=joined,
            wages_fen=(july, august),
        )

    def _wage(self) -> int:
        """Draw a monthly wage: some below the floor of 3,364 yuan, some above the ceiling of 17,613."""
        draw = self.random.randrange(100)
        low, high = (
            (2_180, 3_363)
            if draw < 9
            else (17_614, 42_000)
            if draw < 15
            else (9_000, 17_613)
            if draw < 35
            else (3_364, 9_000)
        )
        return self.random.randrange(low * 100, high * 100, 5)

    # -- beneficiaries ----------------------------------------------------------------------------

    def pensioners(self, count: int) -> tuple[Pensioner, ...]:
        return tuple(self._pensioner(index) for index in range(count))

    def _pensioner(self, index: int) -> Pensioner:
        female = self.random.randrange(2) == 0
        name = self._name(female)
        born = self.numbers.birth_date(youngest=61, oldest=92, on=_OPENING)
        return Pensioner(
            identity_number=self.numbers.identity(
                region=self.random.choice(BIRTH_REGIONS), born=born, female=female
            ),
            name=name,
            district=list(DISTRICTS)[index % len(DISTRICTS)],
            monthly_fen=self.random.randrange(215_000, 685_000),
            bank_account=self._account("621723", name),
        )

    def hospitals(self, people: int) -> tuple[dict[str, tuple[Payee, ...]], ...]:
        accounts = {
            name: self._account("0302", name) for names in HOSPITALS.values() for name in names
        }
        # Nine hospitals at 20 to 45 yuan per insured person: a third of what the fund takes in.
        return tuple(
            {
                district: tuple(
                    Payee(
                        name=name,
                        amount_fen=people * self.random.randrange(2_000, 4_500),
                        bank_account=accounts[name],
                        reference=f"YY-{period}-{district}-{order}",
                    )
                    for order, name in enumerate(names, start=1)
                )
                for district, names in HOSPITALS.items()
            }
            for period in PERIODS
        )

    def mothers(self, units: tuple[Unit, ...]) -> tuple[dict[str, tuple[Payee, ...]], ...]:
        return tuple(
            {
                district: tuple(
                    self._mother(unit, f"SY-{period}-{district}-{order}")
                    for order, unit in enumerate(self._employers(units, district), start=1)
                )
                for district in DISTRICTS
            }
            for period in PERIODS
        )

    def _employers(self, units: tuple[Unit, ...], district: str) -> list[Unit]:
        """Choose the employers; one in thirty has a mother on leave."""
        own = [unit for unit in units if unit.district == district]
        return self.random.sample(own, max(1, len(own) // 30))

    def _mother(self, unit: Unit, reference: str) -> Payee:
        # A birth is paid once, so nobody is a mother twice.
        people = [one for one in unit.people if one.identity_number not in self.mothers_chosen]
        women = [one for one in people if int(one.identity_number[16]) % 2 == 0]
        person = self.random.choice(women or people or list(unit.people))
        self.mothers_chosen.add(person.identity_number)
        return Payee(
            name=person.name,
            amount_fen=self.random.randrange(1_200_000, 3_600_000),
            bank_account=self._account("621723", person.name),
            reference=reference,
            identity_number=person.identity_number,
            credit_code=unit.credit_code,
        )

    # -- names ------------------------------------------------------------------------------------

    def _name(self, female: bool) -> str:
        given = FEMALE_NAMES if female else MALE_NAMES
        parts = self.random.choices(given, k=1 if self.random.randrange(100) < 28 else 2)
        return self.random.choice(SURNAMES) + "".join(parts)

    def _account(self, prefix: str, name: str) -> BankAccount:
        return BankAccount(self.random.choice(BANKS), self.numbers.account(prefix), name)
