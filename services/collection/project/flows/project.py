"""Register construction projects, record what their contracts come to, and say what they would pay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

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
from services.collection.project.store import Paper
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import unit as unit_store
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registering:
    """A project as it is registered."""

    credit_code: str
    number: str
    name: str
    starts_on: date
    ends_on: date
    contract: Contract


@dataclass(frozen=True, slots=True)
class Standing:
    """A project and its papers."""

    project: Project
    papers: list[Paper]


@dataclass(frozen=True, slots=True)
class ProjectQuote:
    """What a policy would levy on a contract sum."""

    policy: Policy
    lines: list[ContributionLine]
    totals: Totals


async def quote(tx: AsyncConnection, region: str, day: date, contract_fen: int) -> ProjectQuote:
    """What a project that starts on a day would pay; nothing is written.

    Raises:
        NoPolicy, ProjectsNotLevied: no rule speaks of it.
    """
    period = Period.of(day)
    policy = (await policy_flow.in_force(tx, region, period.first_day)).policy
    lines = levied(policy, contract_fen, period)
    return ProjectQuote(policy, lines, totals_of(lines))


async def register(tx: AsyncConnection, asked: Registering, caller: Caller) -> Standing:
    """Register a project of a unit; the same registration again changes nothing.

    Raises:
        UnitUnknown, Forbidden: the unit. Faulty: every fault. ProjectExists: with other facts.
    """
    unit = await unit_flow.find(tx, asked.credit_code, caller)
    project = Project(
        unit_id=unit.id,
        id=uuid7(),
        number=asked.number,
        name=asked.name,
        credit_code=unit.credit_code,
        district=unit.district,
        starts_on=asked.starts_on,
        ends_on=asked.ends_on,
        contracts=(asked.contract,),
    )
    faults = list(faults_in(project, today()))
    if unit.status == "closed":
        faults.append(Fault("/credit_code", "UNIT_CLOSED", "单位已注销 (the unit is closed)"))
    if faults:
        raise Faulty(faults=faults)
    if not await project_store.insert(tx, project, caller.subject):
        known = await project_store.of_number(tx, unit.id, asked.number)
        assert known is not None
        if not known.same_as(project):
            raise ProjectExists(number=asked.number)
        return Standing(known, await project_store.papers(tx, unit.id, known.id))
    await trail.record(tx, _step(project, "register", asked.contract), caller)
    return Standing(project, [])


async def change_contract(
    tx: AsyncConnection, ref: Ref, contract_fen: int, signed_on: date, source: str, caller: Caller
) -> Standing:  # fmt: skip
    """Record what the contract comes to from a day on; the next declaration levies it.

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
    return Standing(changed, await project_store.papers(tx, project.unit_id, project.id))


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> Standing:
    """A project that the caller may see, with its papers.

    Raises:
        ProjectUnknown: there is none. Forbidden: of another district than the caller.
    """
    project = await _load(tx, ref, caller)
    return Standing(project, await project_store.papers(tx, project.unit_id, project.id))


async def _load(tx: AsyncConnection, ref: Ref, caller: Caller) -> Project:
    project = await project_store.find(tx, ref.key, ref.id)
    if project is None:
        raise ProjectUnknown(project=ref.text(Reference.PROJECT))
    caller.require_district(project.district)
    return project


async def lock(tx: AsyncConnection, ref: Ref, caller: Caller) -> Project:
    """A project that the caller may see; nobody else declares or changes one of the unit meanwhile.

    Raises:
        ProjectUnknown: there is none. Forbidden: of another district than the caller.
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
