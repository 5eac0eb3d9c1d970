"""One pensioner's life for tests: facts by two people, runs, the bank, and money that comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.claims.domain.claim import Decision
from services.payout.claims.domain.draft import NothingToPay
from services.payout.claims.domain.run import RunScope
from services.payout.claims.flows import claim as claim_flow
from services.payout.claims.flows import pension_run as pension_run_flow
from services.payout.draws import flows as draws_flow
from services.payout.draws.domain import AccountPart
from services.payout.entitlements.domain.change import (
    BankAccount,
    ChangeAction,
    ChangeDraft,
    ChangeStatus,
    PersonDraft,
)
from services.payout.entitlements.flows import change as change_flow
from services.payout.life_proofs.domain.proof import ProofChannel, ProofDraft
from services.payout.life_proofs.flows import proof as proof_flow
from services.payout.raises.domain.fact import FactDraft, FactList, FactListStatus
from services.payout.raises.domain.pension_raise import (
    PensionRaise,
    RaiseOutcome,
    RaiseStatus,
    raise_key,
)
from services.payout.raises.domain.rule import RaiseGroup, RaiseRule, YearCount
from services.payout.raises.flows import fact as fact_flow
from services.payout.raises.flows import pension_raise as pension_raise_flow
from shared.clock import today
from shared.cn.identity_number import with_check_digit
from shared.errors import Refusal
from shared.ids import Ref, key_of
from shared.money import Rounding, RoundingMode
from shared.period import Period
from shared.roles import CENTRE, Caller, Role
from tests.payout.support.office import Office
from tests.payout.support.pension_oracle import (
    FINAL_PART_FEN,
    PART_FEN,
    AccountChanged,
    Fact,
    Moved,
    Raised,
    Recalculated,
    Registered,
    Resumed,
    Retired,
    Stopped,
)

FIRST = Period(2021, 1)
NAME = "张建国"
ANCHOR_FEN = 100_00


class Previewed(Exception):
    """The outcome of a raise that is rolled back."""

    def __init__(self, outcome: RaiseOutcome) -> None:
        super().__init__()
        self.outcome = outcome


def month_of(number: int) -> Period:
    return FIRST.plus(number)


def number_of(serial: int, day: int = 1) -> str:
    """Build the identity number of a life: each has a month of birth of its own."""
    year, month = 1930 + serial // 12, serial % 12 + 1
    return with_check_digit(f"120101{year}{month:02d}{day:02d}001")


@dataclass
class Life:
    """A person in two districts of its own, in each of which one more is always paid."""

    office: Office
    serial: int
    facts: list[Fact] = field(default_factory=list)
    account: int = 0
    payer: str = "a"
    latest: int = 0
    refusal: str = ""
    months: dict[str, int] = field(default_factory=lambda: {"a": 0, "b": 0})

    def __post_init__(self) -> None:
        self.number = number_of(self.serial)
        self.keys = self.office.app.state.person_keys
        self.key = self.keys.key(self.number)

    def district(self, letter: str) -> str:
        return f"life{self.serial}{letter}"

    def caller(self, role: Role, letter: str | None = None) -> Caller:
        district = CENTRE if letter is None else self.district(letter)
        return Caller(subject=f"{role.value}.{district}", role=role, district=district)

    async def do(self, deed: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        """Do something in a transaction of its own."""
        async with self.office.app.state.db.transaction() as tx:
            return await deed(tx)

    async def begin(self) -> None:
        """Register who is always paid in both districts; the one in `a` has every raise too."""
        for day, letter in ((2, "a"), (3, "b")):
            anchor = number_of(self.serial, day)
            account = BankAccount("工商银行", f"6222{self.serial:06d}{day}", NAME)
            person = PersonDraft(
                identity_number=anchor,
                kind=BASIC_PENSION,
                name=NAME,
                monthly_fen=ANCHOR_FEN,
                account=account,
                since=FIRST,
            )
            assert await self._change(ChangeAction.REGISTER, "carried_over", person, letter)
        await self._retire(number_of(self.serial, 2), Retired(-100, 240), "a")

    # --- facts --------------------------------------------------------------------------

    async def learn(self, fact: Fact) -> bool:
        """Let two people approve a fact; one that is refused changes nothing."""
        try:
            if not await self._learn(fact):
                return False
        except Refusal as refusal:
            self.refusal = f"{refusal.code} {getattr(refusal, 'faults', '')}"
            return False
        self.facts.append(fact)
        return True

    async def _learn(self, fact: Fact) -> bool:
        person = PersonDraft(identity_number=self.number, kind=BASIC_PENSION)
        match fact:
            case Registered():
                person = self._person(
                    name=NAME,
                    monthly_fen=fact.fen,
                    account=self._account(),
                    since=month_of(fact.since),
                )
                how = (ChangeAction.REGISTER, "carried_over", person, fact.letter)
                part_fen = None if self.facts else PART_FEN
                done = await self._change(*how, part_fen=part_fen)
                self._now_paid_by(fact.letter, fact.since)
                return done
            case Recalculated():
                person = self._person(monthly_fen=fact.fen, since=month_of(fact.since))
                how = (ChangeAction.RECALCULATE, "average_published", person, self.payer)
                part_fen = FINAL_PART_FEN if fact.since == 0 else None
                return await self._change(*how, computed=True, part_fen=part_fen)
            case Moved():
                person = self._person(since=month_of(fact.since))
                await self._change(ChangeAction.MOVE, "residence", person, fact.letter)
                self._now_paid_by(fact.letter, fact.since)
            case Stopped("death", since):
                person = self._person(event_on=month_of(since - 1).last_day)
                await self._change(ChangeAction.END, "death", person, self.payer)
            case Stopped():
                person = self._person(since=month_of(fact.since))
                await self._change(ChangeAction.SUSPEND, fact.reason, person, self.payer)
            case Resumed():
                await self._resume(fact)
            case Retired():
                await self._retire(self.number, fact, self.payer)
            case Raised():
                await self._raise(fact)
            case AccountChanged():
                self.account = fact.number
                person = self._person(account=self._account())
                await self._change(ChangeAction.ACCOUNT, "requested", person, self.payer)
        return True

    def _now_paid_by(self, letter: str, since: int) -> None:
        if since >= self.latest:
            self.payer, self.latest = letter, since

    def _person(self, **members: Any) -> PersonDraft:
        return PersonDraft(identity_number=self.number, kind=BASIC_PENSION, **members)

    def _account(self) -> BankAccount:
        return BankAccount("工商银行", f"6222{self.serial:06d}{self.account:04d}", NAME)

    async def _change(
        self,
        action: ChangeAction,
        reason: str,
        person: PersonDraft,
        letter: str,
        *,
        computed: bool = False,
        part_fen: int | None = None,
    ) -> bool:
        draft = ChangeDraft(
            action=action,
            district=self.district(letter),
            reason=reason,
            document="d",
            note=None,
            people=[person],
        )
        clerk = self.caller(Role.DISTRICT_CLERK, letter)
        paper = await self.do(
            lambda tx: change_flow.propose(tx, draft, keys=self.keys, today=today(), caller=clerk)
        )
        if part_fen is not None:
            assert person.since is not None
            part = AccountPart(
                person_id=self.key,
                blind=self.keys.blind(self.number),
                since=person.since,
                change=paper.ref,
                account_fen=part_fen,
            )
            await self.do(lambda tx: draws_flow.state_parts(tx, [part]))
        return bool(await self._approve(paper.ref, letter))

    async def _approve(self, paper: Ref, letter: str) -> int | None:
        reviewer = self.caller(Role.DISTRICT_REVIEWER, letter)
        how: dict[str, Any] = {"keys": self.keys, "today": today(), "caller": reviewer}
        change = await self.do(
            lambda tx: change_flow.decide(tx, paper, ChangeStatus.APPROVED, None, **how)
        )
        applied: int | None = change.applied
        return applied

    async def _resume(self, fact: Resumed) -> None:
        """Resume by a paper; who missed the proof of life by the paper for all who proved since."""
        if fact.reason != "life_proof_missed":
            person = self._person(since=month_of(fact.since))
            await self._change(ChangeAction.RESUME, fact.reason, person, self.payer)
            return
        clerk = self.caller(Role.DISTRICT_CLERK, self.payer)
        how: dict[str, Any] = {"keys": self.keys, "today": today(), "caller": clerk}
        district = self.district(self.payer)
        day = date.fromordinal(today().toordinal() - len(self.facts))
        proof = ProofDraft(identity_number=self.number, proved_on=day)
        await self.do(
            lambda tx: proof_flow.record(
                tx, [proof], channel=ProofChannel.COUNTER, district=district, **how
            )
        )
        paper = await self.do(
            lambda tx: proof_flow.propose_resumptions(tx, district=district, document="d", **how)
        )
        await self._approve(paper.ref, self.payer)

    async def _retire(self, number: str, fact: Retired, letter: str) -> None:
        paper = FactList(
            ref=Ref.new(key_of("pension_fact_list", self.district(letter))),
            kind=BASIC_PENSION,
            district=self.district(letter),
            document="d",
            people=1,
            status=FactListStatus.PROPOSED,
            proposed_by=self.caller(Role.DISTRICT_CLERK, letter).subject,
        )
        draft = FactDraft(
            identity_number=number,
            retired_in=month_of(fact.month),
            paid_months=fact.paid_months,
        )
        clerk = self.caller(Role.DISTRICT_CLERK, letter)
        reviewer = self.caller(Role.DISTRICT_REVIEWER, letter)
        await self.do(
            lambda tx: fact_flow.propose(
                tx, paper, [draft], keys=self.keys, today=today(), caller=clerk
            )
        )
        await self.do(
            lambda tx: fact_flow.decide(
                tx, paper.ref, FactListStatus.APPROVED, None, caller=reviewer
            )
        )

    async def _raise(self, fact: Raised) -> None:
        """Raise those who were born in the person's month: the person, and the one in `a`."""
        born = Period.parse(f"{self.number[6:10]}-{self.number[10:12]}")
        group = RaiseGroup(
            code="g",
            name="组",
            born_from=born,
            born_to=born,
            fixed_fen=fact.fixed_fen,
            per_year_fen=fact.per_year_fen,
            percent_ppm=fact.percent * 10_000,
        )
        since = month_of(fact.since)
        sequence = fact.sequence + 10 * self.serial
        auditor, leader = self.caller(Role.CENTRE_AUDITOR), self.caller(Role.CENTRE_LEADER)
        paper = PensionRaise(
            ref=Ref.new(raise_key(BASIC_PENSION, since, sequence)),
            kind=BASIC_PENSION,
            first_period=since,
            sequence=sequence,
            title="t",
            source="s",
            rule=RaiseRule(
                groups=[group],
                years=YearCount.UP,
                rounding=Rounding(fact.UNIT_FEN, RoundingMode.HALF_UP),
            ),
            status=RaiseStatus.DRAFT,
            drafted_by=auditor.subject,
        )

        async def preview(tx: AsyncConnection) -> None:
            await pension_raise_flow.draft(tx, paper, caller=auditor)
            raise Previewed(await pension_raise_flow.outcome(tx, paper.ref, today=today()))

        try:
            await self.do(preview)
        except Previewed as previewed:
            control = previewed.outcome.control
        await self.do(lambda tx: pension_raise_flow.draft(tx, paper, caller=auditor))
        await self.do(
            lambda tx: pension_raise_flow.approve(
                tx, paper.ref, control, today=today(), caller=leader
            )
        )

    # --- runs ---------------------------------------------------------------------------

    async def run(self, letter: str, month: int, scope: RunScope = RunScope.MONTH) -> Ref | None:
        """File a run; None if nothing is to be paid or the month has one."""
        clerk = self.caller(Role.DISTRICT_CLERK, letter)
        try:
            claim = await self.do(
                lambda tx: pension_run_flow.file_pension_run(
                    tx,
                    district=self.district(letter),
                    period=month_of(month),
                    today=today(),
                    caller=clerk,
                    scope=scope,
                )
            )
        except NothingToPay:
            return None
        ref: Ref = claim.ref
        return ref

    async def sign(self, claim: Ref, letter: str, *, refuse: bool = False) -> None:
        """Sign a run three times, or let the reviewer refuse it."""
        steps = [
            (Role.DISTRICT_REVIEWER, letter),
            (Role.DEPARTMENT_HEAD, None),
            (Role.CENTRE_LEADER, None),
        ]
        decision = Decision.REFUSE if refuse else Decision.APPROVE
        for role, of in steps[:1] if refuse else steps:
            signer = self.caller(role, of)
            async with self.office.app.state.db.transaction() as tx:
                await claim_flow.sign(tx, claim, decision, "n", today=today(), caller=signer)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        found = await self.do(lambda tx: tx.execute(text(statement), values))
        return list(found)
