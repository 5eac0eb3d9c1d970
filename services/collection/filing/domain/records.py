"""Stored declarations as values: the header, the levied lines, the people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.collection.levy.domain.totals import Totals, totals
from services.collection.policy.domain.policy import Policy
from shared.fund import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationRow:
    """A declaration's header.

    `unit_fen`, `personal_fen` and `total_fen` are signed sums of its lines: a declaration that
    corrects another one (`corrects`) takes back what that one levied.
    """

    unit_id: int
    id: UUID
    credit_code: str
    district: str
    period: str
    round: int
    status: str
    policy_id: UUID
    unit_kind: str
    injury_class: int | None
    unit_wage_total_fen: int | None
    people: int
    wages_fen: int
    unit_fen: int
    personal_fen: int
    total_fen: int
    summary_id: UUID | None = None
    submitted_at: datetime | None = None
    kind: str = "monthly"
    corrects: UUID | None = None
    reason_code: str | None = None
    note: str | None = None
    review_id: UUID | None = None
    injury_step: str | None = None
    unit_size: str | None = None
    frozen_base_fen: int | None = None

    @property
    def key(self) -> tuple[int, UUID, int]:
        """Unit, declaration and round: the key of its lines and people, and of its trail."""
        return self.unit_id, self.id, self.round


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """The amount that a declaration levies for one insurance and party."""

    line_no: int
    level: str
    insurance: str
    party: str
    account: str
    fund: str
    rule: str
    base_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One person of a declaration; arrays are in the policy's order of insurances."""

    line_no: int
    person_id: int
    person_uuid: UUID | None
    masked_number: str | None
    masked_name: str | None
    wage_fen: int
    asked_fen: list[int] | None
    base_fen: list[int]
    unit_fen: list[int]
    personal_fen: list[int]


@dataclass(frozen=True, slots=True)
class LeviedDeclaration:
    """A declaration with its lines and its policy."""

    row: DeclarationRow
    lines: list[LineRow]
    policy: Policy


def totals_of(lines: Sequence[LineRow]) -> Totals:
    """Add up levied lines by party, insurance and fund."""
    return totals((Party(line.party), line.insurance, line.fund, line.amount_fen) for line in lines)
