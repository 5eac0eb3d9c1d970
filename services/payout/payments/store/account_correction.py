"""Corrections of accounts in the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.domain.failed import (
    AccountCorrection,
    CorrectedAccount,
    CorrectionStatus,
    CorrectionWaits,
)
from shared.ids import Ref
from shared.page import read_page

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


async def load(tx: AsyncConnection, ref: Ref) -> AccountCorrection | None:
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


async def page(
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
