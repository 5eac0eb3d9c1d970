"""Declare a construction project once on its contract sum, and restate it when the sum has changed.

A project's paper walks the same two levels as any other declaration and is billed like one; only what
it levies is different: tiers of the policy on the contract sum, nobody by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.declaration import State
from services.collection.filing.domain.restatement import net_by_party, own_lines, restated
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows.declaration import Found
from services.collection.filing.store import declaration as declaration_store
from services.collection.filing.store.declaration import DeclarationRow, LineRow
from services.collection.levy.domain.levy import ContributionLine
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from services.collection.project import store as project_store
from services.collection.project.domain import KIND, Project, ProjectDeclared, levied
from services.collection.project.flows import project as project_flow
from services.collection.project.store import Paper
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import unit as unit_flow
from shared import trail
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


async def declare(tx: AsyncConnection, ref: Ref, region: str, caller: Caller) -> Found:
    """Hand in a project's declaration: the first one, a returned one again, or one that restates
    the project on its changed contract sum.

    Raises:
        ProjectUnknown, Forbidden: the project. NoPolicy, ProjectsNotLevied: no rule levies it.
        ProjectDeclared: its sum is declared, or a paper of it is still under way.
    """
    project = await project_flow.lock(tx, ref, caller)
    unit = await unit_flow.find(tx, project.credit_code, caller)
    papers = await project_store.papers(tx, project.unit_id, project.id)
    place = _place(project, papers)
    found = await policy_flow.in_force(tx, region, project.period.first_day)
    own = _rows(levied(found.policy, project.contract.contract_fen, project.period))
    lines = own if place.before is None else restated(own, await _own_of(tx, unit, place.before))
    row = await _stored(tx, _header(project, unit, found.id, place, lines), place)
    paper = (row.id, row.round, place.number, project.contract.version)
    await project_store.add_paper(tx, project.unit_id, project.id, paper)
    await declaration_store.insert_lines(tx, row, lines)
    detail: dict[str, object] = {
        "project": project.number,
        "contract": format_yuan(project.contract.contract_fen),
    }
    step = filing_declaration_flow.step_of(row, "submit", signs=False, detail=detail)
    await trail.record(tx, step, caller)
    return Found(row, lines, found.policy)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a paper stands among those of its project: its number, the returned one that it is the
    next round of, the one that it restates."""

    number: int
    returned: Paper | None
    before: Paper | None


def _place(project: Project, papers: Sequence[Paper]) -> _Place:
    standing = [paper for paper in papers if paper.status != State.WITHDRAWN]
    if not standing:
        return _Place(len(papers) + 1, None, None)
    last = standing[-1]
    if last.status == State.RETURNED:
        return _Place(last.number, last, standing[-2] if len(standing) > 1 else None)
    before_fen = project.version(last.contract_version).contract_fen
    is_billed = last.status in {State.BILLED, State.SETTLED}
    if not is_billed or before_fen == project.contract.contract_fen:
        raise ProjectDeclared(
            declaration=Ref(project.unit_id, last.declaration_id).text(Reference.DECLARATION),
            status=last.status,
        )
    return _Place(len(papers) + 1, None, last)


async def _own_of(tx: AsyncConnection, unit: Unit, paper: Paper) -> list[LineRow]:
    """What a paper that is restated levies by itself."""
    return own_lines(await declaration_store.lines(tx, unit.id, paper.declaration_id, paper.round))


def _header(
    project: Project, unit: Unit, policy_id: UUID, place: _Place, lines: Sequence[LineRow]
) -> DeclarationRow:
    net = net_by_party(lines)
    return DeclarationRow(
        unit_id=unit.id,
        id=uuid7(),
        credit_code=unit.credit_code,
        district=unit.district,
        period=str(project.period),
        round=1,
        status=State.SUBMITTED.value,
        policy_id=policy_id,
        unit_kind=unit.kind,
        injury_class=unit.injury_class,
        unit_wage_total_fen=None,
        people=0,
        wages_fen=0,
        unit_fen=net["unit"],
        personal_fen=net["personal"],
        total_fen=sum(net.values()),
        kind=KIND,
        corrects=None if place.before is None else place.before.declaration_id,
    )


async def _stored(tx: AsyncConnection, row: DeclarationRow, place: _Place) -> DeclarationRow:
    """The header, stored as a new paper or as the next round of a returned one."""
    if place.returned is None:
        stored = await declaration_store.insert(tx, row)
    else:
        row = replace(row, id=place.returned.declaration_id, round=place.returned.round + 1)
        stored = await declaration_store.hand_in_again(tx, row)
    if not stored:
        raise ProjectDeclared(period=row.period)
    return row


def _rows(lines: Sequence[ContributionLine]) -> list[LineRow]:
    return [
        LineRow(
            line_no=number,
            level="unit",
            insurance=line.insurance,
            party=line.party.value,
            account=line.rate.account.value,
            fund=line.fund,
            rule=line.rate.id,
            base_fen=line.base_fen,
            amount_fen=line.amount_fen,
        )
        for number, line in enumerate(lines, 1)
    ]


async def again(
    tx: AsyncConnection, row: DeclarationRow, policy: Policy, stored: Sequence[LineRow]
) -> list[ContributionLine]:
    """The lines of a project's stored paper, computed again from the contract that it was levied on."""
    contract_fen = await project_store.contract_of(tx, row.unit_id, row.id, row.round)
    assert contract_fen is not None, "a project's paper knows its contract"
    lines = levied(policy, contract_fen, Period.parse(row.period))
    amounts = {line.rule: line.amount_fen for line in own_lines(stored)}
    for line in lines:
        assert line.amount_fen == amounts[line.rate.id], "what is explained is what was stored"
    return lines
