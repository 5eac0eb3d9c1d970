"""Units (用人单位): what registration checks beyond the shape of the request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shared.cn import credit_code
from shared.errors import Fault
from shared.ids import unit_key

UNIT_FACTS: Final = ("name", "kind", "district", "injury_class", "collector", "bank")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit as it is registered. `bank` is {bank, number, name} or None."""

    credit_code: str
    name: str
    kind: str
    district: str
    injury_class: int | None
    collector: str
    bank: dict[str, str] | None
    status: str = "active"

    @property
    def id(self) -> int:
        """The unit's shard key."""
        return unit_key(self.credit_code)


def faults_in(units: Sequence[Unit], districts: frozenset[str], pointer: str) -> list[Fault]:
    """What is wrong with units to be registered; `pointer` has a `{}` for the unit's number."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for number, unit in enumerate(units):
        at = pointer.format(number)
        faults += _faults_in_one(unit, districts, at)
        if unit.credit_code in seen:
            faults.append(
                Fault(f"{at}/credit_code", "UNIT_REPEATED", "同一批内重复 (twice in the batch)")
            )
        seen.add(unit.credit_code)
    return faults


def _faults_in_one(unit: Unit, districts: frozenset[str], at: str) -> Iterator[Fault]:
    if not credit_code.is_valid(unit.credit_code):
        yield Fault(
            f"{at}/credit_code",
            "CREDIT_CODE_CHECK_DIGIT",
            "统一社会信用代码校验位错误 (wrong check character)",
        )
    if unit.district not in districts:
        yield Fault(f"{at}/district", "DISTRICT_UNKNOWN", "未知分中心 (unknown district)")
    if unit.collector == "bank_debit" and unit.bank is None:
        yield Fault(
            f"{at}/bank_account",
            "BANK_ACCOUNT_MISSING",
            "托收单位须登记银行账户 (debits need an account)",
        )


def differing(known: Unit, asked: Unit) -> list[str]:
    """Names of the facts in which two registrations of one unit differ."""
    return [name for name in UNIT_FACTS if getattr(known, name) != getattr(asked, name)]
