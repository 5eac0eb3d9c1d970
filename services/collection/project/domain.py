"""Construction projects (建设项目参加工伤保险): declared once, on the contract sum. Pure.

Nobody is declared by name: whoever works on the site is covered while the project lasts. When the
contract sum changes, the next paper levies the new sum and takes back what the one before levied, so
that only the difference is billed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.collection.levy.domain.levy import ContributionLine
from services.collection.policy.domain.construction import project_lines
from services.collection.policy.domain.policy import Policy
from services.collection.policy.domain.rate import BaseKind, Rate
from shared.errors import Fault, Kind, NotFound, Refusal, StateConflict
from shared.fund import AccountKind, Party
from shared.period import Period

KIND: Final = "project"
"""Kind of a project's papers."""
RULE: Final = "construction."
"""Head of the rule ids of its lines."""
DAYS_MAX: Final = 366 * 30


class ProjectUnknown(NotFound):
    """无此建设项目 (no such project)"""

    code = "PROJECT_UNKNOWN"


class ProjectExists(Refusal):
    """该项目编号已登记,内容不同 (the number is registered with other facts)"""

    kind = Kind.CONFLICT
    code = "PROJECT_EXISTS"


class ProjectsNotLevied(Refusal):
    """现行政策未规定建设项目缴费 (the policy in force levies nothing on projects)"""

    kind = Kind.INVALID
    code = "PROJECTS_NOT_LEVIED"


class ProjectDeclared(StateConflict):
    """该项目已按现合同造价申报,或申报尚在办理 (declared on this contract sum, or still under way)"""

    code = "PROJECT_DECLARED"


class ContractUnchanged(StateConflict):
    """合同造价未变 (the contract sum is the same)"""

    code = "CONTRACT_UNCHANGED"


class ProjectNotPaid(StateConflict):
    """该项目工伤保险费未缴清,不予出具证明 (the project's contribution is not paid in full)"""

    code = "PROJECT_NOT_PAID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a project's contract comes to, from a day on; version 1 is the contract as signed."""

    version: int
    contract_fen: int
    signed_on: date
    source_paper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project of a unit, the builder; its contracts in the order of their versions."""

    unit_id: int
    id: UUID
    number: str
    name: str
    credit_code: str
    district: str
    starts_on: date
    ends_on: date
    contracts: tuple[Contract, ...]

    @property
    def contract(self) -> Contract:
        """What holds now."""
        return self.contracts[-1]

    @property
    def period(self) -> Period:
        """It is declared for the month in which work begins."""
        return Period.of(self.starts_on)

    def version(self, number: int) -> Contract:
        """A contract of its history."""
        return self.contracts[number - 1]

    def same_as(self, other: Project) -> bool:
        """Whether another registration says the same."""
        return (self.name, self.starts_on, self.ends_on, self.contracts[0]) == (
            other.name, other.starts_on, other.ends_on, other.contracts[0],
        )  # fmt: skip


def faults_in(project: Project, today: date) -> Iterator[Fault]:
    """What is wrong with a project that is to be registered."""
    if project.ends_on < project.starts_on:
        yield Fault("/ends_on", "ENDS_BEFORE_START", "完工日早于开工日 (it ends before it starts)")
    elif (project.ends_on - project.starts_on).days > DAYS_MAX:
        yield Fault("/ends_on", "TOO_LONG", "工期超过三十年 (more than thirty years)")
    if project.contract.signed_on > today:
        yield Fault("/signed_on", "DAY_IN_FUTURE", "日期不得晚于今日 (in the future)")


def levied(policy: Policy, contract_fen: int, period: Period) -> list[ContributionLine]:
    """What a policy levies on a contract sum, tier by tier, each explained like any other line.

    Raises:
        ProjectsNotLevied: it says nothing of projects.
    """
    rules = policy.construction
    if rules is None:
        raise ProjectsNotLevied(pack=policy.pack)
    fund = policy.fund_of(rules.insurance, period.first_day)
    return [
        ContributionLine(
            ref=None,
            insurance=rules.insurance,
            fund=fund,
            rate=Rate(
                id=f"{RULE}{line.tier.id}",
                insurance=rules.insurance,
                party=Party.UNIT,
                unit_kinds=("*",),
                injury_class=None,
                rate_ppm=line.tier.rate_ppm,
                base=BaseKind.UNIT_TOTAL,
                account=AccountKind.POOLED,
                source=line.tier.source,
            ),
            asked_fen=contract_fen,
            floor_fen=line.tier.from_fen,
            ceiling_fen=line.tier.below_fen,
            limit=None,
            base_fen=line.base_fen,
            rounding=policy.rounding,
            amount_fen=line.amount_fen,
        )
        for line in project_lines(rules, contract_fen, policy.rounding)
    ]


def certificate_number(credit_code: str, year: int, before: int) -> str:
    """The number of the certificate that comes after so many of a unit and year."""
    return f"GC-{credit_code}-{year}-{before + 1:04d}"


def unpaid(bills: Iterable[tuple[str, int]]) -> Iterator[Fault]:
    """A fault for each bill (reference, open fen) that is not settled."""
    for ref, open_fen in bills:
        if open_fen:
            yield Fault(f"/bills/{ref}", "BILL_OPEN", "通知单未缴清 (the bill is open)")
