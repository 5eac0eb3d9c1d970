"""Register construction projects, record changed contract sums, and quote contributions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import DayInFuture
from services.collection.levy.domain.levy import ContributionLine
from services.collection.levy.domain.totals import Totals, totals_of
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from services.collection.project import store as project_store
from services.collection.project.domain import (
    Contract,
    ContractUnchanged,
    Project,
    ProjectExists,
    ProjectUnknown,
    faults_in,
    levied,
)
from services.collection.project.store import ProjectPaper
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import unit as unit_store
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.page import UnitFilter
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRegistration:
    """A project to be registered."""

    credit_code: str
    number: str
    name: str
    starts_on: date
    ends_on: date
    contract: Contract


@dataclass(frozen=True, slots=True)
class ProjectDetails:
    """A project and its declarations."""

    project: Project
    papers: list[ProjectPaper]


@dataclass(frozen=True, slots=True)
class ProjectQuote:
    """The levy of a policy on a contract sum."""

    policy: Policy
    lines: list[ContributionLine]
    totals: Totals


async def quote(tx: AsyncConnection, region: str, day: date, contract_fen: int) -> ProjectQuote:
    """Quote the contributions of a project that starts on a day; nothing is stored.

    Raises:
        NoPolicy, ProjectsNotLevied: no rule levies it.
    """
    period = Period.of(day)
    policy = (await policy_flow.in_force(tx, region, period.first_day)).policy
    lines = levied(policy, contract_fen, period)
    return ProjectQuote(policy, lines, totals_of(lines))


async def register(
    tx: AsyncConnection, registration: ProjectRegistration, caller: Caller
) -> ProjectDetails:
    """Register a project of a unit. Repeating the same registration changes nothing.

    Raises:
        UnitUnknown, Forbidden: the unit. Faulty: every fault.
        ProjectExists: the number is registered with other facts.
    """
    unit = await unit_flow.find(tx, registration.credit_code, caller)
    project = Project(
        unit_id=unit.id,
        id=uuid7(),
        number=registration.number,
        name=registration.name,
        credit_code=unit.credit_code,
        district=unit.district,
        starts_on=registration.starts_on,
        ends_on=registration.ends_on,
        contracts=(registration.contract,),
    )
    faults = list(faults_in(project, today()))
    if unit.status == "closed":
        faults.append(Fault("/credit_code", "UNIT_CLOSED", "单位已注销 (the unit is closed)"))
    if faults:
        raise Faulty(faults=faults)
    if not await project_store.insert(tx, project, caller.subject):
        known = await project_store.of_number(tx, unit.id, registration.number)
        assert known is not None
        if not known.same_as(project):
            raise ProjectExists(number=registration.number)
        return ProjectDetails(known, await project_store.papers(tx, unit.id, known.id))
    await trail.record(tx, _step(project, "register", registration.contract), caller)
    return ProjectDetails(project, [])


async def change_contract(
    tx: AsyncConnection, ref: Ref, contract_fen: int, signed_on: date, source: str, caller: Caller
) -> ProjectDetails:
    """Record a changed contract sum; the next declaration levies it.

    Raises:
        ProjectUnknown, Forbidden: the project. DayInFuture, ContractUnchanged: the change.
    """
    if signed_on > today():
        raise DayInFuture(signed_on=signed_on)
    project = await lock(tx, ref, caller)
    if project.contract.contract_fen == contract_fen:
        raise ContractUnchanged(contract=format_yuan(contract_fen))
    contract = Contract(
        version=project.contract.version + 1,
        contract_fen=contract_fen,
        signed_on=signed_on,
        source_paper=source,
    )
    await project_store.add_contract(tx, project.unit_id, project.id, contract, caller.subject)
    await trail.record(tx, _step(project, "change_contract", contract), caller)
    changed = replace(project, contracts=(*project.contracts, contract))
    return ProjectDetails(changed, await project_store.papers(tx, project.unit_id, project.id))


async def page(
    tx: AsyncConnection,
    *,
    unit_id: UnitFilter,
    district: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[Project]:
    """List projects of a unit, of a district or of all, in the order of their keys."""
    return await project_store.page(
        tx, unit_id=unit_id, district=district, after=after, limit=limit
    )


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> ProjectDetails:
    """Find a project that the caller may see, with its declarations.

    Raises:
        ProjectUnknown: no such project. Forbidden: it belongs to another district.
    """
    project = await _load(tx, ref, caller)
    return ProjectDetails(project, await project_store.papers(tx, project.unit_id, project.id))


async def _load(tx: AsyncConnection, ref: Ref, caller: Caller) -> Project:
    project = await project_store.find(tx, ref.key, ref.id)
    if project is None:
        raise ProjectUnknown(project=ref.text(Reference.PROJECT))
    caller.require_district(project.district)
    return project


async def lock(tx: AsyncConnection, ref: Ref, caller: Caller) -> Project:
    """Find a project and lock its unit, so that its declarations and changes run one by one.

    Raises:
        ProjectUnknown: no such project. Forbidden: it belongs to another district.
    """
    await unit_store.lock(tx, ref.key)
    return await _load(tx, ref, caller)


def _step(project: Project, step: str, contract: Contract) -> trail.Step:
    return trail.Step(
        shard_key=project.unit_id,
        paper=PAPER,
        paper_id=project.id,
        step=step,
        signs=False,
        detail={
            "number": project.number,
            "contract": format_yuan(contract.contract_fen),
            "source": contract.source_paper,
        },
    )
