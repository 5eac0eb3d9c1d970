"""Numbers that check: identity numbers, credit codes, bank accounts, made from a seeded stream."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from shared.cn import credit_code, identity_number

_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SHAPES = {"institution": "12", "organ": "11", "rural_enterprise": "93", "flexible": "92"}


class Numbers:
    """Gives numbers that are valid and never the same twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._given: set[str] = set()

    def identity(self, *, region: str, born: date, female: bool) -> str:
        """Return an identity number of someone born on a day."""
        while True:
            order = self._random.randrange(0, 500) * 2 + (0 if female else 1)
            number = identity_number.with_check_digit(f"{region}{born:%Y%m%d}{order:03d}")
            if self._first(number):
                return number

    def credit_code(self, *, kind: str, region: str) -> str:
        """Build a unified social credit code: registry, region, organisation code, check character."""
        while True:
            body = "".join(self._random.choice("0123456789") for _ in range(8))
            code = credit_code.with_check_character(
                _SHAPES.get(kind, "91") + region + body + organisation_check(body)
            )
            if self._first(code):
                return code

    def account(self, prefix: str) -> str:
        """Return a nineteen-digit bank account number."""
        while True:
            body = "".join(self._random.choice("0123456789") for _ in range(18 - len(prefix)))
            number = luhn_complete(prefix + body)
            if self._first(number):
                return number

    def birth_date(self, *, youngest: int, oldest: int, on: date) -> date:
        """Draw a day of birth of someone from `youngest` to `oldest` years old on a day."""
        last = on.replace(year=on.year - youngest)
        first = on.replace(year=on.year - oldest)
        return first + timedelta(days=self._random.randrange((last - first).days))

    def _first(self, number: str) -> bool:
        if number in self._given:
            return False
        self._given.add(number)
        return True


def organisation_check(body: str) -> str:
    """Return the ninth character of an organisation code (GB 11714): weights, modulo 11."""
    rest = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11
    return "0" if rest == 0 else "X" if rest == 1 else str(11 - rest)


def luhn_complete(body: str) -> str:
    """Append the check digit that bank cards carry."""
    total = 0
    for index, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if index % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{body}{-total % 10}"
