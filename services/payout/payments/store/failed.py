"""Failed payments and account corrections in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.store.due import ROOM
from services.payout.payments.domain.failed import (
    AccountCorrection,
    CorrectedAccount,
    CorrectionStatus,
    CorrectionWaits,
    FailedKey,
    FailedPayment,
    FailureOutcome,
)
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


_NOT_DUE: Final = f"""
           EXISTS (
               SELECT 1
                 FROM claim_line AS pension
                 JOIN pension_month AS month
                   ON month.claim_key = pension.claim_key AND month.claim_id = pension.claim_id
                  AND month.person_id = pension.person_id AND month.period = pension.reference
                  AND month.live AND month.amount_fen > 0
                {ROOM}
                WHERE pension.claim_key = failed.claim_key
                  AND pension.claim_id = failed.claim_id
                  AND pension.line_no = failed.line_no
                  AND room.fen <= 0)"""
"""True for a pension of whose month nothing more may be paid."""

_WAITS: Final = f"""
           failed.retry_id IS NULL
           AND NOT {_NOT_DUE}
           AND NOT EXISTS (
                   SELECT 1
                     FROM double_payment AS twice
                    WHERE twice.claim_key = failed.claim_key
                      AND twice.claim_id = failed.claim_id
                      AND twice.line_no = failed.line_no)"""
"""True for a failed line that the next batch of its claim may pay."""

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
                 JOIN claim_line AS whole
                   ON whole.claim_key = taken.claim_key AND whole.claim_id = taken.claim_id
                  AND whole.line_no = taken.claim_line_no
                WHERE taken.case_key = failed.claim_key AND taken.claim_id = failed.claim_id
                  AND taken.claim_line_no = failed.line_no AND taken.recovered_fen = 0
                  AND taken.amount_fen IN (0, whole.amount_fen)
                  AND owner.cause = 'claim' AND owner.status <> 'refused')"""


