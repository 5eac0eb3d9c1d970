"""Entries that settle recovery cases, in the database: their shares, and months given back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.domain.settle import (
    DividedEntry,
    EntryStatus,
    RecoveryEntry,
    Share,
    Way,
    expense_fen,
)
from services.payout.recoveries.store.case import line_of
from shared.ids import Ref
from shared.page import read_page

_COLUMNS: Final = """case_key, id, case_id, way, amount_fen, reason, document, bank_serial, claim_key,
       claim_id, status, entered_by, decided_by, booked_on"""


def _entry(
    *,
    case_key: int,
    id: UUID,
    case_id: UUID,
    way: str,
    status: str,
    claim_key: int | None,
    claim_id: UUID | None,
    **columns: Any,
) -> RecoveryEntry:
    return RecoveryEntry(
        ref=Ref(case_key, id),
        case=Ref(case_key, case_id),
        way=Way(way),
        status=EntryStatus(status),
        claim=None if claim_key is None or claim_id is None else Ref(claim_key, claim_id),
        **columns,
    )


async def insert(
    tx: AsyncConnection, entries: Sequence[RecoveryEntry], receipt_key: int | None = None
) -> None:
    """Store proposed entries."""
    await tx.execute(
        text("""
            INSERT INTO recovery_entry (case_key, id, case_id, way, amount_fen, reason, document,
                                        receipt_key, bank_serial, claim_key, claim_id, entered_by)
            VALUES (:case_key, :id, :case_id, :way, :amount_fen, :reason, :document, :receipt_key,
                    :bank_serial, :claim_key, :claim_id, :entered_by)
        """),
        [
            {
                "case_key": entry.ref.key,
                "id": entry.ref.id,
                "case_id": entry.case.id,
                "way": entry.way.value,
                "amount_fen": entry.amount_fen,
                "reason": entry.reason,
                "document": entry.document,
                "receipt_key": receipt_key,
                "bank_serial": entry.bank_serial,
                "claim_key": entry.claim.key if entry.claim else None,
                "claim_id": entry.claim.id if entry.claim else None,
                "entered_by": entry.entered_by,
            }
            for entry in entries
        ],
    )


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> RecoveryEntry | None:
    """Read an entry; `lock` it for the rest of the transaction before changing it."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM recovery_entry
                 WHERE case_key = :case_key AND id = :id
                {"FOR UPDATE" if lock else ""}
            """),
            {"case_key": ref.key, "id": ref.id},
        )
    ).first()
    return _entry(**row._mapping) if row else None


async def decide(
    tx: AsyncConnection, refs: Sequence[Ref], status: EntryStatus, decided_by: str | None
) -> None:
    """Store what became of entries."""
    await tx.execute(
        text("""
            UPDATE recovery_entry
               SET status = :status, decided_by = coalesce(:decided_by, decided_by),
                   decided_at = CASE WHEN CAST(:decided_by AS text) IS NULL THEN decided_at
                                     ELSE now() END
             WHERE case_key = :case_key AND id = :id
        """),
        [
            {"case_key": ref.key, "id": ref.id, "status": status.value, "decided_by": decided_by}
            for ref in refs
        ],
    )


async def book(tx: AsyncConnection, divided: Sequence[DividedEntry], booked_on: date) -> None:
    """Store on which day the books have entries, and by how much each moves the expense."""
    await tx.execute(
        text("""
            UPDATE recovery_entry SET booked_on = :booked_on, expense_fen = :expense_fen
             WHERE case_key = :case_key AND id = :id
        """),
        [
            {
                "case_key": one.entry.ref.key,
                "id": one.entry.ref.id,
                "booked_on": booked_on,
                "expense_fen": expense_fen(one.shares, one.entry.way, booked_on.year),
            }
            for one in divided
        ],
    )


async def share(tx: AsyncConnection, divided: Sequence[DividedEntry], year: int) -> None:
    """Divide entries over the lines of their cases; all of them are write-offs, or none is."""
    is_write_off = divided[0].entry.way is Way.WRITE_OFF
    column = "written_off_fen" if is_write_off else "recovered_fen"
    values = [
        {
            "case_key": one.entry.ref.key,
            "case_id": one.entry.case.id,
            "entry_id": one.entry.ref.id,
            "numbers": [share.line.line_no for share in one.shares],
            "fens": [share.fen for share in one.shares],
            "incomes": [share.is_income(year) for share in one.shares],
        }
        for one in divided
    ]
    await tx.execute(
        text("""
            INSERT INTO recovery_share (case_key, entry_id, line_no, fen, is_income)
            SELECT CAST(:case_key AS bigint), CAST(:entry_id AS uuid), line_no, fen, is_income
              FROM unnest(CAST(:numbers AS integer[]), CAST(:fens AS bigint[]),
                          CAST(:incomes AS boolean[])) AS share (line_no, fen, is_income)
        """),
        values,
    )
    await tx.execute(
        text(f"""
            UPDATE recovery_line AS line
               SET {column} = line.{column} + share.fen
              FROM unnest(CAST(:numbers AS integer[]), CAST(:fens AS bigint[]))
                AS share (line_no, fen)
             WHERE line.case_key = :case_key AND line.case_id = :case_id
               AND line.line_no = share.line_no
        """),
        values,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """The person and kind whose months an entry gives back, and the claim that kept it, if one did."""

    key: int
    blind: bytes
    kind: str
    entry: Ref
    claim: Ref | None
    shares: Sequence[Share]


async def give_back(tx: AsyncConnection, given: Sequence[GivenBack]) -> None:
    """Write parts below zero of the months, so that their net is what the person has of them."""
    await tx.execute(
        text("""
            INSERT INTO pension_month (person_id, identity_blind, kind, period, part, amount_fen,
                                       claim_key, claim_id, recovery_id)
            SELECT CAST(:key AS bigint), CAST(:blind AS bytea), CAST(:kind AS text), share.period,
                   row_number() OVER (PARTITION BY share.period) + (
                       SELECT coalesce(max(part), 0)
                         FROM pension_month AS month
                        WHERE month.person_id = :key AND month.identity_blind = :blind
                          AND month.kind = :kind AND month.period = share.period),
                   -share.fen, share.claim_key, share.claim_id, CAST(:entry_id AS uuid)
              FROM unnest(CAST(:periods AS text[]), CAST(:fens AS bigint[]),
                          CAST(:claim_keys AS bigint[]), CAST(:claim_ids AS uuid[]))
                AS share (period, fen, claim_key, claim_id)
        """),
        [
            {
                "key": one.key,
                "blind": one.blind,
                "kind": one.kind,
                "entry_id": one.entry.id,
                "periods": [str(share.line.period) for share in one.shares],
                "fens": [share.fen for share in one.shares],
                "claim_keys": [(one.claim or share.line.claim).key for share in one.shares],
                "claim_ids": [(one.claim or share.line.claim).id for share in one.shares],
            }
            for one in given
        ],
    )


async def of_claim(tx: AsyncConnection, claim: Ref) -> list[RecoveryEntry]:
    """Read and lock the undecided entries of a run, in the order of their keys."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM recovery_entry
             WHERE claim_id = :claim_id AND claim_key = :claim_key AND status = 'proposed'
             ORDER BY case_key, id
               FOR UPDATE
        """),
        {"claim_key": claim.key, "claim_id": claim.id},
    )
    return [_entry(**row._mapping) for row in rows]


async def divided(tx: AsyncConnection, entries: Sequence[RecoveryEntry]) -> list[DividedEntry]:
    """Read how entries are divided over the lines of their cases."""
    rows = await tx.execute(
        text("""
            SELECT divided.entry_id, line.line_no, line.period, line.claim_key, line.claim_id,
                   line.claim_line_no, line.district, line.account, line.paid_year,
                   line.amount_fen, line.recovered_fen, line.written_off_fen, divided.fen
              FROM unnest(CAST(:keys AS bigint[]), CAST(:cases AS uuid[]), CAST(:ids AS uuid[]))
                AS named (case_key, case_id, entry_id)
              JOIN recovery_share AS divided
                ON divided.case_key = named.case_key AND divided.entry_id = named.entry_id
              JOIN recovery_line AS line
                ON line.case_key = divided.case_key AND line.line_no = divided.line_no
               AND line.case_id = named.case_id
             ORDER BY divided.entry_id, line.line_no
        """),
        {
            "keys": [entry.ref.key for entry in entries],
            "cases": [entry.case.id for entry in entries],
            "ids": [entry.ref.id for entry in entries],
        },
    )
    shares: dict[UUID, list[Share]] = {entry.ref.id: [] for entry in entries}
    for row in rows:
        shares[row.entry_id].append(Share(line_of(row), row.fen))
    return [DividedEntry(entry, shares[entry.ref.id]) for entry in entries]


async def mark_income(tx: AsyncConnection, divided: Sequence[DividedEntry], year: int) -> None:
    """Say again which shares are 其他收入: the year of the booking is known now."""
    await tx.execute(
        text("""
            UPDATE recovery_share SET is_income = line_no = ANY (CAST(:incomes AS integer[]))
             WHERE case_key = :case_key AND entry_id = :entry_id
        """),
        [
            {
                "case_key": one.entry.ref.key,
                "entry_id": one.entry.ref.id,
                "incomes": [share.line.line_no for share in one.shares if share.is_income(year)],
            }
            for one in divided
        ],
    )


async def unshare(tx: AsyncConnection, entries: Sequence[RecoveryEntry]) -> None:
    """Take entries off the lines of their cases again."""
    await tx.execute(
        text("""
            UPDATE recovery_line AS line
               SET recovered_fen = line.recovered_fen - divided.fen
              FROM recovery_share AS divided
             WHERE line.case_key = :case_key AND line.case_id = :case_id
               AND divided.case_key = :case_key AND divided.entry_id = :entry_id
               AND divided.line_no = line.line_no
        """),
        [
            {
                "case_key": entry.ref.key,
                "case_id": entry.case.id,
                "entry_id": entry.ref.id,
            }
            for entry in entries
        ],
    )


async def of_case(tx: AsyncConnection, case: Ref) -> list[RecoveryEntry]:
    """Read the entries of a case in order."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM recovery_entry
             WHERE case_key = :case_key AND case_id = :case_id
             ORDER BY id
             LIMIT 10000
        """),
        {"case_key": case.key, "case_id": case.id},
    )
    return [_entry(**row._mapping) for row in rows]


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[RecoveryEntry]:
    """Read entries in order; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM recovery_entry",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_entry,
        equal=filters,
    )
