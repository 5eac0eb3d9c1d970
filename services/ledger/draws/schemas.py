"""Shapes of pensions paid out of personal accounts."""

from __future__ import annotations

from pydantic import Field

from services.ledger.draws.flows import DrawResult
from services.ledger.personal.domain import Bill, Credit, CreditKind, bill_key
from services.ledger.personal.flows import BillOutcome
from services.ledger.personal.schemas.movement import Person, person_id
from shared.period import Period
from shared.schema import Code, Day, In, Out, Serial, Yuan, YuanOut
from shared.wire.ledger import PERSONAL_CREDITS_MAX


class PensionDrawIn(In):
    """The amount that a person's pensions ask of the account."""

    person: Person
    amount: Yuan = Field(
        examples=["863.31"],
        description="退回时为负,不得为零 (below zero when a pension came back; not zero)",
    )


class PensionDrawsIn(In):
    """Amounts that the pensions of many persons ask of their accounts, by one paper."""

    paper: Serial = Field(examples=["YLJ-0190a7c0d1e27e4f8a3b5c6d7e8f9012"])
    fund: Code = Field(examples=["pension"])
    day: Day = Field(
        examples=["2021-07-15"],
        description="支付记账日 (the day on which the payments are booked)",
    )
    draws: list[PensionDrawIn] = Field(min_length=1, max_length=PERSONAL_CREDITS_MAX)


class PensionDrawsOut(Out):
    """Outcome of a paper: new, or a repeat."""

    paper: str
    outcome: BillOutcome
    drawn: YuanOut = Field(
        description="个人账户实际支付;其余由统筹基金支付 (what the accounts gave; the pooled fund pays"
        " the rest)"
    )

    @classmethod
    def of(cls, paper: str, result: DrawResult) -> PensionDrawsOut:
        """Build it from the result."""
        return cls(paper=paper, outcome=result.outcome, drawn=result.drawn_fen)


def paper_from(body: PensionDrawsIn) -> Bill:
    """Convert the body to a paper of amounts asked."""
    return Bill(
        id=body.paper,
        kind=CreditKind.PENSION,
        key=bill_key(body.paper),
        period=str(Period.of(body.day)),
        credited_on=body.day,
        credits=tuple(Credit(person_id(one.person), body.fund, one.amount) for one in body.draws),
    )
