"""Claims and their lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import ClaimKind
from services.payout.claims.domain import Claim, ClaimLine, State
from shared.errors import Kind, Refusal
from shared.ids import Ref
from shared.period import Period


class ClaimExists(Refusal):
    """同一申请已在办理或已办结 (this claim was filed before and lives)"""

    kind = Kind.CONFLICT
    code = "CLAIM_EXISTS"


def _claim(row: Row[Any]) -> Claim:
    return Claim(
        ref=Ref(row.claim_key, row.id),
        kind=ClaimKind(row.kind),
        district=row.district,
        period=Period.parse(row.period),
        fund=row.fund,
        account=row.account,
        lines=row.lines,
        total_fen=row.total_fen,
        status=State(row.status),
        summary=row.summary,
        credit_code=row.credit_code,
        filed_by=row.filed_by,
    )


async def insert(tx: AsyncConnection, claim: Claim, paper_hash: bytes) -> None:
    """Write a claim's head.

    Raises:
        ClaimExists: the same paper lives already.
    """
    try:
        await tx.execute(
            text("""
                INSERT INTO claim (claim_key, id, kind, district, period, fund, account, lines,
                                   total_fen, status, summary, credit_code, paper_hash, filed_by)
                VALUES (:claim_key, :id, :kind, :district, :period, :fund, :account, :lines,
                        :total_fen, :status, :summary, :credit_code, :paper_hash, :filed_by)
            """),
            {
                "claim_key": claim.ref.key,
                "id": claim.ref.id,
                "kind": claim.kind.value,
                "district": claim.district,
                "period": str(claim.period),
                "fund": claim.fund,
                "account": claim.account,
                "lines": claim.lines,
                "total_fen": claim.total_fen,
                "status": claim.status.value,
                "summary": claim.summary,
                "credit_code": claim.credit_code,
                "paper_hash": paper_hash,
                "filed_by": claim.filed_by,
            },
        )
    except IntegrityError as error:
        if "claim_once" in str(error.orig):
            raise ClaimExists(district=claim.district, period=str(claim.period)) from None
        raise


async def living(tx: AsyncConnection, claim: Claim, paper_hash: bytes) -> Ref | None:
    """The living claim that says the same, if there is one."""
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
                "kind": claim.kind.value,
                "district": claim.district,
                "period": str(claim.period),
                "paper_hash": paper_hash,
            },
        )
    ).first()
    return Ref(claim.ref.key, row.id) if row else None


async def write_pension_lines(
    tx: AsyncConnection, ref: Ref, *, kind: str, district: str, period: Period
) -> tuple[int, int]:
    """The month run: one line for everybody of a district entitled in a period.

    Of a person's rows the latest begun counts; whoever has moved is paid where that row says.
    Returns how many lines and their sum in fen.
    """
    row = (
        await tx.execute(
            text("""
                WITH written AS (
                    INSERT INTO claim_line (claim_key, claim_id, line_no, payee_name, bank,
                                            bank_number, bank_holder, amount_fen, reference,
                                            person_id, sealed_number)
                    SELECT CAST(:claim_key AS bigint), CAST(:claim_id AS uuid),
                           row_number() OVER (ORDER BY due.person_id, due.id), due.name, due.bank,
                           due.bank_number, due.bank_holder, due.monthly_fen,
                           CAST(:period AS text), due.person_id, due.sealed_number
                      FROM entitlement AS due
                     WHERE due.kind = :kind AND due.district = :district
                       AND due.in_force_from <= CAST(:period AS text)
                       AND NOT EXISTS (
                               SELECT 1
                                 FROM entitlement AS later
                                WHERE later.person_id = due.person_id
                                  AND later.identity_blind = due.identity_blind
                                  AND later.kind = due.kind
                                  AND later.in_force_from > due.in_force_from
                                  AND later.in_force_from <= CAST(:period AS text))
                    RETURNING amount_fen
                )
                SELECT count(*) AS lines, CAST(coalesce(sum(amount_fen), 0) AS bigint) AS total_fen
                  FROM written
            """),
            {
                "claim_key": ref.key,
                "claim_id": ref.id,
                "kind": kind,
                "district": district,
                "period": str(period),
            },
        )
    ).one()
    return row.lines, row.total_fen


async def write_lines(tx: AsyncConnection, ref: Ref, lines: Sequence[ClaimLine]) -> None:
    """Write a claim's lines in one trip."""
    await tx.execute(
        text("""
            INSERT INTO claim_line (claim_key, claim_id, line_no, payee_name, bank, bank_number,
                                    bank_holder, amount_fen, reference, person_id, sealed_number)
            SELECT CAST(:claim_key AS bigint), CAST(:claim_id AS uuid), line_no, payee_name, bank,
                   bank_number, bank_holder, amount_fen, reference, person_id, sealed
              FROM unnest(CAST(:line_nos AS int[]), CAST(:payees AS text[]),
                          CAST(:banks AS text[]), CAST(:numbers AS text[]),
                          CAST(:holders AS text[]), CAST(:amounts AS bigint[]),
                          CAST(:references AS text[]), CAST(:person_ids AS bigint[]),
                          CAST(:sealed AS bytea[]))
                AS batch (line_no, payee_name, bank, bank_number, bank_holder, amount_fen,
                          reference, person_id, sealed)
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
        },
    )


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> Claim | None:
    """A claim; locked for the rest of the transaction when it is to be moved."""
    row = (
        await tx.execute(
            text(f"""
                SELECT claim_key, id, kind, district, period, fund, account, lines, total_fen,
                       status, summary, credit_code, filed_by
                  FROM claim
                 WHERE claim_key = :claim_key AND id = :id
                 {"FOR UPDATE" if lock else ""}
            """),
            {"claim_key": ref.key, "id": ref.id},
        )
    ).first()
    return _claim(row) if row else None


async def move(tx: AsyncConnection, ref: Ref, *, was: State, to: State) -> bool:
    """Move a claim if it still stands where its signer saw it."""
    moved = await tx.execute(
        text("""
            UPDATE claim
               SET status = :to
             WHERE claim_key = :claim_key AND id = :id AND status = :was
            RETURNING 1
        """),
        {"claim_key": ref.key, "id": ref.id, "was": was.value, "to": to.value},
    )
    return moved.first() is not None


async def find_many(tx: AsyncConnection, refs: Sequence[Ref]) -> list[Claim]:
    """The claims of a list of references; those that do not exist are left out."""
    rows = await tx.execute(
        text("""
            SELECT claim.claim_key, claim.id, kind, district, period, fund, account, lines,
                   total_fen, status, summary, credit_code, filed_by
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS asked (claim_key, id)
              JOIN claim ON claim.claim_key = asked.claim_key AND claim.id = asked.id
        """),
        {"keys": [ref.key for ref in refs], "ids": [ref.id for ref in refs]},
    )
    return [_claim(row) for row in rows]


async def signed_by(tx: AsyncConnection, refs: Sequence[Ref], person: str) -> set[tuple[Ref, str]]:
    """(claim, step) of those of the claims that a person has filed, signed or paid."""
    rows = await tx.execute(
        text("""
            SELECT trail.shard_key, trail.paper_id, trail.step
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS asked (claim_key, id)
              JOIN trail ON trail.shard_key = asked.claim_key AND trail.paper_id = asked.id
             WHERE trail.signs AND trail.person = :person
        """),
        {"keys": [ref.key for ref in refs], "ids": [ref.id for ref in refs], "person": person},
    )
    return {(Ref(row.shard_key, row.paper_id), row.step) for row in rows}


async def page(
    tx: AsyncConnection,
    *,
    district: str | None,
    period: str | None,
    kind: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Claim]:
    """Claims by id, after one, that match every filter given."""
    rows = await tx.execute(
        text("""
            SELECT claim_key, id, kind, district, period, fund, account, lines, total_fen, status,
                   summary, credit_code, filed_by
              FROM claim
             WHERE (CAST(:district AS text) IS NULL OR district = CAST(:district AS text))
               AND (CAST(:period AS text) IS NULL OR period = CAST(:period AS text))
               AND (CAST(:kind AS text) IS NULL OR kind = CAST(:kind AS text))
               AND (CAST(:status AS text) IS NULL OR status = CAST(:status AS text))
               AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
             ORDER BY id
             LIMIT :limit
        """),
        {
            "district": district,
            "period": period,
            "kind": kind,
            "status": status,
            "after": after,
            "limit": limit,
        },
    )
    return [_claim(row) for row in rows]


async def page_of_lines(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int
) -> list[ClaimLine]:
    """A claim's lines by number, after one."""
    rows = await tx.execute(
        text("""
            SELECT line_no, payee_name, bank, bank_number, bank_holder, amount_fen, reference,
                   person_id, sealed_number
              FROM claim_line
             WHERE claim_key = :claim_key AND claim_id = :claim_id AND line_no > :after
             ORDER BY line_no
             LIMIT :limit
        """),
        {"claim_key": ref.key, "claim_id": ref.id, "after": after, "limit": limit},
    )
    return [ClaimLine(**row._mapping) for row in rows]
