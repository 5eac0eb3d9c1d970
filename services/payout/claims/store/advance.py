"""Advances and their settlements in the database.

Payments and recoveries belong to later subjects; an advance is open once its line is paid, and what
a case recovers of it is not deducted again, so both are read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.claims.domain.advance import Advance, OpenAdvance, Settlement
from services.payout.claims.domain.claim import AdvanceRef
from shared.db import lock_rows
from shared.ids import Ref
from shared.page import read_page
from shared.security.personal_data import PersonalCipher

# A line's payments lie with their batches, and its cases at one server: each is joined by itself.
_KNOWN: Final = """
paid AS MATERIALIZED (
    SELECT line.claim_id, line.line_no, max(sent.paid_on) AS paid_on
      FROM line
      JOIN payment_part AS part
        ON part.claim_key = line.claim_key AND part.claim_id = line.claim_id AND part.live
      JOIN payment_line AS sent
        ON sent.batch_key = part.batch_key AND sent.batch_id = part.batch_id
       AND sent.part_no = part.part_no AND sent.claim_line_no = line.line_no
       AND sent.status = 'paid'
     GROUP BY line.claim_id, line.line_no
), made AS MATERIALIZED (
    SELECT line.claim_id, line.line_no, sum(made.amount_fen) AS fen
      FROM line
      JOIN advance_settlement AS made
        ON made.advance_key = line.claim_key AND made.advance_id = line.claim_id
       AND made.advance_line = line.line_no AND made.live
     GROUP BY line.claim_id, line.line_no
), taken AS MATERIALIZED (
    SELECT line.claim_id, line.line_no, sum(taken.amount_fen - taken.written_off_fen) AS fen
      FROM line
      JOIN recovery_line AS taken
        ON taken.case_key = line.claim_key AND taken.claim_id = line.claim_id
       AND taken.claim_line_no = line.line_no
      JOIN recovery_case AS owner
        ON owner.case_key = taken.case_key AND owner.id = taken.case_id
       AND owner.cause = 'claim' AND owner.status <> 'refused'
     GROUP BY line.claim_id, line.line_no
), advance AS (
    SELECT line.*, paid.paid_on, paid.line_no IS NOT NULL AS is_paid,
           CAST(coalesce(made.fen, 0) + coalesce(taken.fen, 0) AS bigint) AS settled_fen
      FROM line
      LEFT JOIN paid ON paid.claim_id = line.claim_id AND paid.line_no = line.line_no
      LEFT JOIN made ON made.claim_id = line.claim_id AND made.line_no = line.line_no
      LEFT JOIN taken ON taken.claim_id = line.claim_id AND taken.line_no = line.line_no
)
"""


async def lock(tx: AsyncConnection, claims: Iterable[Ref]) -> None:
    """Let one claim at a time settle these advances, until the transaction ends."""
    wanted = set(claims)
    await lock_rows(
        tx,
        """
        SELECT 1
          FROM claim
         WHERE claim_key = ANY(CAST(:keys AS bigint[])) AND id = ANY(CAST(:ids AS uuid[]))
         ORDER BY claim_key, id
           FOR UPDATE
        """,
        [ref.key for ref in wanted],
        {"ids": [ref.id for ref in wanted]},
    )


async def find(
    tx: AsyncConnection, refs: Iterable[AdvanceRef], cipher: PersonalCipher
) -> dict[AdvanceRef, Advance]:
    """Read the lines of advances that exist; `cipher` opens their payees."""
    known = [(ref.claim, ref.line_no) for ref in set(refs) if ref.claim is not None]
    rows = await tx.execute(
        text(f"""
            WITH line AS MATERIALIZED (
                SELECT line.claim_key, line.claim_id, line.line_no, claim.fund, claim.district,
                       line.person_id, line.payee_name, line.amount_fen
                  FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]), CAST(:lines AS int[]))
                    AS wanted (claim_key, claim_id, line_no)
                  JOIN claim ON claim.claim_key = wanted.claim_key AND claim.id = wanted.claim_id
                   AND claim.account = 'temporary_payment'
                  JOIN claim_line AS line
                    ON line.claim_key = wanted.claim_key AND line.claim_id = wanted.claim_id
                   AND line.line_no = wanted.line_no
            ), {_KNOWN}
            SELECT claim_key, claim_id, line_no, fund, district, person_id, payee_name,
                   CASE WHEN is_paid THEN amount_fen ELSE 0 END AS paid_fen, settled_fen
              FROM advance
        """),
        {
            "keys": [claim.key for claim, _ in known],
            "ids": [claim.id for claim, _ in known],
            "lines": [line_no for _, line_no in known],
        },
    )
    return {one.ref: one for one in (_advance(cipher, **row._mapping) for row in rows)}


def _advance(
    cipher: PersonalCipher,
    *,
    claim_key: int,
    claim_id: UUID,
    line_no: int,
    payee_name: bytes,
    **columns: Any,
) -> Advance:
    ref = AdvanceRef(Ref(claim_key, claim_id), line_no)
    return Advance(ref=ref, payee=cipher.open(payee_name), **columns)


async def insert(tx: AsyncConnection, claim: Ref, settlements: Sequence[Settlement]) -> None:
    """Write what a claim deducts of advances."""
    claims = [one.advance.ref.claim for one in settlements if one.advance.ref.claim is not None]
    await tx.execute(
        text("""
            INSERT INTO advance_settlement (advance_key, advance_id, advance_line, claim_key,
                                            claim_id, line_no, amount_fen)
            SELECT advance_key, advance_id, advance_line, CAST(:claim_key AS bigint),
                   CAST(:claim_id AS uuid), line_no, amount_fen
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]), CAST(:lines AS int[]),
                          CAST(:line_nos AS int[]), CAST(:amounts AS bigint[]))
                AS batch (advance_key, advance_id, advance_line, line_no, amount_fen)
        """),
        {
            "claim_key": claim.key,
            "claim_id": claim.id,
            "keys": [ref.key for ref in claims],
            "ids": [ref.id for ref in claims],
            "lines": [one.advance.ref.line_no for one in settlements],
            "line_nos": [one.line_no for one in settlements],
            "amounts": [one.amount_fen for one in settlements],
        },
    )


async def of_claim(tx: AsyncConnection, claim: Ref) -> list[tuple[str, int]]:
    """Read what a claim settles, as (district of the advance, amount in fen)."""
    rows = await tx.execute(
        text("""
            SELECT advance.district, made.amount_fen
              FROM advance_settlement AS made
              JOIN claim AS advance
                ON advance.claim_key = made.advance_key AND advance.id = made.advance_id
             WHERE made.claim_id = :claim_id AND made.claim_key = :claim_key AND made.live
        """),
        {"claim_id": claim.id, "claim_key": claim.key},
    )
    return [(row.district, row.amount_fen) for row in rows]


async def of_lines(tx: AsyncConnection, claim: Ref) -> dict[int, AdvanceRef]:
    """Read the advances that a claim's lines name, by line; of a refused claim too."""
    rows = await tx.execute(
        text("""
            SELECT line_no, advance_key, advance_id, advance_line
              FROM advance_settlement
             WHERE claim_id = :claim_id AND claim_key = :claim_key
        """),
        {"claim_id": claim.id, "claim_key": claim.key},
    )
    return {
        row.line_no: AdvanceRef(Ref(row.advance_key, row.advance_id), row.advance_line)
        for row in rows
    }


