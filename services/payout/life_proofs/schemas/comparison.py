"""Shapes of comparison files and their matches."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import Note, RefText, masked_name
from services.payout.entitlements.domain.change import ChangeAction
from services.payout.life_proofs.domain.comparison import (
    Comparison,
    ComparisonFile,
    ComparisonMatch,
    MatchDecision,
    MatchStatus,
)
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, ShortText


class ComparisonFileOut(Out):
    """A file: how many people it names, and how many of them are paid here."""

    id: str = Field(examples=[Reference.COMPARISON_FILE.example])
    comparison: Comparison
    district: str
    source: str
    records: int
    matches: int
    uploaded_by: str

    @classmethod
    def of(cls, file: ComparisonFile) -> ComparisonFileOut:
        """Build it from a stored file."""
        return cls(
            id=file.ref.text(Reference.COMPARISON_FILE),
            comparison=file.comparison,
            district=file.district,
            source=file.source,
            records=file.records,
            matches=file.matches,
            uploaded_by=file.uploaded_by,
        )


class ComparisonMatchOut(Out):
    """A person of a file who is paid here, masked, and the paper that decides about it."""

    id: str = Field(examples=[Reference.COMPARISON_MATCH.example])
    comparison: Comparison
    file: str = Field(examples=[Reference.COMPARISON_FILE.example])
    record: int
    district: str
    masked_identity_number: str = Field(examples=["1201**********1239"])
    name: str = Field(examples=["张**"])
    event_on: date
    note: str | None
    status: MatchStatus
    change: str | None = Field(examples=[Reference.ENTITLEMENT_CHANGE.example])

    @classmethod
    def of(cls, match: ComparisonMatch, keys: PersonKeys) -> ComparisonMatchOut:
        """Build it from a stored match."""
        return cls(
            id=match.ref.text(Reference.COMPARISON_MATCH),
            comparison=match.comparison,
            file=match.file.text(Reference.COMPARISON_FILE),
            record=match.record_no,
            district=match.district,
            masked_identity_number=keys.mask(bytes(match.sealed_number)),
            name=masked_name(keys.name.open(bytes(match.name))),
            event_on=match.event_on,
            note=match.note,
            status=match.status,
            change=None
            if match.change is None
            else match.change.text(Reference.ENTITLEMENT_CHANGE),
        )


class ComparisonDecisionIn(In):
    """One outcome for matches of a district; a paper of two people."""

    action: Literal["end", "suspend", "keep"]
    district: Code = Field(examples=["heping"])
    reason: Code = Field(examples=["death"])
    document: ShortText = Field(examples=["民政局火化名单 2021-08"])
    note: Note | None = None
    since: PeriodField | None = Field(
        None,
        alias="from",
        description="停发的首月,默认为事件次月 (first suspended month; by default the one after the event)",
    )
    matches: list[RefText] = Field(min_length=1, max_length=1000)

    def decision(self) -> MatchDecision:
        """Turn it into the domain's decision."""
        return MatchDecision(
            action=ChangeAction(self.action),
            district=self.district,
            reason=self.reason,
            document=self.document,
            note=self.note,
            since=self.since,
            matches=frozenset(
                Ref.parse(Reference.COMPARISON_MATCH, match) for match in self.matches
            ),
        )
