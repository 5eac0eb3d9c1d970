"""Pensions of a life whose facts become known in any order: what runs pay is what is due.

Facts and runs come in an order that hypothesis chooses. A reference of twenty lines keeps the facts
by their months and pays, at each run, what `due_fen` says of every filed month.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.payout.claims.domain.draft import NothingToPay
from services.payout.claims.flows import pension_run as pension_run_flow
from services.payout.entitlements.domain.change import (
    BankAccount,
    ChangeAction,
    ChangeDraft,
    ChangeStatus,
    PersonDraft,
)
from services.payout.entitlements.domain.due import MonthlyAmount, Stop, due_fen, in_force
from services.payout.entitlements.flows import change as change_flow
from shared.clock import today
from shared.errors import Refusal
from shared.period import Period
from shared.roles import Caller, Role
from tests.payout.support.office import Office
from tests.payout.support.papers import number

JAN = Period(2021, 1)
LIVES = count(1)
REASONS = {
    ChangeAction.REGISTER: ("adjusted",),
    ChangeAction.MOVE: ("residence",),
    ChangeAction.SUSPEND: ("missing", "prison"),
    ChangeAction.RESUME: ("missing", "prison", "death"),
    ChangeAction.END: ("death",),
}
FACTS = st.tuples(
    st.sampled_from(
        [(action, reason) for action, reasons in REASONS.items() for reason in reasons]
    ),
    st.integers(0, 5),
    st.sampled_from((100, 200, 300)),
    st.sampled_from("ab"),
)
RUN = st.tuples(st.just("run"), st.sampled_from("ab"))


@dataclass
class Life:
    """One person in two districts of its own: its facts by their months, and what was paid."""

    office: Office
    serial: int
    amounts: list[MonthlyAmount] = field(default_factory=list)
    stops: dict[tuple[str, int], Stop] = field(default_factory=dict)
    filed: dict[str, set[Period]] = field(default_factory=lambda: defaultdict(set))
    paid: dict[Period, int] = field(default_factory=lambda: defaultdict(int))

    def district(self, letter: str) -> str:
        return f"life{self.serial}{letter}"

    def caller(self, role: Role, letter: str) -> Caller:
        district = self.district(letter)
        return Caller(subject=f"{role.value}.{district}", role=role, district=district)

    async def learn(
        self, action: ChangeAction, reason: str, month: Period, fen: int, letter: str
    ) -> None:
        """Let two people approve a fact; a fact that is refused changes nothing."""
        person = PersonDraft(identity_number=number(self.serial), kind="basic_pension")
        if action is ChangeAction.END:
            person = replace(person, event_on=month.plus(-1).last_day)
        else:
            person = replace(person, since=month)
        if action is ChangeAction.REGISTER:
            account = BankAccount("b", "62220000", "张建国")
            person = replace(person, name="张建国", monthly_fen=fen, account=account)
        draft = ChangeDraft(
            action=action,
            district=self.district(letter),
            reason=reason,
            document="d",
            note=None,
            people=[person],
        )
        keys, db = self.office.app.state.person_keys, self.office.app.state.db
        how: dict[str, Any] = {"keys": keys, "today": today()}
        clerk, reviewer = (
            self.caller(role, letter) for role in (Role.DISTRICT_CLERK, Role.DISTRICT_REVIEWER)
        )
        try:
            async with db.transaction() as tx:
                paper = await change_flow.propose(tx, draft, caller=clerk, **how)
            async with db.transaction() as tx:
                paper = await change_flow.decide(
                    tx, paper.ref, ChangeStatus.APPROVED, None, caller=reviewer, **how
                )
        except Refusal:
            return
        self.note(action, reason, month, fen, letter, applied=paper.applied or 0)

    def note(
        self,
        action: ChangeAction,
        reason: str,
        month: Period,
        fen: int,
        letter: str,
        *,
        applied: int,
    ) -> None:
        if action in {ChangeAction.REGISTER, ChangeAction.MOVE}:
            if applied:
                own = fen if action is ChangeAction.REGISTER else None
                self.amounts.append(MonthlyAmount(month, own, letter))
        elif action is ChangeAction.RESUME:
            for key, stop in self.stops.items():
                if key[0] == reason and stop.until is None:
                    self.stops[key] = Stop(stop.since, month)
        else:
            self.stops[reason, len(self.stops)] = Stop(month)

    async def run(self, month: Period, letter: str) -> None:
        """Run a month in a district, and pay the same by the reference."""
        clerk = self.caller(Role.DISTRICT_CLERK, letter)
        try:
            async with self.office.app.state.db.transaction() as tx:
                await pension_run_flow.file_pension_run(
                    tx,
                    district=self.district(letter),
                    period=month,
                    today=today(),
                    caller=clerk,
                )
        except NothingToPay:
            pass
        else:
            self.filed[letter].add(month)
        for filed in {month} | {one for one in self.filed[letter] if one < month}:
            row = in_force(filed, self.amounts)
            if row is not None and row.district == letter:
                due = due_fen(filed, self.amounts, self.stops.values())
                self.paid[filed] = max(self.paid[filed], due)

    async def paid_by_runs(self) -> dict[Period, int]:
        keys = self.office.app.state.person_keys
        async with self.office.app.state.db.transaction() as tx:
            rows = await tx.execute(
                text("""
                    SELECT period, sum(amount_fen) AS fen
                      FROM pension_month
                     WHERE person_id = :person_id AND live
                     GROUP BY period
                """),
                {"person_id": keys.key(number(self.serial))},
            )
            return {Period.parse(row.period): int(row.fen) for row in rows}


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(FACTS | RUN, min_size=4, max_size=14))
async def test_runs_pay_what_is_due_whatever_was_known_when(
    office: Office, steps: list[Any]
) -> None:
    life = Life(office, next(LIVES))
    await life.learn(ChangeAction.REGISTER, "adjusted", JAN, 100, "a")
    months = {letter: JAN for letter in "ab"}
    for step in [*steps, ("run", "a"), ("run", "b")]:
        if step[0] == "run":
            letter = step[1]
            await life.run(months[letter], letter)
            months[letter] = months[letter].plus(1)
        else:
            (action, reason), month, fen, letter = step
            await life.learn(action, reason, JAN.plus(month), fen, letter)
    assert await life.paid_by_runs() == {month: fen for month, fen in life.paid.items() if fen}
