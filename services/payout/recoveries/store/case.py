"""Recovery cases and their lines in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.domain.case import CaseCause, CaseLine, CaseStatus, RecoveryCase
from services.payout.recoveries.domain.overpaid import LowerLine
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

_COLUMNS: Final = """owner.case_key, owner.id, owner.cause, owner.kind, owner.district, owner.fund,
       owner.identity_blind, owner.sealed_number, owner.name, owner.reason, owner.document,
       owner.status, owner.opened_by, owner.opened_on, owner.decided_by, owner.survivor_id, owner.inspection"""
_CASE: Final = f"""
SELECT {_COLUMNS}, sums.amount_fen, sums.recovered_fen, sums.written_off_fen
  FROM recovery_case AS owner
 CROSS JOIN LATERAL (
       SELECT CAST(coalesce(sum(amount_fen), 0) AS bigint) AS amount_fen,
              CAST(coalesce(sum(recovered_fen), 0) AS bigint) AS recovered_fen,
              CAST(coalesce(sum(written_off_fen), 0) AS bigint) AS written_off_fen
         FROM recovery_line AS line
        WHERE line.case_key = owner.case_key AND line.case_id = owner.id) AS sums
"""


def _case(
    *,
    case_key: int,
    id: UUID,
    cause: str,
    status: str,
    identity_blind: bytes | None,
    sealed_number: bytes | None,
    name: bytes,
    **columns: Any,
) -> RecoveryCase:
    return RecoveryCase(
        ref=Ref(case_key, id),
        cause=CaseCause(cause),
        status=CaseStatus(status),
        blind=None if identity_blind is None else bytes(identity_blind),
        sealed_number=None if sealed_number is None else bytes(sealed_number),
        name=bytes(name),
        **columns,
    )


def line_of(row: Row[Any]) -> CaseLine:
    """Build a line from its columns."""
    return CaseLine(
        line_no=row.line_no,
        period=Period.parse(row.period),
        claim=Ref(row.claim_key, row.claim_id),
        claim_line_no=row.claim_line_no,
        district=row.district,
        account=row.account,
        paid_year=row.paid_year,
        amount_fen=row.amount_fen,
        recovered_fen=row.recovered_fen,
        written_off_fen=row.written_off_fen,
    )


async def insert(
    tx: AsyncConnection, cases: Sequence[RecoveryCase], lines: Sequence[tuple[Ref, CaseLine]]
) -> None:
    """Store proposed cases and their lines, each in one statement."""
    await tx.execute(
        text("""
            INSERT INTO recovery_case (case_key, id, cause, kind, district, fund, identity_blind,
                                       sealed_number, name, reason, document, notice_no, opened_by,
                                       opened_on, inspection)
            VALUES (:case_key, :id, :cause, :kind, :district, :fund, :blind, :sealed_number, :name,
                    :reason, :document, :notice_no, :opened_by, :opened_on, :inspection)
        """),
        [
            {
                "case_key": case.ref.key,
                "id": case.ref.id,
                "cause": case.cause.value,
                "kind": case.kind,
                "district": case.district,
                "fund": case.fund,
                "blind": case.blind,
                "sealed_number": case.sealed_number,
                "name": case.name,
                "reason": case.reason,
                "document": case.document,
                "notice_no": case.notice_no,
                "opened_by": case.opened_by,
                "opened_on": case.opened_on,
                "inspection": case.inspection,
            }
            for case in cases
        ],
    )
    await tx.execute(
        text("""
            INSERT INTO recovery_line (case_key, case_id, line_no, period, claim_key, claim_id,
                                       claim_line_no, district, account, paid_year, amount_fen,
                                       deducted)
            VALUES (:case_key, :case_id, :line_no, :period, :claim_key, :claim_id, :claim_line_no,
                    :district, :account, :paid_year, :amount_fen, :deducted)
        """),
        [
            {
                "case_key": case.key,
                "case_id": case.id,
                "line_no": line.line_no,
                "period": str(line.period),
                "claim_key": line.claim.key,
                "claim_id": line.claim.id,
                "claim_line_no": line.claim_line_no,
                "district": line.district,
                "account": line.account,
                "paid_year": line.paid_year,
                "amount_fen": line.amount_fen,
                "deducted": line.deducted,
            }
            for case, line in lines
        ],
    )


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> RecoveryCase | None:
    """Read a case; `lock` it for the rest of the transaction before changing it or its lines."""
    row = (
        await tx.execute(
            text(f"""
                {_CASE}
                 WHERE owner.case_key = :case_key AND owner.id = :id
                {"FOR UPDATE OF owner" if lock else ""}
            """),
            {"case_key": ref.key, "id": ref.id},
        )
    ).first()
    return _case(**row._mapping) if row else None


async def lines(tx: AsyncConnection, ref: Ref) -> list[CaseLine]:
    """Read the lines of a case."""
    return (await lines_of(tx, [ref]))[ref]


async def lines_of(tx: AsyncConnection, refs: Sequence[Ref]) -> dict[Ref, list[CaseLine]]:
    """Read the lines of cases, by case."""
    rows = await tx.execute(
        text("""
            SELECT line.case_key, line.case_id, line_no, period, claim_key, claim_id,
                   claim_line_no, district, account, paid_year, amount_fen, recovered_fen,
                   written_off_fen
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS named (case_key, id)
              JOIN recovery_line AS line
                ON line.case_key = named.case_key AND line.case_id = named.id
             ORDER BY line.case_id, line_no
        """),
        {"keys": [ref.key for ref in refs], "ids": [ref.id for ref in refs]},
    )
    found: dict[Ref, list[CaseLine]] = {ref: [] for ref in refs}
    for row in rows:
        found[Ref(row.case_key, row.case_id)].append(line_of(row))
    return found


async def decide(tx: AsyncConnection, ref: Ref, status: CaseStatus, decided_by: str) -> None:
    """Store the decision about a proposed case."""
    await tx.execute(
        text("""
            UPDATE recovery_case
               SET status = :status, decided_by = :decided_by, decided_at = now()
             WHERE case_key = :case_key AND id = :id AND status = 'proposed'
        """),
        {"case_key": ref.key, "id": ref.id, "status": status.value, "decided_by": decided_by},
    )


async def lower(tx: AsyncConnection, lowered: Sequence[LowerLine]) -> list[Ref]:
    """Let lines cover less; return the cases of which nothing is open any more, now closed.

    An amount that was written off becomes smaller only once nothing of the line is open.
    """
    await tx.execute(
        text("""
            UPDATE recovery_line AS line
               SET amount_fen = line.amount_fen - by_fen,
                   written_off_fen = least(line.written_off_fen,
                                           line.amount_fen - by_fen - line.recovered_fen)
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:numbers AS integer[]), CAST(:fens AS bigint[]))
                AS smaller (case_key, case_id, line_no, by_fen)
             WHERE line.case_key = smaller.case_key AND line.case_id = smaller.case_id
               AND line.line_no = smaller.line_no
        """),
        {
            "keys": [one.case.key for one in lowered],
            "ids": [one.case.id for one in lowered],
            "numbers": [one.line_no for one in lowered],
            "fens": [one.by_fen for one in lowered],
        },
    )
    return await close(tx, list(dict.fromkeys(one.case for one in lowered)))


async def close(tx: AsyncConnection, refs: Sequence[Ref]) -> list[Ref]:
    """Close those cases of which nothing is open; return them.

    One from which a run keeps something back stays until the run is approved: it may be refused.
    """
    rows = await tx.execute(
        text("""
            UPDATE recovery_case AS owner
               SET status = 'closed'
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS named (case_key, id)
             WHERE owner.case_key = named.case_key AND owner.id = named.id
               AND owner.status IN ('proposed', 'confirmed')
               AND NOT EXISTS (
                       SELECT 1
                         FROM recovery_entry AS kept
                        WHERE kept.case_key = owner.case_key AND kept.case_id = owner.id
                          AND kept.way = 'deduction' AND kept.status = 'proposed')
               AND NOT EXISTS (
                       SELECT 1
                         FROM recovery_line AS line
                        WHERE line.case_key = owner.case_key AND line.case_id = owner.id
                          AND line.amount_fen > line.recovered_fen + line.written_off_fen)
            RETURNING owner.case_key, owner.id
        """),
        {"keys": [ref.key for ref in refs], "ids": [ref.id for ref in refs]},
    )
    return [Ref(row.case_key, row.id) for row in rows]


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[RecoveryCase]:
    """Read cases in order of opening; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        _CASE,
        key=("owner.id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_case,
        equal={f"owner.{column}": value for column, value in filters.items()},
    )
