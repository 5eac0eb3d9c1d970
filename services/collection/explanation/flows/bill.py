"""Why a bill line is what it is: the declaration's lines behind it, and the people behind those."""

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
from services.collection.filing.domain.restatement import own_lines
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.store import declaration as declaration_store
from services.collection.filing.store.declaration import DeclarationRow, LineRow, PersonRow
from services.collection.levy.domain.levy import ContributionLine
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from shared.errors import NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class LineExplained:
    """A bill line, what it adds up, and a page of the people who make it up."""

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
        """What the month comes to by its paper."""
        return sum(part.amount_fen for part in own_lines(self.parts))

    @property
    def before_fen(self) -> int:
        """What the paper that is restated levied."""
        return self.now_fen - sum(part.amount_fen for part in self.parts)

    @property
    def cited(self) -> dict[str, tuple[str, bool]]:
        """The sources of all of it: id → (text, certain)."""
        lines = [*self.unit_lines, *(line for lines in self.person_lines for line in lines)]
        names = {line.rate.source for line in lines}
        names |= {line.limit.source for line in lines if line.limit is not None}
        names |= {factor.source for line in lines for factor in line.rate.factors}
        names |= {source for line in lines for source in line.standing_sources}
        return {name: found for name, found in self.policy.sources.items() if name in names}


async def line(
    tx: AsyncConnection, ref: Ref, number: int, *, after: int, limit: int, caller: Caller
) -> LineExplained:
    """A bill line with what made it, the people after a line number.

    Raises:
        NotFound, Forbidden: no such bill or line, or of another district than the caller.
        NotOfContributions: the bill asks for late charges, which have their own explanation.
    """
    bill, lines = await billing_bill_flow.find(tx, ref, caller)
    if bill.kind == CHARGE:
        raise NotOfContributions(bill=ref.text(Reference.BILL), kind=bill.kind)
    asked = next((row for row in lines if row.line_no == number), None)
    if asked is None:
        raise NotFound(bill=ref.text(Reference.BILL), line=number)
    row = await filing_declaration_flow.find(tx, Ref(bill.unit_id, bill.declaration_id), caller)
    policy = await policy_flow.by_id(tx, bill.policy_id)
    schedule = explanation_declaration_flow.schedule_of(policy, row)
    parts = _parts(asked, await declaration_store.lines(tx, row.unit_id, row.id, row.round))
    people = await declaration_store.people(tx, row, after, limit) if _has(parts, "people") else []
    of_unit = _has(parts, "unit") or _has(parts, "relief")
    whole = await explanation_declaration_flow.unit_again(tx, row, schedule) if of_unit else []
    made = await explanation_declaration_flow.again(tx, row, schedule, people)
    return LineExplained(
        bill=bill,
        line=asked,
        declaration=row,
        policy=policy,
        insurances=schedule.insurances,
        parts=parts,
        unit_lines=_of(parts, whole),
        people=people,
        person_lines=[_of(parts, own) for own in made],
        uses=await credit_store.uses_of(tx, bill.unit_id, bill.id, number),
    )


def _parts(asked: BillLineRow, lines: Sequence[LineRow]) -> list[LineRow]:
    """The declaration's lines that the bill line adds up, those that are taken back among them."""
    key = (asked.insurance, asked.party, asked.account, asked.fund)
    parts = [row for row in lines if (row.insurance, row.party, row.account, row.fund) == key]
    issued_fen = asked.amount_fen + asked.credited_fen
    assert sum(row.amount_fen for row in parts) == issued_fen, "a bill copies its declaration"
    return parts


def _has(parts: Sequence[LineRow], level: str) -> bool:
    return any(part.level == level for part in parts)


def _of(parts: Sequence[LineRow], lines: Sequence[ContributionLine]) -> list[ContributionLine]:
    """The lines behind some parts. What is levied by default has one rule for all of its lines."""
    known = {(part.rule, part.insurance, part.party, part.account) for part in parts}
    return [
        made
        for made in lines
        if (made.rate.id, made.insurance, made.party, made.rate.account) in known
    ]
