"""Shapes of personal accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.personal.domain import (
    Bill,
    Credit,
    CreditKind,
    FundControl,
    Rate,
    Retiree,
    RetireeStatus,
    YearRun,
    bill_key,
)
from services.ledger.personal.flows import AccountYear, BillOutcome, BillResult, InjectionResult
from shared.errors import Fault, Faulty
from shared.ids import Ref, uuid7
from shared.period import Period
from shared.references import Reference
from shared.schema import (
    Code,
    Day,
    In,
    Out,
    PeriodField,
    PositiveYuan,
    RateOut,
    Serial,
    ShortText,
    Yuan,
    YuanOut,
)
from shared.schema import Rate as RateIn
from shared.wire.ledger import PERSONAL_CREDITS_MAX

Person = Annotated[
    str,
    StringConstraints(pattern=Reference.PERSON.pattern),
    Field(examples=[Reference.PERSON.example]),
]
"""A person as collection names one: the reference holds the person's key."""
Year = Annotated[int, Field(ge=1990, le=2100, examples=[2021])]


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
    """Numbers of new and known injections, of persons with another first amount, and without a
    rule."""

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
    """A transfer of one person's money in or out (转入、转出)."""

    paper: Serial = Field(examples=["ZY-2021-0001"])
    person: Person
    fund: Code = Field(examples=["pension"])
    direction: Annotated[str, StringConstraints(pattern="^(in|out)$")]
    amount: PositiveYuan
    day: Day = Field(examples=["2021-07-10"])


class TransferOut(Out):
    """Outcome of a transfer: new, or a repeat."""

    paper: str
    outcome: BillOutcome


class PersonalRateIn(In):
    """A year's rate (记账利率) with its document. Once approved, it replaces an earlier one until the
    year is closed."""

    fund: Code = Field(examples=["pension"])
    year: Year
    rate: RateIn = Field(examples=["0.0669"])
    source: ShortText


class PersonalRateOut(Out):
    """A year's rate; in force once it is approved."""

    id: str
    fund: str
    year: int
    rate: RateOut
    source: str
    certainty: str
    recorded_by: str
    approved_by: str | None

    @classmethod
    def of(cls, rate: Rate) -> PersonalRateOut:
        """Build it from a rate."""
        return cls(
            id=Ref(CENTRE_SLOT, rate.id).text(Reference.PERSONAL_RATE),
            fund=rate.fund,
            year=rate.year,
            rate=rate.rate_ppm,
            source=rate.source,
            certainty=rate.certainty,
            recorded_by=rate.recorded_by,
            approved_by=rate.approved_by,
        )


class PersonalRatesOut(Out):
    """Rates in force of all years, and rates waiting for approval."""

    items: list[PersonalRateOut]
    proposed: list[PersonalRateOut]


class InterestIn(In):
    """Closing of a fund's year, with interest for every person."""

    fund: Code = Field(examples=["pension"])
    year: Year


class YearRunOut(Out):
    """Totals of a closed year."""

    fund: str
    year: int
    rate: RateOut
    people: int
    opening: YuanOut
    credited: YuanOut
    interest: YuanOut
    closing: YuanOut
    run_by: str

    @classmethod
    def of(cls, run: YearRun) -> YearRunOut:
        """Build it from a closed year's totals."""
        return cls(
            fund=run.fund,
            year=run.year,
            rate=run.rate_ppm,
            people=run.people,
            opening=run.opening_fen,
            credited=run.credited_fen,
            interest=run.interest_fen,
            closing=run.closing_fen,
            run_by=run.run_by,
        )


class PersonalYearOut(Out):
    """One year of a person's account."""

    fund: str
    year: int
    opening: YuanOut
    contribution: YuanOut
    injection: YuanOut
    transfer_in: YuanOut
    transfer_out: YuanOut
    interest: YuanOut
    closing: YuanOut
    is_closed: bool = Field(description="已结息 (interest has been credited)")


class StatementOut(Out):
    """对账单 · Statement of a person's years, ten by default."""

    person: str
    from_year: int
    to_year: int
    merged_into: str | None = Field(description="已并入 (the person whose account it is now)")
    items: list[PersonalYearOut]

    @classmethod
    def of(
        cls, person: str, first: int, last: int, years: Sequence[AccountYear], survivor: str | None
    ) -> StatementOut:
        """Build it from a person's years."""
        items = [
            PersonalYearOut(
                fund=one.fund,
                year=one.year,
                opening=one.opening_fen,
                contribution=one.by_kind.get(CreditKind.CONTRIBUTION, 0),
                injection=one.by_kind.get(CreditKind.INJECTION, 0),
                transfer_in=one.by_kind.get(CreditKind.TRANSFER_IN, 0),
                transfer_out=one.by_kind.get(CreditKind.TRANSFER_OUT, 0),
                interest=one.interest_fen,
                closing=one.closing_fen,
                is_closed=one.is_closed,
            )
            for one in years
        ]
        return cls(person=person, from_year=first, to_year=last, merged_into=survivor, items=items)


class ControlOut(Out):
    """General ledger against personal accounts of one fund."""

    fund: str
    ledger: YuanOut = Field(description="总账:社会保险费收入—个人账户")
    credited: YuanOut = Field(description="个人账户:足额到账缴费单已划入")
    uncredited: YuanOut = Field(description="已到账、缴费单尚未足额 (of bills not settled in full)")
    holds: bool


class ControlsOut(Out):
    """总分核对 · Control totals of every fund up to a day. `totals_tie` is null unless every credit was
    added up."""

    as_of: date
    holds: bool
    totals_tie: bool | None
    items: list[ControlOut]

    @classmethod
    def of(cls, as_of: date, found: Sequence[FundControl], differing: int | None) -> ControlsOut:
        """Build it from the control totals of every fund."""
        return cls(
            as_of=as_of,
            holds=all(one.holds for one in found) and not differing,
            totals_tie=None if differing is None else differing == 0,
            items=[
                ControlOut(
                    fund=one.fund,
                    ledger=one.ledger_fen,
                    credited=one.credited_fen,
                    uncredited=one.uncredited_fen,
                    holds=one.holds,
                )
                for one in found
            ],
        )


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


def paper_from(body: TransferIn) -> Bill:
    """Convert the body to a paper with one credit."""
    key, is_out = person_id(body.person), body.direction == "out"
    amount_fen = -body.amount if is_out else body.amount
    return Bill(
        id=body.paper,
        kind=CreditKind.TRANSFER_OUT if is_out else CreditKind.TRANSFER_IN,
        key=key,
        period=str(Period.of(body.day)),
        credited_on=body.day,
        credits=(Credit(key, body.fund, amount_fen),),
    )


def rate_from(body: PersonalRateIn, by: str) -> Rate:
    """Convert the body to a rate."""
    return Rate(
        id=uuid7(),
        fund=body.fund,
        year=body.year,
        rate_ppm=body.rate,
        source=body.source,
        certainty="confirmed",
        recorded_by=by,
    )
