"""Quotes of a person by the rows in force, from the records of collection and the ledger."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.formulas.clients import BenefitRecords
from services.payout.formulas.domain.person import PersonQuestion, PersonRecord, quote_person
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.worksheet import BenefitQuote
from services.payout.formulas.store import row as formula_row_store
from shared.roles import Caller


async def record_of(
    records: BenefitRecords, person: str, day: date, caller: Caller
) -> PersonRecord:
    """Read a person's records, before any transaction begins.

    Raises:
        InsuredPersonUnknown, BenefitRecordUnavailable: see `BenefitRecords.of`.
        Forbidden: the person was never at a unit of the caller's district.
    """
    record = await records.of(person, day)
    record.require_own(caller)
    return record


async def quote(
    tx: AsyncConnection, place: str, day: date, record: PersonRecord, question: PersonQuestion
) -> BenefitQuote:
    """Quote a benefit of a person; nothing is stored.

    Raises:
        Faulty, OutsideFlexibleRange, FormulaRowMissing: see `quote_person`.
    """
    book = RowBook(await formula_row_store.in_force(tx, place), place)
    return quote_person(book, day, record, question)
