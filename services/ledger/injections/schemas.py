"""Shapes of retirees and of their monthly runs."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.injections.domain import InjectionRun, RetiredPerson, RunStatus
from services.ledger.personal.schemas.movement import Person, person_id
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, Day, In, Out, PeriodField, Serial, YuanOut
from shared.wire.ledger import PERSONAL_CREDITS_MAX


class RetiredPersonIn(In):
    """A retired person, from a month on, and until before another."""

    person: Person
    born: PeriodField = Field(examples=["1950-03"])
    since: PeriodField = Field(examples=["2010-04"])
    until: PeriodField | None = Field(
        default=None,
        description="首个不再享受的月份 (the first month that does not count any more)",
    )


class RetireesIn(In):
    """The latest word about people; of two the greater version counts."""

    version: Serial = Field(examples=["0190a7c0d1e27e4f8a3b5c6d7e8f9012"])
    people: list[RetiredPersonIn] = Field(min_length=1, max_length=PERSONAL_CREDITS_MAX)

    def retired(self) -> list[RetiredPerson]:
        """Convert to the domain's people, the last word of each."""
        found = {
            (key := person_id(one.person)): RetiredPerson(
                person_id=key,
                born=one.born.first_day,
                since=one.since,
                until=one.until,
                version=self.version,
            )
            for one in self.people
        }
        return list(found.values())


class RetireesOut(Out):
    """Number of people for whom it was news."""

    changed: int


class InjectionRunIn(In):
    """A month's run, for another person to approve."""

    fund: Code = Field(examples=["medical"])
    period: PeriodField
    day: Day = Field(examples=["2021-07-10"], description="记账日 (the day of the credits)")


class RunGroupOut(Out):
    """People whose month changes by the same amount; below zero it is taken back."""

    period: str
    amount: YuanOut
    people: int
    total: YuanOut


class InjectionRunOut(Out):
    """A run. `groups` are the preview of a proposed one, by month and amount."""

    id: str
    fund: str
    period: str
    day: date
    status: RunStatus
    people: int = Field(description="划入、收回笔数 (credits, one for a person and month)")
    total: YuanOut
    without_rule: int = Field(description="无标准的人数 (retirees without a rule)")
    groups: list[RunGroupOut]
    proposed_by: str
    approved_by: str | None

    @classmethod
    def of(cls, run: InjectionRun) -> InjectionRunOut:
        """Build it from a run."""
        return cls(
            id=Ref(CENTRE_SLOT, run.id).text(Reference.INJECTION_RUN),
            fund=run.fund,
            period=str(run.period),
            day=run.day,
            status=run.status,
            people=run.people,
            total=run.total_fen,
            without_rule=run.without_rule,
            groups=[
                RunGroupOut(
                    period=group.period,
                    amount=group.amount_fen,
                    people=group.people,
                    total=group.total_fen,
                )
                for group in run.groups
            ],
            proposed_by=run.proposed_by,
            approved_by=run.approved_by,
        )
