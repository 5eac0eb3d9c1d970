"""Shapes of the explanation of a bill line."""

from __future__ import annotations

from pydantic import Field

from services.collection.billing.schemas.bill import BillLineOut
from services.collection.billing.schemas.credit import CreditUseOut
from services.collection.explanation.flows.bill import BillLineExplanation
from services.collection.filing.domain.records import PersonRow
from services.collection.filing.schemas.declaration import DeclarationLineOut
from services.collection.levy.schemas import ExplainOut, SourceOut
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out, YuanOut


class PersonShareOut(Out):
    """One person's share of a bill line, masked; `explain` is empty if the share is nil."""

    line: int
    person: str | None
    masked_identity_number: str | None
    name: str | None
    amount: YuanOut
    explain: list[ExplainOut]

    @classmethod
    def of(cls, row: PersonRow, explain: list[ExplainOut], amount_fen: int) -> PersonShareOut:
        """Build the answer."""
        person = None
        if row.person_uuid is not None:
            person = Ref(row.person_id, row.person_uuid).text(Reference.PERSON)
        return cls(
            line=row.line_no,
            person=person,
            masked_identity_number=row.masked_number,
            name=row.masked_name,
            amount=amount_fen,
            explain=explain,
        )


class BillLineExplanationOut(Out):
    """A bill line, explained down to rules and sources.

    `parts` are the declaration lines that it sums up; `unit_lines` and `people` explain these. A
    bill that restates a month is for the difference between `levied_now` and `levied_before`;
    `credited_by` lists the credits that have lowered it since.
    """

    bill: str
    declaration: str
    corrects: str | None = Field(description="所更正的申报 (the restated declaration)")
    levied_before: YuanOut
    levied_now: YuanOut
    credited_by: list[CreditUseOut]
    period: str
    policy: str
    line: BillLineOut
    parts: list[DeclarationLineOut]
    unit_lines: list[ExplainOut]
    people: list[PersonShareOut]
    sources: dict[str, SourceOut]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(
        cls, found: BillLineExplanation, people: list[PersonShareOut], following: str | None
    ) -> BillLineExplanationOut:
        """Build the answer."""
        return cls(
            bill=Ref(found.bill.unit_id, found.bill.id).text(Reference.BILL),
            declaration=Ref(found.declaration.unit_id, found.declaration.id).text(
                Reference.DECLARATION
            ),
            corrects=None
            if found.declaration.corrects is None
            else Ref(found.declaration.unit_id, found.declaration.corrects).text(
                Reference.DECLARATION
            ),
            levied_before=found.before_fen,
            levied_now=found.now_fen,
            credited_by=[CreditUseOut.of(found.bill.unit_id, use) for use in found.uses],
            period=found.bill.period,
            policy=found.policy.pack,
            line=BillLineOut.of(found.line),
            parts=[DeclarationLineOut.of(part) for part in found.parts],
            unit_lines=[ExplainOut.of(line) for line in found.unit_lines],
            people=people,
            sources={
                name: SourceOut(text=text, certain=certain)
                for name, (text, certain) in found.cited.items()
            },
            next_cursor=following,
            has_more=following is not None,
        )


def shares_of(found: BillLineExplanation) -> list[PersonShareOut]:
    """Build the page of people."""
    return [
        PersonShareOut.of(
            row,
            [ExplainOut.of(line) for line in lines],
            sum(line.amount_fen for line in lines),
        )
        for row, lines in zip(found.people, found.person_lines, strict=True)
    ]
