"""Claims and their lines in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.claims.domain.claim import Claim, ClaimLine, ClaimStatus, Cost
from shared.errors import Kind, Refusal
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period
from shared.security.person_name import folded_sql

_COLUMNS = """claim_key, id, kind, district, period, filed_on, fund, account, lines, total_fen, status,
                   summary, credit_code, filed_by, documents, signatures, settled_fen,
                   settled_lines"""


class ClaimExists(Refusal):
    """同一申请已在办理或已办结 (this claim was filed before and is not refused)"""

    kind = Kind.CONFLICT
    code = "CLAIM_EXISTS"


def _claim(*, claim_key: int, id: UUID, period: str, status: str, **columns: Any) -> Claim:
    return Claim(
        ref=Ref(claim_key, id),
        period=Period.parse(period),
        status=ClaimStatus(status),
        **columns,
    )


async def insert(tx: AsyncConnection, claim: Claim, paper_hash: bytes) -> None:
    """Write a claim's head.

    Raises:
        ClaimExists: the same paper was filed before and is not refused.
    """
    try:
        await tx.execute(
            text("""
                INSERT INTO claim (claim_key, id, kind, district, period, filed_on, fund, account, lines,
                                   total_fen, status, summary, credit_code, paper_hash, filed_by,
                                   documents, signatures, settled_fen, settled_lines)
                VALUES (:claim_key, :id, :kind, :district, :period, :filed_on, :fund, :account, :lines,
                        :total_fen, :status, :summary, :credit_code, :paper_hash, :filed_by,
                        CAST(:documents AS text[]), :signatures, :settled_fen, :settled_lines)
            """),
            {
                "claim_key": claim.ref.key,
                "id": claim.ref.id,
                "kind": claim.kind,
                "district": claim.district,
                "period": str(claim.period),
                "filed_on": claim.filed_on,
                "fund": claim.fund,
                "account": claim.account,
                "lines": claim.lines,
                "total_fen": claim.total_fen,
                "status": claim.status.value,
                "summary": claim.summary,
                "credit_code": claim.credit_code,
                "paper_hash": paper_hash,
                "filed_by": claim.filed_by,
                "documents": list(claim.documents),
                "signatures": claim.signatures,
                "settled_fen": claim.settled_fen,
                "settled_lines": claim.settled_lines,
            },
        )
    except IntegrityError as error:
        if "claim_once" in str(error.orig):
            raise ClaimExists(district=claim.district, period=str(claim.period)) from None
        raise


async def find_same(tx: AsyncConnection, claim: Claim, paper_hash: bytes) -> Ref | None:
    """Find the claim of the same content that is not refused, if there is one."""
    row = (
        await tx.execute(
            text("""
                SELECT id
                  FROM claim
                 WHERE claim_key = :claim_key AND kind = :kind AND district = :district
                   AND period = :period AND paper_hash = :paper_hash AND status <> 'refused'
            """),
            {
                "claim_key": claim.ref.key,
                "kind": claim.kind,
                "district": claim.district,
                "period": str(claim.period),
                "paper_hash": paper_hash,
            },
        )
    ).first()
    return Ref(claim.ref.key, row.id) if row else None


async def write_lines(tx: AsyncConnection, ref: Ref, lines: Sequence[ClaimLine]) -> None:
    """Write a claim's lines in one trip."""
    await tx.execute(
        text("""
            INSERT INTO claim_line (claim_key, claim_id, line_no, payee_name, bank, bank_number,
                                    bank_holder, amount_fen, reference, person_id, sealed_number,
                                    event_on, settled_fen, cost)
            SELECT CAST(:claim_key AS bigint), CAST(:claim_id AS uuid), line_no, payee_name, bank,
                   bank_number, bank_holder, amount_fen, reference, person_id, sealed, event_on,
                   settled_fen, cost
              FROM unnest(CAST(:line_nos AS int[]), CAST(:payees AS bytea[]),
                          CAST(:banks AS text[]), CAST(:numbers AS bytea[]),
                          CAST(:holders AS bytea[]), CAST(:amounts AS bigint[]),
                          CAST(:references AS text[]), CAST(:person_ids AS bigint[]),
                          CAST(:sealed AS bytea[]), CAST(:events AS date[]),
                          CAST(:settled AS bigint[]),
                          CAST(CAST(:costs AS text[]) AS jsonb[]))
                AS batch (line_no, payee_name, bank, bank_number, bank_holder, amount_fen,
                          reference, person_id, sealed, event_on, settled_fen, cost)
        """),
        {
            "claim_key": ref.key,
            "claim_id": ref.id,
            "line_nos": [line.line_no for line in lines],
            "payees": [line.payee_name for line in lines],
            "banks": [line.bank for line in lines],
            "numbers": [line.bank_number for line in lines],
            "holders": [line.bank_holder for line in lines],
            "amounts": [line.amount_fen for line in lines],
            "references": [line.reference for line in lines],
            "person_ids": [line.person_id for line in lines],
            "sealed": [line.sealed_number for line in lines],
            "events": [line.event_on for line in lines],
            "settled": [line.settled_fen for line in lines],
            "costs": [
                orjson.dumps(asdict(one)).decode() if (one := line.cost) else None for line in lines
            ],
        },
    )


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> Claim | None:
    """Read a claim; `lock` it for the rest of the transaction before changing it."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM claim
                 WHERE claim_key = :claim_key AND id = :id
                 {"FOR UPDATE" if lock else ""}
            """),
            {"claim_key": ref.key, "id": ref.id},
        )
    ).first()
    return _claim(**row._mapping) if row else None


