"""Construction projects (建设项目参加工伤保险), declared once on the contract sum.

People are not declared by name: everybody who works on the site is covered while the project lasts.
When the contract sum changes, the next declaration levies the new sum and takes back the previous
levy, so that only the difference is billed.
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
"""Kind of a project's declarations."""
RULE: Final = "construction."
"""Start of the rule ids of a project's lines."""
DAYS_MAX: Final = 366 * 30


class ProjectUnknown(NotFound):
    """无此建设项目 (no such project)"""

    code = "PROJECT_UNKNOWN"


class ProjectExists(Refusal):
    """该项目编号已登记,内容不同 (the project number is registered with other facts)"""

    kind = Kind.CONFLICT
    code = "PROJECT_EXISTS"


class ProjectsNotLevied(Refusal):
    """现行政策未规定建设项目缴费 (the policy in force has no rules for projects)"""

    kind = Kind.INVALID
    code = "PROJECTS_NOT_LEVIED"


class ProjectDeclared(StateConflict):
    """该项目已按现合同造价申报,或申报尚在办理 (the contract sum is declared, or a declaration is in progress)"""

    code = "PROJECT_DECLARED"


class ContractUnchanged(StateConflict):
    """合同造价未变 (the contract sum has not changed)"""

    code = "CONTRACT_UNCHANGED"


class ProjectNotPaid(StateConflict):
    """该项目工伤保险费未缴清,不予出具证明 (the project's contributions are not paid in full)"""

    code = "PROJECT_NOT_PAID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A version of a project's contract sum; version 1 is the contract as signed."""

    version: int
    contract_fen: int
    signed_on: date
    source_paper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A construction project of a unit; its contracts are in the order of their versions."""

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
        """Return the current version of the contract."""
        return self.contracts[-1]

    @property
    def period(self) -> Period:
        """Return the month for which the project is declared: that in which work begins."""
        return Period.of(self.starts_on)

    def version(self, number: int) -> Contract:
        """Return a version of the contract by its number."""
        return self.contracts[number - 1]

    def same_as(self, other: Project) -> bool:
        """Tell whether another registration has the same facts."""
        return self._registered == other._registered

    @property
    def _registered(self) -> tuple[str, date, date, Contract]:
        return self.name, self.starts_on, self.ends_on, self.contracts[0]


def faults_in(project: Project, today: date) -> Iterator[Fault]:
    """Check a project to be registered."""
    if project.ends_on < project.starts_on:
        yield Fault(
            "/ends_on", "ENDS_BEFORE_START", "完工日早于开工日 (the project ends before it starts)"
        )
    elif (project.ends_on - project.starts_on).days > DAYS_MAX:
        yield Fault(
            "/ends_on", "TOO_LONG", "工期超过三十年 (the project lasts more than thirty years)"
        )
    if project.contract.signed_on > today:
        yield Fault("/signed_on", "DAY_IN_FUTURE", "日期不得晚于今日 (the day is in the future)")


def levied(policy: Policy, contract_fen: int, period: Period) -> list[ContributionLine]:
    """Compute the lines that a policy levies on a contract sum, one for each tier.

    Raises:
        ProjectsNotLevied: the policy has no rules for projects.
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


def certificate_number(credit_code: str, year: int, issued: int) -> str:
    """Number the next certificate of a unit and year, given how many were issued."""
    return f"{certificate_prefix(credit_code, year)}{issued + 1:04d}"


def certificate_prefix(credit_code: str, year: int) -> str:
    """Return the start of the certificate numbers of a unit and year."""
    return f"GC-{credit_code}-{year}-"


def unpaid(bills: Iterable[tuple[str, int]]) -> Iterator[Fault]:
    """Yield a fault for each bill (reference, open fen) that is not settled."""
    for ref, open_fen in bills:
        if open_fen:
            yield Fault(f"/bills/{ref}", "BILL_OPEN", "通知单未缴清 (the bill is not paid in full)")
