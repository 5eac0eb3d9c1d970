"""Explain a bill line (缴费明细说明) by the declaration's lines and people behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.domain.bill import CHARGE
from services.collection.billing.flows import bill as billing_bill_flow
from services.collection.billing.store import credit as credit_store
from services.collection.billing.store.bill import BillLineRow, BillRow
from services.collection.billing.store.credit import CreditUseRow
from services.collection.common.domain.errors import NotOfContributions
from services.collection.explanation.flows import declaration as explanation_declaration_flow
from services.collection.filing.domain.records import DeclarationRow, LineRow, PersonRow
from services.collection.filing.domain.restatement import own_lines
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.store import declaration as declaration_store
from services.collection.levy.domain.levy import ContributionLine
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from shared.errors import NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLineExplanation:
    """A bill line, the declaration lines that it sums up, and a page of their people."""

    bill: BillRow
    line: BillLineRow
    declaration: DeclarationRow
    policy: Policy
    insurances: tuple[str, ...]
    parts: list[LineRow]
    unit_lines: list[ContributionLine]
    people: list[PersonRow]
    person_lines: list[list[ContributionLine]]
    uses: list[CreditUseRow]

    @property
    def now_fen(self) -> int:
        """Return the month's amount by this declaration."""
        return sum(part.amount_fen for part in own_lines(self.parts))

    @property
    def before_fen(self) -> int:
        """Return the amount levied by the restated declaration."""
        return self.now_fen - sum(part.amount_fen for part in self.parts)

    @property
    def cited(self) -> dict[str, tuple[str, bool]]:
        """Return the sources that the lines cite: id → (text, certain)."""
        lines = [*self.unit_lines, *(line for lines in self.person_lines for line in lines)]
        names = {line.rate.source for line in lines}
        names |= {line.limit.source for line in lines if line.limit is not None}
        names |= {factor.source for line in lines for factor in line.rate.factors}
        names |= {source for line in lines for source in line.category_sources}
        return {name: found for name, found in self.policy.sources.items() if name in names}


async def line(
    tx: AsyncConnection, ref: Ref, number: int, *, after: int, limit: int, caller: Caller
) -> BillLineExplanation:
    """Explain a bill line; list its people after a line number.

    Raises:
        NotFound: no such bill or line. Forbidden: the bill belongs to another district.
        NotOfContributions: the bill is of late charges, which have their own explanation.
    """
    bill, lines = await billing_bill_flow.find(tx, ref, caller)
    if bill.kind == CHARGE:
        raise NotOfContributions(bill=ref.text(Reference.BILL), kind=bill.kind)
    bill_line = next((row for row in lines if row.line_no == number), None)
    if bill_line is None:
        raise NotFound(bill=ref.text(Reference.BILL), line=number)
    row = await filing_declaration_flow.find(tx, Ref(bill.unit_id, bill.declaration_id), caller)
    policy = await policy_flow.by_id(tx, bill.policy_id)
    schedule = explanation_declaration_flow.schedule_of(policy, row)
    parts = _parts(bill_line, await declaration_store.lines(tx, row.unit_id, row.id, row.round))
    people = await declaration_store.people(tx, row, after, limit) if _has(parts, "people") else []
    of_unit = _has(parts, "unit") or _has(parts, "relief")
    unit_lines = (
        await explanation_declaration_flow.recompute_unit(tx, row, schedule) if of_unit else []
    )
    person_lines = await explanation_declaration_flow.recompute(tx, row, schedule, people)
    return BillLineExplanation(
        bill=bill,
        line=bill_line,
        declaration=row,
        policy=policy,
        insurances=schedule.insurances,
        parts=parts,
        unit_lines=_of(parts, unit_lines),
        people=people,
        person_lines=[_of(parts, own) for own in person_lines],
        uses=await credit_store.uses_of(tx, bill.unit_id, bill.id, number),
    )


def _parts(bill_line: BillLineRow, lines: Sequence[LineRow]) -> list[LineRow]:
    """Find the declaration lines that the bill line sums up, including those taken back."""
    key = (bill_line.insurance, bill_line.party, bill_line.account, bill_line.fund)
    parts = [row for row in lines if (row.insurance, row.party, row.account, row.fund) == key]
    issued_fen = bill_line.amount_fen + bill_line.credited_fen
    assert sum(row.amount_fen for row in parts) == issued_fen, (
        "a bill line is the sum of its declaration's lines"
    )
    return parts


def _has(parts: Sequence[LineRow], level: str) -> bool:
    return any(part.level == level for part in parts)


def _of(parts: Sequence[LineRow], lines: Sequence[ContributionLine]) -> list[ContributionLine]:
    """Select the computed lines behind some declaration lines.

    A levy by default has one rule for all of its lines, so insurance, party and account also count.
    """
    known = {(part.rule, part.insurance, part.party, part.account) for part in parts}
    return [
        line
        for line in lines
        if (line.rate.id, line.insurance, line.party, line.rate.account) in known
    ]
