"""Findings of an inspection (稽核发现): one person's month, or one line of a claim. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.collection.register.domain.person import number_fault
from shared.errors import Fault, Refusal
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference


class FindingKind(StrEnum):
    """Kinds of findings."""

    BASE_UNDERSTATED = "base_understated"  # 少报缴费基数
    NOT_ENROLLED = "not_enrolled"  # 应保未保
    CATEGORY_WRONG = "category_wrong"  # 参保类别有误
    BENEFIT_WRONG = "benefit_wrong"  # 违规领取待遇


NAMES: Final[Mapping[FindingKind, str]] = {
    FindingKind.BASE_UNDERSTATED: "少报缴费基数",
    FindingKind.NOT_ENROLLED: "应保未保",
    FindingKind.CATEGORY_WRONG: "参保类别有误",
    FindingKind.BENEFIT_WRONG: "违规领取待遇",
}
WITH_WAGE: Final = frozenset({FindingKind.BASE_UNDERSTATED, FindingKind.NOT_ENROLLED})
"""Kinds that state the wage of the month as it should have been declared."""
MEMBERS: Final[Mapping[FindingKind, frozenset[str]]] = {
    FindingKind.BASE_UNDERSTATED: frozenset({"identity_number", "wage"}),
    FindingKind.NOT_ENROLLED: frozenset({"identity_number", "wage"}),
    FindingKind.CATEGORY_WRONG: frozenset({"identity_number"}),
    FindingKind.BENEFIT_WRONG: frozenset({"claim", "claim_line", "amount"}),
}
"""The members that a finding of each kind has, besides its month and note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingDraft:
    """A finding as it is entered."""

    kind: FindingKind
    period: Period
    note: str
    identity_number: str | None = field(default=None, repr=False)
    wage_fen: int | None = None
    claim: str | None = None
    claim_line: int | None = None
    amount_fen: int | None = None

    def members(self) -> frozenset[str]:
        """Name the members that are given."""
        given = {
            "identity_number": self.identity_number,
            "wage": self.wage_fen,
            "claim": self.claim,
            "claim_line": self.claim_line,
            "amount": self.amount_fen,
        }
        return frozenset(name for name, value in given.items() if value is not None)

    @property
    def place(self) -> tuple[object, ...]:
        """The thing that a case has one finding about: a person's month, or a line of a claim."""
        if self.kind is FindingKind.BENEFIT_WRONG:
            return (self.claim, self.claim_line)
        return (self.identity_number, str(self.period))


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionFinding:
    """A stored finding. `dropped` is the reason for which the decision does not uphold it."""

    number: int
    kind: FindingKind
    period: str
    note: str
    person_id: int | None = None
    masked_number: str | None = None
    wage_fen: int | None = None
    claim: str | None = None
    claim_line: int | None = None
    amount_fen: int | None = None
    dropped: str | None = None

    @property
    def upheld(self) -> bool:
        """Tell whether the finding counts."""
        return self.dropped is None

    @property
    def collects(self) -> bool:
        """Tell whether contributions are collected for it."""
        return self.kind is not FindingKind.BENEFIT_WRONG


def draft_faults(drafts: Sequence[FindingDraft]) -> list[Fault]:
    """Find every fault of findings as they are entered."""
    faults: list[Fault] = []
    seen: dict[tuple[object, ...], int] = {}
    for index, draft in enumerate(drafts):
        pointer = f"/findings/{index}"
        needed, given = MEMBERS[draft.kind], draft.members()
        for name in sorted(needed - given):
            message = f"该类发现须填写 (needed for a finding of kind {draft.kind.value})"
            faults.append(Fault(f"{pointer}/{name}", "MEMBER_MISSING", message))
        for name in sorted(given - needed):
            message = f"该类发现不填写 (not for a finding of kind {draft.kind.value})"
            faults.append(Fault(f"{pointer}/{name}", "MEMBER_UNUSED", message))
        if given != needed:
            continue
        fault = _shape_fault(pointer, draft)
        if fault is not None:
            faults.append(fault)
        elif seen.setdefault(draft.place, index) != index:
            faults.append(Fault(pointer, "FINDING_REPEATED", "重复列出 (listed twice)"))
    return faults


def _shape_fault(pointer: str, draft: FindingDraft) -> Fault | None:
    if draft.identity_number is not None:
        return number_fault(draft.identity_number, f"{pointer}/identity_number")
    assert draft.claim is not None
    try:
        Ref.parse(Reference.CLAIM, draft.claim)
    except Refusal:
        message = "不是待遇申请的标识 (not the reference of a claim)"
        return Fault(f"{pointer}/claim", "CLAIM_MALFORMED", message)
    return None


def drop_faults(findings: Sequence[InspectionFinding], dropped: Mapping[int, str]) -> list[Fault]:
    """Name the findings that a decision drops and the case does not have."""
    known = {finding.number for finding in findings}
    return [
        Fault(f"/dropped/{index}/finding", "FINDING_UNKNOWN", "无此发现 (no such finding)")
        for index, number in enumerate(dropped)
        if number not in known
    ]


def wages_of(findings: Sequence[InspectionFinding], period: Period) -> dict[int, int]:
    """Return the wages that upheld findings state for people in a month, by person."""
    return {
        finding.person_id: finding.wage_fen
        for finding in findings
        if finding.upheld
        and finding.period == str(period)
        and finding.person_id is not None
        and finding.wage_fen is not None
    }
