"""Failed payments in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.store.due import ROOM
from services.payout.payments.domain.failed import (
    FailedKey,
    FailedPayment,
    FailureOutcome,
)
from shared.db import lock_rows
from shared.ids import Ref
from shared.page import read_page


async def add(tx: AsyncConnection, batch: Ref, numbers: Sequence[int]) -> None:
    """Store lines of a batch that were refused or returned, to be paid again."""
    await tx.execute(
        text("""
            INSERT INTO failed_payment (claim_key, claim_id, line_no, batch_key, batch_id, fund,
                                        district, outcome, amount_fen, reason_code, reason)
            SELECT part.claim_key, part.claim_id, line.claim_line_no, line.batch_key,
                   line.batch_id, part.fund, part.district, line.status, line.amount_fen,
                   line.reason_code, line.reason
              FROM payment_line AS line
              JOIN payment_part AS part
                ON part.batch_key = line.batch_key AND part.batch_id = line.batch_id
               AND part.part_no = line.part_no
             WHERE line.batch_key = :batch_key AND line.batch_id = :batch_id
               AND line.line_no = ANY (CAST(:numbers AS int[]))
        """),
        {"batch_key": batch.key, "batch_id": batch.id, "numbers": list(numbers)},
    )


_NOT_DUE: Final = f"""month AS MATERIALIZED (
    SELECT failed.claim_key, failed.claim_id, failed.line_no, month.person_id,
           month.identity_blind, month.kind, month.period
      FROM failed
      JOIN pension_month AS month
        ON month.person_id = failed.person_id AND month.period = failed.reference
       AND month.claim_key = failed.claim_key AND month.claim_id = failed.claim_id
       AND month.live AND month.amount_fen > 0
), {ROOM}, not_due AS MATERIALIZED (
    SELECT month.claim_key, month.claim_id, month.line_no
      FROM month
      JOIN room
        ON room.person_id = month.person_id AND room.identity_blind = month.identity_blind
       AND room.kind = month.kind AND room.period = month.period
     WHERE room.fen <= 0
)"""
"""Common tables: of the lines of a common table `failed`, those of whose month nothing more may be
paid."""

_NOT_DOUBLE: Final = """
           (failed.claim_key, failed.claim_id, failed.line_no) NOT IN (
               SELECT claim_key, claim_id, line_no FROM double_payment)"""

# A correction is of this failure when it was proposed after the batch that failed was formed: both
# ids begin with their instant.
# What was held back waits for no account.
_CORRECTED: Final = """
           (failed.outcome = 'not_due' OR EXISTS (
               SELECT 1
                 FROM account_correction AS corrected
                WHERE corrected.claim_key = failed.claim_key
                  AND corrected.claim_id = failed.claim_id
                  AND corrected.line_no = failed.line_no
                  AND corrected.status = 'approved' AND corrected.id > failed.batch_id))"""


# Two people declared the whole line false; or one did, and the other is yet to decide. What was
# recovered of it before the bank returned it stays to be paid.
_WRONG: Final = """
           EXISTS (
               SELECT 1
                 FROM recovery_line AS taken
                 JOIN recovery_case AS owner
                   ON owner.case_key = taken.case_key AND owner.id = taken.case_id
                WHERE taken.case_key = failed.claim_key AND taken.claim_id = failed.claim_id
                  AND taken.claim_line_no = failed.line_no AND taken.recovered_fen = 0
                  AND taken.amount_fen IN (0, failed.line_fen) AND NOT taken.deducted
                  AND owner.cause = 'claim' AND owner.status <> 'refused')"""

_OF_LINE: Final = """failed_payment AS failed
      JOIN claim_line AS line
        ON line.claim_key = failed.claim_key AND line.claim_id = failed.claim_id
       AND line.line_no = failed.line_no"""
_CANDIDATE: Final = f"""
    SELECT failed.claim_key, failed.claim_id, failed.line_no, failed.batch_id, failed.outcome,
           failed.amount_fen, line.person_id, line.reference, line.amount_fen AS line_fen
      FROM {_OF_LINE}
     WHERE failed.retry_id IS NULL AND {_NOT_DOUBLE}"""
_WAITING: Final = f"""{_NOT_DUE}, waiting AS MATERIALIZED (
    SELECT *
      FROM failed
     WHERE (claim_key, claim_id, line_no) NOT IN (SELECT claim_key, claim_id, line_no FROM not_due)
       AND (NOT CAST(:corrected_only AS boolean) OR {_CORRECTED})
       AND NOT {_WRONG}
)"""
"""Common tables: the lines of `failed` that the next batch of their claim may pay."""


async def ready_claims(
    tx: AsyncConnection, fund: str, district: str | None, limit: int
) -> list[Ref]:
    """Find claims with failed lines that wait on a corrected account, oldest first."""
    rows = await tx.execute(
        text(f"""
            WITH failed AS MATERIALIZED ({_CANDIDATE}
                AND failed.fund = :fund
                AND (CAST(:district AS text) IS NULL OR failed.district = CAST(:district AS text))
            ), {_WAITING}
            SELECT DISTINCT claim_id, claim_key
              FROM waiting
             ORDER BY claim_id
             LIMIT :limit
        """),
        {"fund": fund, "district": district, "limit": limit, "corrected_only": True},
    )
    return [Ref(row.claim_key, row.claim_id) for row in rows]


async def reserve(
    tx: AsyncConnection, batch: Ref, claims: Sequence[Ref], *, corrected_only: bool = False
) -> dict[Ref, tuple[int, int]]:
    """Reserve the waiting failed lines of claims for a batch: claim → (lines, sum in fen).

    With `corrected_only` those whose account was corrected after they failed. Neither double
    payments wait nor pensions of months that are no longer due.
    The rows are locked in key order, so that two batches that want the same lines wait for each
    other instead of deadlocking; the second finds them reserved.
    """
    keys, ids = [ref.key for ref in claims], [ref.id for ref in claims]
    await lock_rows(
        tx,
        """
        SELECT 1
          FROM failed_payment
         WHERE claim_key = ANY(CAST(:keys AS bigint[])) AND claim_id = ANY(CAST(:ids AS uuid[]))
           AND retry_id IS NULL
         ORDER BY claim_key, claim_id, line_no, batch_id, outcome
           FOR UPDATE
        """,
        keys,
        {"ids": ids},
    )
    rows = await tx.execute(
        text(f"""
            WITH failed AS MATERIALIZED ({_CANDIDATE}
                AND (failed.claim_key, failed.claim_id) IN (
                        SELECT * FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])))
            ), {_WAITING}, reserved AS (
                UPDATE failed_payment AS failed
                   SET retry_key = CAST(:batch_key AS bigint), retry_id = CAST(:batch_id AS uuid)
                  FROM waiting
                 WHERE failed.claim_key = waiting.claim_key
                   AND failed.claim_id = waiting.claim_id AND failed.line_no = waiting.line_no
                   AND failed.batch_id = waiting.batch_id AND failed.outcome = waiting.outcome
                   AND failed.retry_id IS NULL
                RETURNING failed.claim_key, failed.claim_id, failed.line_no, failed.amount_fen
            )
            SELECT reserved.claim_key, reserved.claim_id,
                   count(DISTINCT reserved.line_no) AS lines,
                   CAST(sum(reserved.amount_fen) AS bigint) AS fen
              FROM reserved
             GROUP BY reserved.claim_key, reserved.claim_id
        """),
        {
            "keys": keys,
            "ids": ids,
            "batch_key": batch.key,
            "batch_id": batch.id,
            "corrected_only": corrected_only,
        },
    )
    return {Ref(row.claim_key, row.claim_id): (row.lines, row.fen) for row in rows}


async def release(tx: AsyncConnection, batch: Ref) -> None:
    """Let the failed lines of a cancelled batch wait again; it held nothing back."""
    values = {"batch_id": batch.id, "batch_key": batch.key}
    await tx.execute(
        text("""
            UPDATE failed_payment
               SET retry_key = NULL, retry_id = NULL
             WHERE retry_id = :batch_id AND retry_key = :batch_key
        """),
        values,
    )
    await tx.execute(
        text("""
            WITH part AS MATERIALIZED (
                SELECT claim_key, claim_id
                  FROM payment_part
                 WHERE batch_key = :batch_key AND batch_id = :batch_id
            )
            UPDATE failed_payment AS failed
               SET retry_key = failed.batch_key, retry_id = failed.batch_id
              FROM part
             WHERE failed.claim_key = part.claim_key AND failed.claim_id = part.claim_id
               AND failed.batch_id = :batch_id AND failed.outcome = 'not_due'
        """),
        values,
    )


_FAILED = f"""
SELECT *
  FROM (SELECT failed.claim_key, failed.claim_id, failed.line_no, failed.batch_key, failed.batch_id,
               failed.fund, failed.district, failed.outcome, failed.amount_fen,
               failed.reason_code, failed.reason, line.payee_name, line.bank, line.bank_number,
               line.bank_holder
          FROM {_OF_LINE}
         WHERE failed.retry_id IS NULL AND {_NOT_DOUBLE}) AS waiting