async def ready_claims(
    tx: AsyncConnection, fund: str, district: str | None, limit: int
) -> list[Ref]:
    """Find claims with failed lines that wait on a corrected account, oldest first."""
    rows = await tx.execute(
        text(f"""
            SELECT DISTINCT failed.claim_id, failed.claim_key
              FROM failed_payment AS failed
             WHERE failed.fund = :fund
               AND (CAST(:district AS text) IS NULL OR failed.district = CAST(:district AS text))
               AND {_WAITS}
               AND {_CORRECTED}
               AND NOT {_WRONG}
             ORDER BY failed.claim_id
             LIMIT :limit
        """),
        {"fund": fund, "district": district, "limit": limit},
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
    rows = await tx.execute(
        text(f"""
            WITH waiting AS (
                SELECT failed.claim_key, failed.claim_id, failed.line_no, failed.batch_id,
                       failed.outcome
                  FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]))
                    AS wanted (claim_key, claim_id)
                  JOIN failed_payment AS failed
                    ON failed.claim_key = wanted.claim_key AND failed.claim_id = wanted.claim_id
                 WHERE {_WAITS}
                   AND (NOT CAST(:corrected_only AS boolean) OR {_CORRECTED})
                   AND NOT {_WRONG}
                 ORDER BY failed.claim_key, failed.claim_id, failed.line_no
                   FOR UPDATE OF failed
            ), reserved AS (
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
            "keys": [ref.key for ref in claims],
            "ids": [ref.id for ref in claims],
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
            UPDATE failed_payment AS failed
               SET retry_key = failed.batch_key, retry_id = failed.batch_id
              FROM payment_part AS part
             WHERE part.batch_key = :batch_key AND part.batch_id = :batch_id
               AND failed.claim_key = part.claim_key AND failed.claim_id = part.claim_id
               AND failed.batch_id = :batch_id AND failed.outcome = 'not_due'
        """),
        values,
    )


_FAILED = f"""
SELECT *
  FROM (SELECT failed.claim_key, failed.claim_id, failed.line_no, failed.batch_key, failed.batch_id,
               failed.fund, failed.district, failed.outcome, failed.amount_fen,
               failed.reason_code, failed.reason,
               line.payee_name, coalesce(corrected.bank, line.bank) AS bank,
               coalesce(corrected.bank_number, line.bank_number) AS bank_number,
               coalesce(corrected.bank_holder, line.bank_holder) AS bank_holder,
               NOT {_NOT_DUE} AS is_due
          FROM failed_payment AS failed
          JOIN claim_line AS line
            ON line.claim_key = failed.claim_key AND line.claim_id = failed.claim_id
           AND line.line_no = failed.line_no
          LEFT JOIN LATERAL (
               SELECT bank, bank_number, bank_holder
                 FROM account_correction
                WHERE account_correction.claim_key = failed.claim_key
                  AND account_correction.claim_id = failed.claim_id
                  AND account_correction.line_no = failed.line_no
                  AND account_correction.status = 'approved'
                ORDER BY account_correction.id DESC
                LIMIT 1) AS corrected ON true
         WHERE failed.retry_id IS NULL
           AND NOT EXISTS (
                   SELECT 1
                     FROM double_payment AS twice
                    WHERE twice.claim_key = failed.claim_key
                      AND twice.claim_id = failed.claim_id
                      AND twice.line_no = failed.line_no)) AS waiting
"""


def _failed(
    *, claim_key: int, claim_id: UUID, batch_key: int, batch_id: UUID, outcome: str, **columns: Any
) -> FailedPayment:
    return FailedPayment(
        claim=Ref(claim_key, claim_id),
        batch=Ref(batch_key, batch_id),
        outcome=FailureOutcome(outcome),
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
    return await read_page(
        tx,
        _FAILED,
        key=("claim_id", "line_no", "batch_id", "outcome"),
        after=after,
        limit=limit,
        row=_failed,
        equal=filters,
    )


async def waits(tx: AsyncConnection, claim: Ref, line_no: int) -> tuple[str, bytes, bytes] | None:
    """Find whether a claim line waits to be paid again; return (district, payee, holder) if it does."""
    row = (
        await tx.execute(
            text(f"""
                SELECT failed.district, line.payee_name, line.bank_holder
                  FROM failed_payment AS failed
                  JOIN claim_line AS line
                    ON line.claim_key = failed.claim_key AND line.claim_id = failed.claim_id
                   AND line.line_no = failed.line_no
                 WHERE failed.claim_key = :claim_key AND failed.claim_id = :claim_id
                   AND failed.line_no = :line_no
                   AND {_WAITS}
                 LIMIT 1
            """),
            {"claim_key": claim.key, "claim_id": claim.id, "line_no": line_no},
        )
    ).first()
    return (row.district, bytes(row.payee_name), bytes(row.bank_holder)) if row else None


# --- account corrections ---------------------------------------------------------------------

_COLUMNS = """claim_key, id, claim_id, line_no, district, bank, bank_number, bank_holder,
                   holder_reason, note, status, proposed_by"""


def _correction(
    *,
    claim_key: int,
    id: UUID,
    claim_id: UUID,
    bank: str,
    bank_number: bytes,
    bank_holder: bytes,
    holder_reason: str | None,
    status: str,
    **columns: Any,
) -> AccountCorrection:
    return AccountCorrection(
        ref=Ref(claim_key, id),
        claim=Ref(claim_key, claim_id),
        account=CorrectedAccount(
            bank=bank,
            bank_number=bank_number,
            bank_holder=bank_holder,
            holder_reason=holder_reason,
        ),
        status=CorrectionStatus(status),
        **columns,
    )


async def propose(tx: AsyncConnection, correction: AccountCorrection) -> None:
    """Store a proposed correction.

    Raises:
        CorrectionWaits: another correction of the line waits.
    """
    try:
        await tx.execute(
            text("""
                INSERT INTO account_correction (claim_key, id, claim_id, line_no, district, bank,
                                                bank_number, bank_holder, holder_reason, note,
                                                proposed_by)
                VALUES (:claim_key, :id, :claim_id, :line_no, :district, :bank, :bank_number,
                        :bank_holder, :holder_reason, :note, :proposed_by)
            """),
            {
                "claim_key": correction.ref.key,
                "id": correction.ref.id,
                "claim_id": correction.claim.id,
                "line_no": correction.line_no,
                "district": correction.district,
                "bank": correction.account.bank,
                "bank_number": correction.account.bank_number,
                "bank_holder": correction.account.bank_holder,
                "holder_reason": correction.account.holder_reason,
                "note": correction.note,
                "proposed_by": correction.proposed_by,
            },
        )
    except IntegrityError as error:
        if "account_correction_waiting" in str(error.orig):
            raise CorrectionWaits(line=correction.line_no) from None
        raise


async def load_correction(tx: AsyncConnection, ref: Ref) -> AccountCorrection | None:
    """Read a correction and lock it for the rest of the transaction."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM account_correction
                 WHERE claim_key = :claim_key AND id = :id
                   FOR UPDATE
            """),
            {"claim_key": ref.key, "id": ref.id},
        )
    ).first()
    return _correction(**row._mapping) if row else None


async def decide(tx: AsyncConnection, ref: Ref, status: CorrectionStatus, decided_by: str) -> None:
    """Store the decision about a proposed correction."""
    await tx.execute(
        text("""
            UPDATE account_correction
               SET status = :status, decided_by = :decided_by, decided_at = now()
             WHERE claim_key = :claim_key AND id = :id AND status = 'proposed'
        """),
        {
            "claim_key": ref.key,
            "id": ref.id,
            "status": status.value,
            "decided_by": decided_by,
        },
    )


async def page_of_corrections(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[AccountCorrection]:
    """Read corrections by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM account_correction",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_correction,
        equal=filters,
    )