async def release(tx: AsyncConnection, claim: Ref) -> None:
    """Release the advances of a refused claim; another claim may settle them."""
    await tx.execute(
        text("""
            UPDATE advance_settlement
               SET live = false
             WHERE claim_id = :claim_id AND claim_key = :claim_key AND live
        """),
        {"claim_id": claim.id, "claim_key": claim.key},
    )


_OPEN: Final = f"""
WITH line AS MATERIALIZED (
    SELECT claim.claim_key, claim.id AS claim_id, line.line_no, claim.kind, claim.district,
           claim.fund, line.payee_name, line.reference, line.amount_fen
      FROM claim
      JOIN claim_line AS line ON line.claim_key = claim.claim_key AND line.claim_id = claim.id
     WHERE claim.account = 'temporary_payment' AND claim.status = 'approved'
), {_KNOWN}
SELECT claim_key, claim_id, line_no, kind, district, fund, payee_name, reference, amount_fen,
       settled_fen, paid_on
  FROM (SELECT * FROM advance WHERE paid_on IS NOT NULL AND settled_fen < amount_fen) AS listed
"""


def _open(*, claim_key: int, claim_id: UUID, **columns: Any) -> OpenAdvance:
    return OpenAdvance(claim=Ref(claim_key, claim_id), **columns)


async def page(
    tx: AsyncConnection,
    *,
    filters: dict[str, str | None],
    after: tuple[UUID, int] | None,
    limit: int,
) -> list[OpenAdvance]:
    """Read open advances by claim and line, after one; `filters` are columns and their values."""
    return await read_page(
        tx,
        _OPEN,
        key=("claim_id", "line_no"),
        after=after,
        limit=limit,
        row=_open,
        equal=filters,
    )
