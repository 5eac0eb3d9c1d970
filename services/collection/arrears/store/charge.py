"""SQL of late charges (加收), of the facts to assess them, and of the bills that ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.allocation import Bill, BillLine
from services.collection.arrears.domain.late import ChargedSoFar, LateAssessment
from services.collection.policy.domain.charge import ChargeKind
from shared.page import read_page


@dataclass(frozen=True, slots=True)
class PolicyDates:
    """A policy and the days on which it is in force."""

    policy_id: UUID
    effective_from: date
    effective_to: date | None


async def in_force(tx: AsyncConnection, region: str) -> list[PolicyDates]:
    """Read the policies of a region that are or were in force, by day."""
    rows = await tx.execute(
        text("""
            SELECT id AS policy_id, effective_from, effective_to
              FROM policy
             WHERE region = :region AND status = 'in_force'
             ORDER BY effective_from
             LIMIT 1000
        """),
        {"region": region},
    )
    return [PolicyDates(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtLine:
    """A line of a bill that the unit itself pays."""

    unit_id: int
    bill_id: UUID
    policy_id: UUID
    collector: str
    period: str
    due_on: date
    line_no: int
    insurance: str
    fund: str


async def debts(tx: AsyncConnection, wanted: Iterable[tuple[int, UUID]]) -> list[DebtLine]:
    """Read the lines of bills (unit, id) that the unit itself pays."""
    units, ids = zip(*sorted(set(wanted)), strict=True) if wanted else ((), ())
    rows = await tx.execute(
        text("""
            SELECT bill.unit_id, bill.id AS bill_id, bill.policy_id, bill.collector, bill.period,
                   bill.due_on, line.line_no, line.insurance, line.fund
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[])) AS wanted (unit_id, id)
              JOIN bill ON bill.unit_id = wanted.unit_id AND bill.id = wanted.id
              JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
             WHERE line.party = 'unit'
        """),
        {"units": list(units), "ids": list(ids)},
    )
    return [DebtLine(**row._mapping) for row in rows]


async def charged(
    tx: AsyncConnection, wanted: Iterable[tuple[int, UUID]], *, until: date | None = None
) -> dict[tuple[UUID, int, ChargeKind], ChargedSoFar]:
    """Sum the charges of bill lines so far, or until the end of a day."""
    units, ids = zip(*sorted(set(wanted)), strict=True) if wanted else ((), ())
    rows = await tx.execute(
        text("""
            SELECT charge.bill_id, charge.line_no, charge.kind, sum(charge.parts) AS parts,
                   CAST(sum(charge.amount_fen) AS bigint) AS amount_fen
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[])) AS wanted (unit_id, id)
              JOIN charge ON charge.unit_id = wanted.unit_id AND charge.bill_id = wanted.id
             WHERE CAST(:until AS date) IS NULL OR charge.fixed_on <= :until
             GROUP BY charge.bill_id, charge.line_no, charge.kind
        """),
        {"units": list(units), "ids": list(ids), "until": until},
    )
    return {
        (row.bill_id, row.line_no, ChargeKind(row.kind)): ChargedSoFar(
            int(row.parts), row.amount_fen
        )
        for row in rows
    }


async def insert_bills(tx: AsyncConnection, assessments: Sequence[LateAssessment]) -> None:
    """Write charge bills and their lines."""
    made = [(one, bill) for one in assessments if (bill := one.charge_bill) is not None]
    if not made:
        return
    await tx.execute(
        text("""
            INSERT INTO bill (unit_id, id, declaration_id, credit_code, district, period,
                              policy_id, issued_on, due_on, total_fen, status, collector, kind,
                              of_bill)
            SELECT unit_id, id, declaration_id, credit_code, district, period, policy_id,
                   issued_on, due_on, total_fen, 'open', collector, 'charge', of_bill
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:declaration_ids AS uuid[]), CAST(:credit_codes AS text[]),
                          CAST(:districts AS text[]), CAST(:periods AS text[]),
                          CAST(:policy_ids AS uuid[]), CAST(:issued AS date[]),
                          CAST(:due AS date[]), CAST(:totals AS bigint[]),
                          CAST(:collectors AS text[]), CAST(:of_bills AS uuid[]))
                AS batch (unit_id, id, declaration_id, credit_code, district, period, policy_id,
                          issued_on, due_on, total_fen, collector, of_bill)
        """),
        {
            "unit_ids": [bill.unit_id for _, bill in made],
            "ids": [bill.id for _, bill in made],
            "declaration_ids": [bill.declaration_id for _, bill in made],
            "credit_codes": [bill.credit_code for _, bill in made],
            "districts": [bill.district for _, bill in made],
            "periods": [bill.period for _, bill in made],
            "policy_ids": [one.late_bill.policy_id for one, _ in made],
            "issued": [bill.issued_on for _, bill in made],
            "due": [bill.due_on for _, bill in made],
            "totals": [bill.total_fen for _, bill in made],
            "collectors": [one.late_bill.collector for one, _ in made],
            "of_bills": [one.paid_bill.id for one, _ in made],
        },
    )
    await _insert_bill_lines(
        tx,
        [
            (bill, line, insurance)
            for one, bill in made
            for line, insurance in zip(bill.lines, one.insurances, strict=True)
        ],
    )


async def _insert_bill_lines(
    tx: AsyncConnection, lines: Sequence[tuple[Bill, BillLine, str]]
) -> None:
    await tx.execute(
        text("""
            INSERT INTO bill_line (unit_id, bill_id, line_no, insurance, party, account, fund,
                                   amount_fen)
            SELECT unit_id, bill_id, line_no, insurance, 'unit', account, fund, amount_fen
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:bill_ids AS uuid[]),
                          CAST(:line_nos AS smallint[]), CAST(:insurances AS text[]),
                          CAST(:accounts AS text[]), CAST(:funds AS text[]),
                          CAST(:amounts AS bigint[]))
                AS batch (unit_id, bill_id, line_no, insurance, account, fund, amount_fen)
        """),
        {
            "unit_ids": [bill.unit_id for bill, _, _ in lines],
            "bill_ids": [bill.id for bill, _, _ in lines],
            "line_nos": [line.line_no for _, line, _ in lines],
            "insurances": [insurance for _, _, insurance in lines],
            "accounts": [line.account for _, line, _ in lines],
            "funds": [line.fund for _, line, _ in lines],
            "amounts": [line.amount_fen for _, line, _ in lines],
        },
    )


async def insert(
    tx: AsyncConnection,
    assessments: Sequence[LateAssessment],
    explanations: Mapping[UUID, dict[str, Any]],
) -> None:
    """Write charges. The unique key allows each only once per event."""
    rows = [(one, charge) for one in assessments for charge in one.charges]
    await tx.execute(
        text("""
            INSERT INTO charge (unit_id, id, bill_id, line_no, kind, event_id, period, insurance,
                                fund, principal_fen, due_on, paid_on, fixed_on, days, parts,
                                amount_fen, charge_bill_id, explanation)
            SELECT *
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:bill_ids AS uuid[]), CAST(:line_nos AS smallint[]),
                          CAST(:kinds AS text[]), CAST(:event_ids AS uuid[]),
                          CAST(:periods AS text[]), CAST(:insurances AS text[]),
                          CAST(:funds AS text[]), CAST(:principals AS bigint[]),
                          CAST(:due AS date[]), CAST(:paid AS date[]), CAST(:fixed AS date[]),
                          CAST(:days AS integer[]), CAST(:parts AS numeric[]),
                          CAST(:amounts AS bigint[]), CAST(:charge_bills AS uuid[]),
                          CAST(:explanations AS jsonb[]))
        """),
        {
            "unit_ids": [one.paid_bill.unit_id for one, _ in rows],
            "ids": [charge.id for _, charge in rows],
            "bill_ids": [one.paid_bill.id for one, _ in rows],
            "line_nos": [charge.line_no for _, charge in rows],
            "kinds": [charge.accrual.kind.value for _, charge in rows],
            "event_ids": [one.payment.event_id for one, _ in rows],
            "periods": [one.paid_bill.period for one, _ in rows],
            "insurances": [charge.line.insurance for _, charge in rows],
            "funds": [charge.line.fund for _, charge in rows],
            "principals": [charge.accrual.principal_fen for _, charge in rows],
            "due": [one.late_bill.debt.due_on for one, _ in rows],
            "paid": [one.payment.paid_on for one, _ in rows],
            "fixed": [one.payment.booked_on for one, _ in rows],
            "days": [charge.accrual.days for _, charge in rows],
            "parts": [Decimal(charge.accrual.parts) for _, charge in rows],
            "amounts": [charge.amount_fen for _, charge in rows],
            "charge_bills": [one.charge_bill.id if one.charge_bill else None for one, _ in rows],
            "explanations": [orjson.dumps(explanations[charge.id]).decode() for _, charge in rows],
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRow:
    """A late charge as the list shows it."""

    unit_id: int
    id: UUID
    bill_id: UUID
    line_no: int
    kind: str
    period: str
    insurance: str
    fund: str
    principal_fen: int
    due_on: date
    paid_on: date
    fixed_on: date
    days: int
    amount_fen: int
    charge_bill_id: UUID | None
    explanation: dict[str, Any]


async def page(
    tx: AsyncConnection, unit_id: int, *, after: UUID | None, limit: int
) -> list[ChargeRow]:
    """Read the late charges of a unit, oldest first."""
    return await read_page(
        tx,
        """SELECT unit_id, id, bill_id, line_no, kind, period, insurance, fund, principal_fen,
                  due_on, paid_on, fixed_on, days, amount_fen, charge_bill_id, explanation
             FROM charge""",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=ChargeRow,
        equal={"unit_id": unit_id},
    )
