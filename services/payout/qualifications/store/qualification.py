"""Applications for retirement in the database, under the key of their district."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.formulas.domain.retirement import RetirementCategory
from services.payout.qualifications.domain.qualification import (
    BlockReason,
    CheckOutcome,
    Qualification,
    QualificationExists,
    QualificationStatus,
    QualificationStep,
)
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

_FACTS: Final = """category, chosen, deemed_months, before_account_months, bank, bank_number,
                   bank_holder, holder_reason, document"""
_OUTCOME: Final = """checked_on, retirement, paid_months, monthly_fen, provisional, reasons, waived,
                     evidence"""
_COLUMNS: Final = f"""qualification_key, id, district, round, status, step, person_id,
                      identity_blind, sealed_number, name, {_FACTS}, {_OUTCOME}, note, filed_by,
                      initial_by, meeting_id, change_key, change_id"""


def _qualification(  # noqa: PLR0913 - one for each column with a meaning of its own
    *,
    qualification_key: int,
    id: UUID,
    status: str,
    step: str | None,
    identity_blind: bytes,
    category: str | None,
    chosen: str | None,
    checked_on: date,
    retirement: str,
    paid_months: int,
    monthly_fen: int | None,
    provisional: bool,
    reasons: Sequence[str],
    waived: Sequence[str],
    evidence: Mapping[str, Any],
    meeting_id: UUID | None,
    change_key: int | None,
    change_id: UUID | None,
    **columns: Any,
) -> Qualification:
    return Qualification(
        ref=Ref(qualification_key, id),
        status=QualificationStatus(status),
        step=None if step is None else QualificationStep(step),
        blind=bytes(identity_blind),
        category=None if category is None else RetirementCategory(category),
        chosen=None if chosen is None else Period.parse(chosen),
        outcome=CheckOutcome(
            checked_on=checked_on,
            retirement=Period.parse(retirement),
            paid_months=paid_months,
            monthly_fen=monthly_fen,
            provisional=provisional,
            reasons=tuple(map(BlockReason, reasons)),
            waived=tuple(map(BlockReason, waived)),
            evidence=evidence,
        ),
        meeting=None if meeting_id is None else Ref(qualification_key, meeting_id),
        change=None if change_key is None or change_id is None else Ref(change_key, change_id),
        **columns,
    )


def _ref(ref: Ref) -> dict[str, Any]:
    return {"qualification_key": ref.key, "id": ref.id}


def _facts(paper: Qualification) -> dict[str, Any]:
    return {
        "category": paper.category,
        "chosen": None if paper.chosen is None else str(paper.chosen),
        "deemed_months": paper.deemed_months,
        "before_account_months": paper.before_account_months,
        "bank": paper.bank,
        "bank_number": paper.bank_number,
        "bank_holder": paper.bank_holder,
        "holder_reason": paper.holder_reason,
        "document": paper.document,
    }


def _outcome(outcome: CheckOutcome) -> dict[str, Any]:
    return {
        "checked_on": outcome.checked_on,
        "retirement": str(outcome.retirement),
        "paid_months": outcome.paid_months,
        "monthly_fen": outcome.monthly_fen,
        "provisional": outcome.provisional,
        "reasons": list(outcome.reasons),
        "waived": list(outcome.waived),
        "evidence": orjson.dumps(outcome.evidence).decode(),
    }


async def insert(tx: AsyncConnection, paper: Qualification) -> None:
    """Store a filed application.

    Raises:
        QualificationExists: one of the person waits already.
    """
    try:
        await tx.execute(
            text(f"""
                INSERT INTO qualification (qualification_key, id, district, step, person_id,
                                           identity_blind, sealed_number, name, {_FACTS},
                                           {_OUTCOME}, filed_by)
                VALUES (:qualification_key, :id, :district, :step, :person_id, :blind,
                        :sealed_number, :name, :category, :chosen, :deemed_months,
                        :before_account_months, :bank, :bank_number, :bank_holder,
                        :holder_reason, :document, :checked_on, :retirement, :paid_months,
                        :monthly_fen, :provisional, CAST(:reasons AS text[]),
                        CAST(:waived AS text[]), CAST(:evidence AS jsonb), :filed_by)
            """),
            _ref(paper.ref)
            | _facts(paper)
            | _outcome(paper.outcome)
            | {
                "district": paper.district,
                "step": paper.step,
                "person_id": paper.person_id,
                "blind": paper.blind,
                "sealed_number": paper.sealed_number,
                "name": paper.name,
                "filed_by": paper.filed_by,
            },
        )
    except IntegrityError as error:
        if "qualification_once" in str(error.orig):
            raise QualificationExists from None
        raise


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> Qualification | None:
    """Read an application; `lock` it for the rest of the transaction before changing it."""
    found = await load_all(tx, ref.key, [ref.id], lock=lock)
    return found.get(ref.id)


async def load_all(
    tx: AsyncConnection, key: int, ids: Sequence[UUID], *, lock: bool = False
) -> dict[UUID, Qualification]:
    """Read applications of one district by id; `lock` them in one order."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM qualification
             WHERE qualification_key = :qualification_key AND id = ANY (CAST(:ids AS uuid[]))
             ORDER BY id
             {"FOR UPDATE" if lock else ""}
        """),
        {"qualification_key": key, "ids": list(ids)},
    )
    return {row.id: _qualification(**row._mapping) for row in rows}


async def waiting(tx: AsyncConnection, key: int, district: str, limit: int) -> list[UUID]:
    """List applications that wait and were not checked lately, those checked longest ago first."""
    rows = await tx.scalars(
        text("""
            SELECT id
              FROM qualification
             WHERE qualification_key = :qualification_key AND district = :district
               AND status IN ('open', 'returned')
             ORDER BY checked_at, id
             LIMIT :limit
        """),
        {"qualification_key": key, "district": district, "limit": limit},
    )
    return list(rows)


async def write_outcomes(tx: AsyncConnection, papers: Sequence[Qualification]) -> None:
    """Store the outcome of a check, with the round and step that it leads to."""
    await tx.execute(
        text("""
            UPDATE qualification
               SET checked_on = :checked_on, checked_at = now(),
                   retirement = :retirement, paid_months = :paid_months,
                   monthly_fen = :monthly_fen, provisional = :provisional,
                   reasons = CAST(:reasons AS text[]), waived = CAST(:waived AS text[]),
                   evidence = CAST(:evidence AS jsonb), round = :round, step = :step,
                   initial_by = :initial_by
             WHERE qualification_key = :qualification_key AND id = :id
               AND status IN ('open', 'returned')
        """),
        [
            _ref(paper.ref)
            | _outcome(paper.outcome)
            | {"round": paper.round, "step": paper.step, "initial_by": paper.initial_by}
            for paper in papers
        ],
    )


async def resubmit(tx: AsyncConnection, paper: Qualification) -> None:
    """Store the corrected facts of a returned application, open again in its next round."""
    await tx.execute(
        text("""
            UPDATE qualification
               SET category = :category, chosen = :chosen, deemed_months = :deemed_months,
                   before_account_months = :before_account_months, bank = :bank,
                   bank_number = :bank_number, bank_holder = :bank_holder,
                   holder_reason = :holder_reason, document = :document, name = :name,
                   status = 'open', note = NULL
             WHERE qualification_key = :qualification_key AND id = :id AND status = 'returned'
        """),
        _ref(paper.ref) | _facts(paper) | {"name": paper.name},
    )
    await write_outcomes(tx, [paper])


async def write_steps(tx: AsyncConnection, papers: Sequence[Qualification]) -> None:
    """Store the status and the step that waits, after a decision on each application."""
    await tx.execute(
        text("""
            UPDATE qualification
               SET status = :status, step = :step, note = :note, initial_by = :initial_by,
                   meeting_id = :meeting_id, change_key = :change_key, change_id = :change_id,
                   decided_at = CASE WHEN CAST(:step AS text) IS NULL THEN now() END
             WHERE qualification_key = :qualification_key AND id = :id AND status = 'open'
        """),
        [
            _ref(paper.ref)
            | {
                "status": paper.status,
                "step": paper.step,
                "note": paper.note,
                "initial_by": paper.initial_by,
                "meeting_id": None if paper.meeting is None else paper.meeting.id,
                "change_key": None if paper.change is None else paper.change.key,
                "change_id": None if paper.change is None else paper.change.id,
            }
            for paper in papers
        ],
    )


async def decided_on(tx: AsyncConnection, ref: Ref) -> date | None:
    """Read the day of the decision; None while there is none."""
    row = (
        await tx.execute(
            text("""
                SELECT CAST(decided_at AT TIME ZONE 'Asia/Shanghai' AS date) AS day
                  FROM qualification
                 WHERE qualification_key = :qualification_key AND id = :id
            """),
            _ref(ref),
        )
    ).first()
    return None if row is None else row.day


async def page(
    tx: AsyncConnection,
    *,
    filters: dict[str, str | None],
    reason: str | None,
    after: UUID | None,
    limit: int,
) -> list[Qualification]:
    """Read applications by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM qualification",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_qualification,
        equal=filters,
        where={}
        if reason is None
        else {"(:reason = ANY (reasons) AND status IN ('open', 'returned'))": {"reason": reason}},
    )


async def of_meeting(tx: AsyncConnection, meeting: Ref, limit: int) -> list[Qualification]:
    """Read the applications that a meeting approved."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM qualification
             WHERE qualification_key = :qualification_key AND meeting_id = :meeting_id
             ORDER BY id
             LIMIT :limit
        """),
        {"qualification_key": meeting.key, "meeting_id": meeting.id, "limit": limit},
    )
    return [_qualification(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class BlockedCount:
    """People of a district who are kept from retiring by a reason."""

    district: str
    reason: BlockReason
    people: int
    oldest_check: date


async def blocked(tx: AsyncConnection, district: str | None) -> list[BlockedCount]:
    """Count applications that wait by the reasons that block them."""
    rows = await tx.execute(
        text("""
            SELECT district, reason, count(*) AS people, min(checked_on) AS oldest_check
              FROM qualification
             CROSS JOIN LATERAL unnest(reasons) AS reason
             WHERE status IN ('open', 'returned')
               AND (CAST(:district AS text) IS NULL OR district = :district)
             GROUP BY district, reason
             ORDER BY district, reason
        """),
        {"district": district},
    )
    return [
        BlockedCount(row.district, BlockReason(row.reason), row.people, row.oldest_check)
        for row in rows
    ]
