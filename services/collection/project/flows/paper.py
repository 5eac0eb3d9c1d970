"""Declare a construction project once on its contract sum, and restate it when the sum has changed.

A project's declaration is handled and billed like any other. Only its levy differs: the policy's
tiers apply to the contract sum, and people are not declared by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.declaration import State
from services.collection.filing.domain.records import DeclarationRow, LeviedDeclaration, LineRow
from services.collection.filing.domain.restatement import net_by_party, own_lines, restated
from services.collection.filing.flows import trail_step as trail_step_flow
from services.collection.filing.store import declaration as declaration_store
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.filing.store.hand_in import FiledMeanwhile
from services.collection.levy.domain.levy import ContributionLine
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from services.collection.project import store as project_store
from services.collection.project.domain import KIND, Project, ProjectDeclared, levied
from services.collection.project.flows import project as project_flow
from services.collection.project.store import ProjectPaper
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import unit as unit_flow
from shared import trail
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


async def declare(tx: AsyncConnection, ref: Ref, region: str, caller: Caller) -> LeviedDeclaration:
    """Submit a project's declaration.

    It is the first one, the next round of a returned one, or one that restates the project on its
    changed contract sum.

    Raises:
        ProjectUnknown, Forbidden: the project. NoPolicy, ProjectsNotLevied: no rule levies it.
        ProjectDeclared: the sum is declared already, or a declaration is in progress.
    """
    project = await project_flow.lock(tx, ref, caller)
    unit = await unit_flow.find(tx, project.credit_code, caller)
    papers = await project_store.papers(tx, project.unit_id, project.id)
    position = _position_of(project, papers)
    found = await policy_flow.in_force(tx, region, project.period.first_day)
    own = _rows(levied(found.policy, project.contract.contract_fen, project.period))
    lines = (
        own if position.before is None else restated(own, await _own_of(tx, unit, position.before))
    )
    row = await _store(tx, _header(project, unit, found.id, position, lines), position)
    paper = (row.id, row.round, position.number, project.contract.version)
    await project_store.add_paper(tx, project.unit_id, project.id, paper)
    await hand_in_store.insert_lines(tx, [(row, line) for line in lines])
    detail: dict[str, object] = {
        "project": project.number,
        "contract": format_yuan(project.contract.contract_fen),
    }
    step = trail_step_flow.step_of(row, "submit", signs=False, detail=detail)
    await trail.record(tx, step, caller)
    return LeviedDeclaration(row, lines, found.policy)


@dataclass(frozen=True, slots=True)
class _PaperPosition:
    """A declaration's number in its project, the returned one that it resubmits, the one it restates."""

    number: int
    returned: ProjectPaper | None
    before: ProjectPaper | None


def _position_of(project: Project, papers: Sequence[ProjectPaper]) -> _PaperPosition:
    active = [paper for paper in papers if paper.status != State.WITHDRAWN]
    if not active:
        return _PaperPosition(len(papers) + 1, None, None)
    last = active[-1]
    if last.status == State.RETURNED:
        return _PaperPosition(last.number, last, active[-2] if len(active) > 1 else None)
    before_fen = project.version(last.contract_version).contract_fen
    is_billed = last.status in {State.BILLED, State.SETTLED}
    if not is_billed or before_fen == project.contract.contract_fen:
        raise ProjectDeclared(
            declaration=Ref(project.unit_id, last.declaration_id).text(Reference.DECLARATION),
            status=last.status,
        )
    return _PaperPosition(len(papers) + 1, None, last)


async def _own_of(tx: AsyncConnection, unit: Unit, paper: ProjectPaper) -> list[LineRow]:
    """Read the lines that a restated declaration levies by itself."""
    return own_lines(await declaration_store.lines(tx, unit.id, paper.declaration_id, paper.round))


def _header(
    project: Project,
    unit: Unit,
    policy_id: UUID,
    position: _PaperPosition,
    lines: Sequence[LineRow],
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
        corrects=None if position.before is None else position.before.declaration_id,
    )


async def _store(
    tx: AsyncConnection, row: DeclarationRow, position: _PaperPosition
) -> DeclarationRow:
    """Store the header of a new declaration, or of the next round of a returned one."""
    try:
        if position.returned is None:
            await hand_in_store.insert_headers(tx, [row])
            return row
        row = replace(row, id=position.returned.declaration_id, round=position.returned.round + 1)
        await hand_in_store.update_headers(tx, [row])
    except FiledMeanwhile:
        raise ProjectDeclared(period=row.period) from None
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


async def recompute(
    tx: AsyncConnection, row: DeclarationRow, policy: Policy, stored: Sequence[LineRow]
) -> list[ContributionLine]:
    """Recompute the lines of a stored declaration from the contract on which it was levied."""
    contract_fen = await project_store.contract_of(tx, row.unit_id, row.id, row.round)
    assert contract_fen is not None, "a project's declaration has a contract"
    lines = levied(policy, contract_fen, Period.parse(row.period))
    amounts = {line.rule: line.amount_fen for line in own_lines(stored)}
    for line in lines:
        assert line.amount_fen == amounts[line.rate.id], "the recomputed amount is the stored one"
    return lines
