"""Units (用人单位) and the checks of their registration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.collection.common.domain.errors import KindNotCovered
from services.collection.policy.domain.policy import Policy, Schedule
from shared.cn import credit_code
from shared.errors import Fault
from shared.ids import unit_key
from shared.period import Period

UNIT_FACTS: Final = ("name", "kind", "district", "injury_class", "collector", "bank", "size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A registered unit. `bank` is {bank, number, name} or None.

    `size` is the unit's size (单位规模) if known. `injury_step` is its floating step
    (工伤费率浮动档次); None while it pays the base rate of its class.
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
    id: int = field(init=False)
    """The unit's shard key."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", unit_key(self.credit_code))


Facts = tuple[str, int | None, str | None, str | None]


def facts_levied_by(unit: Unit) -> Facts:
    """Return the facts that determine a unit's schedule; units with the same facts share it."""
    return unit.kind, unit.injury_class, unit.injury_step, unit.size


def schedule_of(policy: Policy, unit: Unit, period: Period) -> Schedule:
    """Return a policy's rules for a unit in a period.

    Raises:
        KindNotCovered, StepUnknown: the policy has no rules for such a unit.
    """
    return policy.schedule(
        unit.kind, unit.injury_class, period=period, step=unit.injury_step, size=unit.size
    )


def faults_in(units: Sequence[Unit], districts: frozenset[str], pointer: str) -> list[Fault]:
    """Check units to be registered; `pointer` has a `{}` for the unit's position."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for number, unit in enumerate(units):
        at = pointer.format(number)
        faults += _faults_in_one(unit, districts, at)
        if unit.credit_code in seen:
            faults.append(
                Fault(
                    f"{at}/credit_code",
                    "UNIT_REPEATED",
                    "同一批内重复 (the unit is repeated in the batch)",
                )
            )
        seen.add(unit.credit_code)
    return faults


def _faults_in_one(unit: Unit, districts: frozenset[str], at: str) -> Iterator[Fault]:
    if not credit_code.is_valid(unit.credit_code):
        yield Fault(
            f"{at}/credit_code",
            "CREDIT_CODE_CHECK_DIGIT",
            "统一社会信用代码校验位错误 (the check character is wrong)",
        )
    if unit.district not in districts:
        yield Fault(f"{at}/district", "DISTRICT_UNKNOWN", "未知分中心 (unknown district)")
    if unit.collector == "bank_debit" and unit.bank is None:
        yield Fault(
            f"{at}/bank_account",
            "BANK_ACCOUNT_MISSING",
            "托收单位须登记银行账户 (a unit paid by debit needs a bank account)",
        )


def coverage_faults(units: Sequence[Unit], policies: Sequence[Policy], pointer: str) -> list[Fault]:
    """Name the units that no policy could ever levy: they could never be declared."""
    faults = []
    for number, unit in enumerate(units):
        if any(policy.covers_class(unit.kind, unit.injury_class) for policy in policies):
            continue
        fact = "injury_class" if any(one.covers(unit.kind) for one in policies) else "kind"
        faults.append(
            Fault(f"{pointer.format(number)}/{fact}", KindNotCovered.code, KindNotCovered().message)
        )
    return faults if policies else []


def differing(known: Unit, other: Unit) -> list[str]:
    """Name the facts in which two registrations of one unit differ."""
    return [name for name in UNIT_FACTS if getattr(known, name) != getattr(other, name)]
