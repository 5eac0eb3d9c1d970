"""Shapes of a declaration's people, and of the calculation of their amounts."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from services.collection.explanation.flows.declaration import DeclarationExplanation
from services.collection.filing.domain.records import PersonRow
from services.collection.levy.schemas import ExplainOut, StandingOut
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out, YuanOut


class PersonInsuranceOut(Out):
    """Base and contributions of one person for one insurance."""

    insurance: str
    base: YuanOut
    unit: YuanOut
    personal: YuanOut


class PersonLineOut(Out):
    """One person of a declaration, masked; `explain` is present if requested."""

    line: int
    person: str | None
    masked_identity_number: str | None
    name: str | None
    wage: YuanOut
    insurances: list[PersonInsuranceOut]
    standing: StandingOut | None = Field(
        default=None, description="参保类别 (null: an ordinary employee)"
    )
    explain: list[ExplainOut] | None = None

    @classmethod
    def of(cls, row: PersonRow, insurances: tuple[str, ...]) -> PersonLineOut:
        """Build the list item."""
        return cls(**cls._members(row, insurances))

    @classmethod
    def _members(cls, row: PersonRow, insurances: tuple[str, ...]) -> dict[str, Any]:
        person = None
        if row.person_uuid is not None:
            person = Ref(row.person_id, row.person_uuid).text(Reference.PERSON)
        columns = zip(insurances, row.base_fen, row.unit_fen, row.personal_fen, strict=True)
        return {
            "line": row.line_no,
            "person": person,
            "masked_identity_number": row.masked_number,
            "name": row.masked_name,
            "wage": row.wage_fen,
            "insurances": [
                PersonInsuranceOut(insurance=name, base=base, unit=unit, personal=personal)
                for name, base, unit, personal in columns
            ],
        }


class PersonLinesOut(Out):
    """A page of a declaration's people; `unit_lines` explains the levy on the unit as a whole."""

    items: list[PersonLineOut]
    unit_lines: list[ExplainOut]
    next_cursor: str | None
    has_more: bool


def person_lines_out(found: DeclarationExplanation) -> list[PersonLineOut]:
    """Build a page of people, with explanations if they were computed."""
    items = [
        PersonLineOut.of(row, found.insurances).model_copy(update={"standing": standing})
        if (standing := _coverage_out(found, row)) is not None
        else PersonLineOut.of(row, found.insurances)
        for row in found.people
    ]
    if not found.lines:
        return items
    return [
        item.model_copy(update={"explain": [ExplainOut.of(line) for line in lines]})
        for item, lines in zip(items, found.lines, strict=True)
    ]


def _coverage_out(found: DeclarationExplanation, row: PersonRow) -> StandingOut | None:
    known = found.coverages.get(row.line_no)
    return None if known is None else StandingOut.of(*known)
