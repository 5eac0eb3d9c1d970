"""Shapes of a pack's check and of the differences between two versions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, JsonValue, StringConstraints

from services.collection.policy.domain.diff import PackChange
from services.collection.policy.flows import Baseline, PolicyComparison
from services.collection.policy.schemas.policy import PolicyOut
from shared.errors import Fault
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, ShortText


class PolicyApprovalIn(In):
    """An approval, bound to the differences that were shown where `since` is given."""

    since: Annotated[str, StringConstraints(max_length=80)] | None = Field(
        None,
        description=(
            "批准前所对比的版本;此前无执行中的版本为 null;不给则不核对"
            " (the version compared with; null: there was none; without it nothing is checked)"
        ),
        examples=[Reference.POLICY.example],
    )

    def baseline(self) -> Baseline | None:
        """Return the version compared with; None when the sender does not say.

        Raises:
            NotAReference: it is no reference of a policy.
        """
        if "since" not in self.model_fields_set:
            return None
        if self.since is None:
            return Baseline(None)
        return Baseline(Ref.parse(Reference.POLICY, self.since).id)


class PolicyRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class PackChangeOut(Out):
    """A value that differs; null: absent. Without a member, the whole row is new or gone."""

    row: str = Field(examples=["rates pension.unit"])
    member: str | None = Field(examples=["rate"])
    was: JsonValue
    now: JsonValue

    @classmethod
    def of(cls, change: PackChange) -> PackChangeOut:
        """Build the answer from a change."""
        return cls(row=change.row, member=change.member, was=change.was, now=change.now)


class PolicyChangesOut(Out):
    """The differences between two versions; `since` is the earlier one, null if there is none."""

    since: PolicyOut | None
    before: dict[str, Any] | None = Field(description="先前的政策包 (the earlier pack)")
    items: list[PackChangeOut]

    @classmethod
    def of(cls, found: PolicyComparison) -> PolicyChangesOut:
        """Build the answer from a comparison."""
        return cls(**cls.members(found))

    @classmethod
    def members(cls, found: PolicyComparison) -> dict[str, Any]:
        """Return the members that every answer with differences has."""
        return {
            "since": found.since and PolicyOut.of(found.since),
            "before": found.before,
            "items": [PackChangeOut.of(change) for change in found.changes],
        }


class PackFaultOut(Out):
    """A fault of a pack: its place as a JSON pointer, a code and a sentence."""

    pointer: str = Field(examples=["/rates/3/rate"])
    code: str
    message: str

    @classmethod
    def of(cls, fault: Fault) -> PackFaultOut:
        """Build the answer from a fault."""
        return cls(pointer=fault.pointer, code=fault.code, message=fault.message)


class PolicyCheckOut(PolicyChangesOut):
    """The check of a pack. With faults there are no differences and no text."""

    faults: list[PackFaultOut]
    count: int = Field(description="问题总数,逐项列出至多 1,000 项 (all faults; 1,000 are listed)")
    doubts: list[str] = Field(description="须核对的依据 (sources that a person must confirm)")
    text: str | None = Field(description="政策摘要,Markdown (the policy as Markdown, in Chinese)")
