"""Units (用人单位): what registration checks beyond the shape of the request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.collection.policy.domain.policy import Policy, Schedule
from shared.cn import credit_code
from shared.errors import Fault
from shared.ids import unit_key
from shared.period import Period

UNIT_FACTS: Final = ("name", "kind", "district", "injury_class", "collector", "bank", "size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit as it is registered. `bank` is {bank, number, name} or None.

    `size` is its size (单位规模) where it is known, `injury_step` its floating step (工伤费率浮动档次),
    None while it pays the rate of its class.
    """

    credit_code: str
    name: str
    kind: str
    district: str
    injury_class: int | None
    collector: str
    bank: dict[str, str] | None
    status: str = "active"
    size: str | None = None
    injury_step: str | None = None

    @property
    def id(self) -> int:
        """The unit's shard key."""
        return unit_key(self.credit_code)


Facts = tuple[str, int | None, str | None, str | None]


def facts_levied_by(unit: Unit) -> Facts:
    """What a schedule goes by: kind, injury class, floating step and size. Units that share it share
    their schedule."""
    return unit.kind, unit.injury_class, unit.injury_step, unit.size


def schedule_of(policy: Policy, unit: Unit, period: Period) -> Schedule:
    """The rules of a policy for a unit, as it was in a period.

    Raises:
        KindNotCovered, StepUnknown: the policy says nothing of such a unit.
    """
    return policy.schedule(
        unit.kind, unit.injury_class, period=period, step=unit.injury_step, size=unit.size
    )


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
