"""Shapes of what moves money into or out of personal accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from services.ledger.personal.domain import (
    TAKEN,
    Bill,
    Credit,
    CreditKind,
    Retiree,
    RetireeStatus,
    bill_key,
)
from services.ledger.personal.flows import BillOutcome, BillResult, InjectionResult
from shared.errors import Fault, Faulty
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.schema import (
    Code,
    Day,
    In,
    Out,
    PeriodField,
    PositiveYuan,
    Serial,
    Yuan,
)
from shared.wire.ledger import PERSONAL_CREDITS_MAX

Person = Annotated[
    str,
    StringConstraints(pattern=Reference.PERSON.pattern),
    Field(examples=[Reference.PERSON.example]),
]
"""A person as collection names one: the reference holds the person's key."""


class CreditIn(In):
    """A credit of a bill to one person's account."""

    person: Person
    fund: Code = Field(examples=["pension"])
    amount: Yuan = Field(
        examples=["452.00"],
        description="更正可为负,不得为零 (below zero in a correction; not zero)",
    )


class BillCreditsIn(In):
    """The personal-account parts of a bill that is settled in full."""

    bill: Serial = Field(examples=["0190a7c0d1e27e4f8a3b5c6d7e8f9012"])
    period: PeriodField
    settled_on: Day = Field(examples=["2021-07-26"])
    corrects: Serial | None = Field(
        default=None, description="所更正的申报 (the paper whose credits these restate)"
    )
    credits: list[CreditIn] = Field(min_length=1, max_length=PERSONAL_CREDITS_MAX)


class PersonalCreditsIn(In):
    """Bills with 10,000 credits at most; each is credited whole and once."""

    bills: list[BillCreditsIn] = Field(min_length=1, max_length=PERSONAL_CREDITS_MAX)


class BillOutcomeOut(Out):
    """Outcome of a bill; `code` is the reason of a refusal."""

    bill: str
    outcome: BillOutcome
    code: str | None


class PersonalCreditsOut(Out):
    """Outcomes in the order of the bills."""

    credited: int
    replayed: int
    refused: int
    results: list[BillOutcomeOut]

    @classmethod
    def of(cls, results: Sequence[BillResult]) -> PersonalCreditsOut:
        """Build it from the results of all bills."""
        counts = dict.fromkeys(BillOutcome, 0)
        for result in results:
            counts[result.outcome] += 1
        return cls(
            credited=counts[BillOutcome.CREDITED],
            replayed=counts[BillOutcome.REPLAYED],
            refused=counts[BillOutcome.REFUSED],
            results=[
                BillOutcomeOut(bill=one.bill, outcome=one.outcome, code=one.code) for one in results
            ],
        )


class RetireeIn(In):
    """A retiree; the month of birth decides the age."""

    person: Person
    born: PeriodField = Field(examples=["1950-03"])
    standing: RetireeStatus = RetireeStatus.ORDINARY


class InjectionsIn(In):
    """A month's injections of retirees (退休人员个人账户划入)."""

    fund: Code = Field(examples=["medical"])
    period: PeriodField
    day: Day = Field(examples=["2021-07-10"])
    people: list[RetireeIn] = Field(min_length=1, max_length=PERSONAL_CREDITS_MAX)


class InjectionsOut(Out):
    """Numbers of new and known injections, of persons who have another amount by hand or of a
    run, and without a rule."""

    credited: int
    replayed: int
    differing: int
    without_rule: int

    @classmethod
    def of(cls, found: InjectionResult) -> InjectionsOut:
        """Build it from the counts: persons are not named where many may read."""
        return cls(
            credited=found.credited,
            replayed=found.replayed,
            differing=len(found.differing),
            without_rule=len(found.without_rule),
        )


class TransferIn(In):
    """A transfer of one person's money in or out, or a payment of it (转入、转出、退还继承)."""

    paper: Serial = Field(examples=["ZY-2021-0001"])
    person: Person
    fund: Code = Field(examples=["pension"])
    direction: Annotated[str, StringConstraints(pattern="^(in|out|withdrawal)$")] = Field(
        description="转入、转出、退还或继承 (to or from another city, or paid to the person or heirs)"
    )
    amount: PositiveYuan
    day: Day = Field(examples=["2021-07-10"])


class TransferOut(Out):
    """Outcome of a transfer: new, or a repeat."""

    paper: str
    outcome: BillOutcome


def person_id(text: str) -> int:
    """Read the person's key inside a reference."""
    return Ref.parse(Reference.PERSON, text).key


def bills_from(body: PersonalCreditsIn) -> list[Bill]:
    """Convert the body to bills.

    Raises:
        Faulty: more credits than one request may hold.
    """
    if sum(len(bill.credits) for bill in body.bills) > PERSONAL_CREDITS_MAX:
        raise Faulty(faults=[Fault("/bills", "TOO_MANY_CREDITS", str(PERSONAL_CREDITS_MAX))])
    return [
        Bill(
            id=bill.bill,
            kind=CreditKind.CONTRIBUTION,
            key=bill_key(bill.bill),
            period=str(bill.period),
            credited_on=bill.settled_on,
            corrects=bill.corrects,
            credits=tuple(Credit(person_id(c.person), c.fund, c.amount) for c in bill.credits),
        )
        for bill in body.bills
    ]


def retirees_from(body: InjectionsIn) -> list[Retiree]:
    """Convert the body to retirees."""
    return [Retiree(person_id(one.person), one.born.first_day, one.standing) for one in body.people]


_KINDS: Final = {
    "in": CreditKind.TRANSFER_IN,
    "out": CreditKind.TRANSFER_OUT,
    "withdrawal": CreditKind.WITHDRAWAL,
}


def paper_from(body: TransferIn) -> Bill:
    """Convert the body to a paper with one credit."""
    key, kind = person_id(body.person), _KINDS[body.direction]
    amount_fen = -body.amount if kind in TAKEN else body.amount
    return Bill(
        id=body.paper,
        kind=kind,
        key=key,
        period=str(Period.of(body.day)),
        credited_on=body.day,
        credits=(Credit(key, body.fund, amount_fen),),
    )