async def set_status(tx: AsyncConnection, ref: Ref, *, was: ClaimStatus, to: ClaimStatus) -> bool:
    """Change a claim's status if it is still the one that the signer saw."""
    changed = await tx.execute(
        text("""
            UPDATE claim
               SET status = :to
             WHERE claim_key = :claim_key AND id = :id AND status = :was
            RETURNING 1
        """),
        {"claim_key": ref.key, "id": ref.id, "was": was.value, "to": to.value},
    )
    return changed.first() is not None


async def is_in_batch(tx: AsyncConnection, ref: Ref) -> bool:
    """Tell whether a live batch has a claim."""
    return bool(
        await tx.scalar(
            text("""
                SELECT EXISTS (
                           SELECT 1
                             FROM claim_payment
                            WHERE claim_key = :claim_key AND claim_id = :id AND live)
            """),
            {"claim_key": ref.key, "id": ref.id},
        )
    )


async def set_settled(tx: AsyncConnection, ref: Ref, day: date) -> None:
    """Store the day on which what a claim settles of advances is booked."""
    await tx.execute(
        text("UPDATE claim SET settled_on = :day WHERE claim_key = :claim_key AND id = :id"),
        {"claim_key": ref.key, "id": ref.id, "day": day},
    )


async def find_many(tx: AsyncConnection, refs: Sequence[Ref]) -> list[Claim]:
    """Read the claims of a list of references; unknown ones are left out."""
    rows = await tx.execute(
        text("""
            SELECT claim.claim_key, claim.id, kind, district, period, filed_on, fund, account, lines,
                   total_fen, status, summary, credit_code, filed_by, documents, signatures,
                   settled_fen, settled_lines
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS wanted (claim_key, id)
              JOIN claim ON claim.claim_key = wanted.claim_key AND claim.id = wanted.id
        """),
        {"keys": [ref.key for ref in refs], "ids": [ref.id for ref in refs]},
    )
    return [_claim(**row._mapping) for row in rows]


async def signed_by(tx: AsyncConnection, refs: Sequence[Ref], person: str) -> set[tuple[Ref, str]]:
    """Find which of the claims a person has filed, signed or paid, as (claim, step)."""
    rows = await tx.execute(
        text(f"""
            SELECT trail.shard_key, trail.paper_id, trail.step
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS wanted (claim_key, id)
              JOIN trail ON trail.shard_key = wanted.claim_key AND trail.paper_id = wanted.id
             WHERE trail.signs AND {folded_sql("trail.person")} = {folded_sql(":person")}
        """),
        {"keys": [ref.key for ref in refs], "ids": [ref.id for ref in refs], "person": person},
    )
    return {(Ref(row.shard_key, row.paper_id), row.step) for row in rows}


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[Claim]:
    """Read claims by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM claim",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_claim,
        equal=filters,
    )


async def people(tx: AsyncConnection, ref: Ref) -> dict[int, int]:
    """Read the person of each line of a claim that names one, by number."""
    rows = await tx.execute(
        text("""
            SELECT line_no, person_id
              FROM claim_line
             WHERE claim_key = :claim_key AND claim_id = :id AND person_id IS NOT NULL
             ORDER BY line_no
        """),
        {"claim_key": ref.key, "id": ref.id},
    )
    return {row.line_no: row.person_id for row in rows}


def _line(*, cost: dict[str, int] | None, **columns: Any) -> ClaimLine:
    return ClaimLine(cost=Cost(**cost) if cost else None, **columns)


async def page_of_lines(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int
) -> list[ClaimLine]:
    """Read a claim's lines by number, after one."""
    return await read_page(
        tx,
        """
        SELECT line_no, payee_name, bank, bank_number, bank_holder, amount_fen, reference,
               person_id, sealed_number, event_on, settled_fen, cost
          FROM claim_line
        """,
        key=("line_no",),
        after=(after,),
        limit=limit,
        row=_line,
        equal={"claim_key": ref.key, "claim_id": ref.id},
    )