"""


async def _without_room(
    tx: AsyncConnection, lines: Sequence[tuple[Ref, int]]
) -> set[tuple[Ref, int]]:
    """Find those of some claim lines of whose month nothing more may be paid."""
    rows = await tx.execute(
        text(f"""
            WITH failed AS MATERIALIZED (
                SELECT line.claim_key, line.claim_id, line.line_no, line.person_id, line.reference
                  FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]), CAST(:numbers AS int[]))
                    AS named (claim_key, claim_id, line_no)
                  JOIN claim_line AS line
                    ON line.claim_key = named.claim_key AND line.claim_id = named.claim_id
                   AND line.line_no = named.line_no
            ), {_NOT_DUE}
            SELECT claim_key, claim_id, line_no FROM not_due
        """),
        _named(lines),
    )
    return {(Ref(row.claim_key, row.claim_id), row.line_no) for row in rows}


async def _corrected(
    tx: AsyncConnection, lines: Sequence[tuple[Ref, int]]
) -> dict[tuple[Ref, int], dict[str, Any]]:
    """Read the latest approved accounts of some claim lines."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (made.claim_key, made.claim_id, made.line_no)
                   made.claim_key, made.claim_id, made.line_no, made.bank, made.bank_number,
                   made.bank_holder
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]), CAST(:numbers AS int[]))
                AS named (claim_key, claim_id, line_no)
              JOIN account_correction AS made
                ON made.claim_key = named.claim_key AND made.claim_id = named.claim_id
               AND made.line_no = named.line_no AND made.status = 'approved'
             ORDER BY made.claim_key, made.claim_id, made.line_no, made.id DESC
        """),
        _named(lines),
    )
    return {
        (Ref(row.claim_key, row.claim_id), row.line_no): {
            "bank": row.bank,
            "bank_number": row.bank_number,
            "bank_holder": row.bank_holder,
        }
        for row in rows
    }


def _named(lines: Sequence[tuple[Ref, int]]) -> dict[str, Any]:
    return {
        "keys": [claim.key for claim, _ in lines],
        "ids": [claim.id for claim, _ in lines],
        "numbers": [line_no for _, line_no in lines],
    }


def _failed(
    *, claim_key: int, claim_id: UUID, batch_key: int, batch_id: UUID, outcome: str, **columns: Any
) -> FailedPayment:
    return FailedPayment(
        claim=Ref(claim_key, claim_id),
        batch=Ref(batch_key, batch_id),
        outcome=FailureOutcome(outcome),
        is_due=True,
        **columns,
    )


async def page(
    tx: AsyncConnection,
    *,
    filters: dict[str, str | None],
    after: FailedKey | None,
    limit: int,
) -> list[FailedPayment]:
    """Read what waits to be paid by claim and line, after one, with the account to pay to."""
    rows = await read_page(
        tx,
        _FAILED,
        key=("claim_id", "line_no", "batch_id", "outcome"),
        after=after,
        limit=limit,
        row=_failed,
        equal=filters,
    )
    lines = list(dict.fromkeys((row.claim, row.line_no) for row in rows))
    accounts, gone = await _corrected(tx, lines), await _without_room(tx, lines)
    return [
        replace(
            row,
            is_due=(row.claim, row.line_no) not in gone,
            **accounts.get((row.claim, row.line_no), {}),
        )
        for row in rows
    ]


async def waits(tx: AsyncConnection, claim: Ref, line_no: int) -> tuple[str, bytes, bytes] | None:
    """Find whether a claim line waits to be paid again; return (district, payee, holder) if it does."""
    row = (
        await tx.execute(
            text(f"""
                SELECT failed.district, line.payee_name, line.bank_holder
                  FROM {_OF_LINE}
                 WHERE failed.claim_key = :claim_key AND failed.claim_id = :claim_id
                   AND failed.line_no = :line_no
                   AND failed.retry_id IS NULL AND {_NOT_DOUBLE}
                 LIMIT 1
            """),
            {"claim_key": claim.key, "claim_id": claim.id, "line_no": line_no},
        )
    ).first()
    if row is None or await _without_room(tx, [(claim, line_no)]):
        return None
    return row.district, bytes(row.payee_name), bytes(row.bank_holder)
