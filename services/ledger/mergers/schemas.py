"""Shapes of mergers of personal accounts."""

from __future__ import annotations

from pydantic import Field

from services.ledger.mergers.domain import Merger, MergerOutcome
from services.ledger.personal.schemas.movement import Person, person_id
from shared.schema import In, Out, Serial, YuanOut


class PersonalMergerIn(In):
    """Two records of one person: the account of `person` ends in that of `survivor`."""

    paper: Serial = Field(
        examples=["person_correction:0190a7c0d1e27e4f8a3b5c6d7e8f9012"],
        description="合并依据的业务号,重复提交只办一次 (names the merger; a repeat changes nothing)",
    )
    person: Person
    survivor: Person

    def merger(self) -> Merger:
        """Convert the body to a merger."""
        return Merger(
            paper=self.paper,
            person_id=person_id(self.person),
            survivor_id=person_id(self.survivor),
            survivor=self.survivor,
            balances_fen={},
        )


class MergedBalanceOut(Out):
    """The balance of the old account in a fund when it was merged."""

    fund: str
    amount: YuanOut


class PersonalMergerOut(Out):
    """A merger: new, or a repeat, with what followed to the surviving account."""

    paper: str
    outcome: MergerOutcome
    items: list[MergedBalanceOut]

    @classmethod
    def of(cls, outcome: MergerOutcome, merger: Merger) -> PersonalMergerOut:
        """Build it from a merger."""
        return cls(
            paper=merger.paper,
            outcome=outcome,
            items=[
                MergedBalanceOut(fund=fund, amount=fen)
                for fund, fen in sorted(merger.balances_fen.items())
            ],
        )
