"""Correct a billed month (更正申报): the whole list once more; only the difference is billed.

No declaration is ever edited. A correction is a declaration of its own, levied by the policy of its
month, that takes back what the month's last declaration levied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import NotACorrection, NotARestatedKind
from services.collection.filing.domain.declaration import Act, State, move
from services.collection.filing.domain.one_unit import DeclaredPerson, UnitDeclaration
from services.collection.filing.domain.records import DeclarationRow, LeviedDeclaration
from services.collection.filing.domain.restatement import ADJUSTMENT, REASONS, correction_plan
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows.declaration import CorrectionTerms
from services.collection.filing.flows.trail_step import step_of
from services.collection.filing.store import declaration as declaration_store
from services.collection.filing.store import late as late_store
from shared import trail
from shared.errors import Fault, Faulty, StateConflict
from shared.ids import Ref
from shared.period import Period
from shared.roles import Caller

PROJECT: Final = "project"
EXTENSION: Final = "extension"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedMonth:
    """A month as it should have been declared, with the sender's own count and sum."""

    reason_code: str | None
    note: str
    unit_wage_total_fen: int | None
    control_people: int
    control_wages_fen: int
    people: Sequence[DeclaredPerson]
    unit_figures: dict[str, int]


async def submit(
    tx: AsyncConnection,
    ref: Ref,
    month: CorrectedMonth,
    *,
    region: str,
    pepper: bytes,
    caller: Caller,
) -> LeviedDeclaration:
    """Hand in the correction of a declaration's month, or the next round of a returned correction.

    Raises:
        NotFound, Forbidden: no such declaration, or of another district. NotARestatedKind.
        NotBilledYet, CorrectionUnfinished: the month's last declaration has to be billed first.
        Faulty, NoPolicy, KindNotCovered: as for any declaration.
    """
    if month.reason_code is not None and month.reason_code not in REASONS:
        text = f"未知更正原因 (one of {', '.join(REASONS)})"
        raise Faulty(faults=[Fault("/reason_code", "CORRECTION_REASON_UNKNOWN", text)])
    row = await filing_declaration_flow.find(tx, ref, caller)
    if row.kind in {PROJECT, EXTENSION}:
        raise NotARestatedKind(kind=row.kind)
    existing = await late_store.existing(tx, [row.unit_id], row.period)
    return await filing_declaration_flow.submit(
        tx,
        _declaration(row, month),
        region=region,
        pepper=pepper,
        caller=caller,
        correction=CorrectionTerms(
            plan=correction_plan(existing[row.unit_id]),
            reason_code=month.reason_code,
            note=month.note,
        ),
    )


def _declaration(row: DeclarationRow, month: CorrectedMonth) -> UnitDeclaration:
    return UnitDeclaration(
        credit_code=row.credit_code,
        period=Period.parse(row.period),
        unit_wage_total_fen=month.unit_wage_total_fen,
        control_people=month.control_people,
        control_wages_fen=month.control_wages_fen,
        people=month.people,
        unit_figures=month.unit_figures,
    )


async def withdraw(
    tx: AsyncConnection, ref: Ref, note: str | None, caller: Caller
) -> LeviedDeclaration:
    """Withdraw a correction, or bought months, that the district has not accepted or has returned.

    Raises:
        NotFound, Forbidden: no such declaration, or of another district.
        NotACorrection: it corrects nothing. StateConflict: it is accepted already.
    """
    row = await filing_declaration_flow.find(tx, ref, caller)
    if row.kind not in {ADJUSTMENT, EXTENSION}:
        raise NotACorrection(kind=row.kind)
    step = move(State(row.status), Act.WITHDRAW)
    moved = await declaration_store.set_status(
        tx, row.unit_id, row.id, was=row.status, to=step.to.value
    )
    if moved is None:
        raise StateConflict(act=Act.WITHDRAW.value)
    recorded = step_of(moved, Act.WITHDRAW.value, signs=step.signs, why=note)
    await trail.record(tx, recorded, caller)
    return await filing_declaration_flow.with_lines(tx, moved)
