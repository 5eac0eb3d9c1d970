"""The money of one pensioner's life for tests: batches, the bank's answers, recoveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import uuid4

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.payments.domain.failed import CorrectedAccount, CorrectionStatus
from services.payout.payments.domain.payment import BankReport, Outcome
from services.payout.payments.flows import batch as batch_flow
from services.payout.payments.flows import failed as failed_flow
from services.payout.payments.flows import result as result_flow
from services.payout.recoveries.domain.case import CaseStatus, NothingOverpaid
from services.payout.recoveries.domain.plan import PlanStatus
from services.payout.recoveries.domain.receipt import ReceiptSource, RecoveryReceipt
from services.payout.recoveries.domain.settle import EntryStatus
from services.payout.recoveries.flows import case as recovery_case_flow
from services.payout.recoveries.flows import plan as plan_flow
from services.payout.recoveries.flows import settle as settle_flow
from services.payout.recoveries.flows.case import CaseOpening
from shared.clock import today
from shared.errors import Refusal
from shared.ids import Ref, key_of
from shared.roles import Role
from tests.payout.support.pension_life import NAME, Life, month_of

PAY_DATE: Final = date(2021, 8, 5)
RETURN_DATE: Final = date(2021, 8, 6)

_LINES: Final = """
WITH line AS MATERIALIZED (
    SELECT one.line_no, one.amount_fen, one.claim_line_no, part.claim_key, part.claim_id
      FROM payment_line AS one
      JOIN payment_part AS part
        ON part.batch_key = one.batch_key AND part.batch_id = one.batch_id
       AND part.part_no = one.part_no
     WHERE one.batch_key = :key AND one.batch_id = :id AND one.status IN ('pending', 'unknown'))
SELECT line.line_no, line.amount_fen, paid_for.person_id, paid_for.reference, line.claim_key,
       line.claim_id, line.claim_line_no
  FROM line
  JOIN claim_line AS paid_for
    ON paid_for.claim_key = line.claim_key AND paid_for.claim_id = line.claim_id
   AND paid_for.line_no = line.claim_line_no
 ORDER BY line.line_no
"""


@dataclass
class Money:
    """The amounts that the bank moved for a life, and what waits to be signed, paid or recovered."""

    life: Life
    filed: list[tuple[Ref, str]] = field(default_factory=list)
    approved: list[Ref] = field(default_factory=list)
    batches: list[Ref] = field(default_factory=list)
    paid: list[tuple[Ref, Any]] = field(default_factory=list)
    failed: list[Any] = field(default_factory=list)
    all_fen: int = 0
    own_fen: int = 0
    receipts: int = 0

    async def sign(self, which: int, *, refuse: bool) -> None:
        claim, letter = self.filed.pop(which % len(self.filed))
        await self.life.sign(claim, letter, refuse=refuse)
        if not refuse:
            self.approved.append(claim)

    async def batch(self, claims: Sequence[Ref]) -> bool:
        """Form and fund a batch; return False if nothing of it may be paid."""
        ref = Ref.new(key_of("payment_batch", uuid4().hex))
        cashier = self.life.caller(Role.CENTRE_CASHIER)
        try:
            await self.life.do(
                lambda tx: batch_flow.create(
                    tx, ref, claims, pay_date=PAY_DATE, today=today(), caller=cashier
                )
            )
        except Refusal:
            return False
        await self.life.office.fund()
        self.batches.append(ref)
        return True

    async def bank(self, batch: Ref, outcomes: Sequence[Outcome]) -> None:
        """Let the bank answer for the lines of a batch; the outcomes are repeated."""
        lines = await self.life.rows(_LINES, key=batch.key, id=batch.id)
        given = [outcomes[index % len(outcomes)] for index in range(len(lines))]
        reports = [
            _report(line, outcome, PAY_DATE) for line, outcome in zip(lines, given, strict=True)
        ]
        await self._report(batch, reports)
        for line, outcome in zip(lines, given, strict=True):
            if outcome is Outcome.PAID:
                self._count(line, 1)
                self.paid.append((batch, line))
            elif outcome is Outcome.REFUSED:
                self.failed.append(line)
        if Outcome.UNKNOWN not in given:
            self.batches.remove(batch)

    async def give_back(self, which: int) -> None:
        """Let the bank return a payment."""
        batch, line = self.paid.pop(which % len(self.paid))
        await self._report(batch, [_report(line, Outcome.RETURNED, RETURN_DATE)])
        self._count(line, -1)
        self.failed.append(line)

    async def _report(self, batch: Ref, reports: Sequence[BankReport]) -> None:
        gateway = self.life.caller(Role.BANK_GATEWAY)
        done = await self.life.do(
            lambda tx: result_flow.report(tx, batch, reports, today=today(), caller=gateway)
        )
        assert not done.review.rejected, done.review.rejected

    def _count(self, line: Any, sign: int) -> None:
        self.all_fen += sign * line.amount_fen
        if line.person_id == self.life.key:
            self.own_fen += sign * line.amount_fen

    async def correct_account(self, which: int) -> None:
        """Let two people give a failed line another account."""
        line = self.failed[which % len(self.failed)]
        keys = self.life.keys
        account = CorrectedAccount(
            bank="建设银行",
            bank_number=keys.bank_number.seal("6227001"),
            bank_holder=keys.bank_holder.seal(NAME),
            holder_reason=None,
        )
        claim = Ref(line.claim_key, line.claim_id)
        district = await self.life.rows(
            "SELECT district FROM claim WHERE claim_key = :key AND id = :id",
            key=claim.key,
            id=claim.id,
        )
        letter = district[0].district[-1]
        clerk = self.life.caller(Role.DISTRICT_CLERK, letter)
        reviewer = self.life.caller(Role.DISTRICT_REVIEWER, letter)
        try:
            paper = await self.life.do(
                lambda tx: failed_flow.propose(
                    tx,
                    claim,
                    line.claim_line_no,
                    account,
                    "n",
                    keys=keys,
                    today=today(),
                    caller=clerk,
                )
            )
        except Refusal:
            return  # it is paid again already, or no longer due
        await self.life.do(
            lambda tx: failed_flow.decide(
                tx, paper.ref, CorrectionStatus.APPROVED, None, caller=reviewer
            )
        )

    async def repay(self) -> bool:
        """Pay again what was refused, returned or held back; return whether anything was."""
        claims = await self.life.rows(
            """
            SELECT DISTINCT failed.claim_key, failed.claim_id
              FROM failed_payment AS failed
             WHERE failed.district IN (:a, :b) AND failed.retry_id IS NULL
             ORDER BY failed.claim_id
            """,
            a=self.life.district("a"),
            b=self.life.district("b"),
        )
        for claim in claims:
            if await self.batch([Ref(claim.claim_key, claim.claim_id)]):
                return True
        return False

    async def periods_of(self, batch: Ref) -> set[str]:
        """List the months of which a batch pays the person something."""
        lines = await self.life.rows(_LINES, key=batch.key, id=batch.id)
        return {line.reference for line in lines if line.person_id == self.life.key}

    # --- recoveries -----------------------------------------------------------------------

    async def open_cases(self, letter: str, status: CaseStatus = CaseStatus.CONFIRMED) -> None:
        """Open the cases of a district and decide each."""
        clerk = self.life.caller(Role.DISTRICT_CLERK, letter)
        reviewer = self.life.caller(Role.DISTRICT_REVIEWER, letter)
        opening = CaseOpening(
            district=self.life.district(letter), kind=BASIC_PENSION, reason="r", document="d"
        )
        try:
            cases = await self.life.do(
                lambda tx: recovery_case_flow.open_all(tx, opening, today=today(), caller=clerk)
            )
        except NothingOverpaid:
            return
        for case in cases:
            async with self.life.office.app.state.db.transaction() as tx:
                await recovery_case_flow.decide(tx, case.ref, status, "n", caller=reviewer)

    async def cases(self) -> list[Any]:
        """List confirmed cases of the person with what is open of each."""
        return await self.life.rows(
            """
            SELECT owner.case_key, owner.id, owner.district,
                   CAST(sum(amount_fen - recovered_fen - written_off_fen) AS bigint) AS open_fen
              FROM recovery_case AS owner
              JOIN recovery_line AS line
                ON line.case_key = owner.case_key AND line.case_id = owner.id
             WHERE owner.case_key = :key AND owner.status = 'confirmed'
             GROUP BY owner.case_key, owner.id, owner.district
            HAVING sum(amount_fen - recovered_fen - written_off_fen) > 0
             ORDER BY owner.id
            """,
            key=self.life.key,
        )

    async def give_money(self, case: Any, percent: int, day: date) -> None:
        """Let the person pay back a share of what is open of a case."""
        fen = max(1, case.open_fen * percent // 100)
        self.receipts += 1
        receipt = RecoveryReceipt(
            bank_serial=f"{self.life.serial}-{self.receipts}",
            amount_fen=fen,
            value_date=day,
            payer=b"p",
            notice_no=None,
            source=ReceiptSource.ENTERED,
            entered_by="cashier",
        )
        cashier = self.life.caller(Role.CENTRE_CASHIER)
        ref = Ref(case.case_key, case.id)
        entry = await self.life.do(
            lambda tx: settle_flow.propose_repayment(
                tx, ref, receipt, fen, today=today(), caller=cashier
            )
        )
        if await self._settle(entry.ref):
            self.all_fen -= fen
            self.own_fen -= fen

    async def write_off(self, case: Any, percent: int) -> None:
        fen = max(1, case.open_fen * percent // 100)
        reviewer = self.life.caller(Role.DISTRICT_REVIEWER, "a")
        ref = Ref(case.case_key, case.id)
        entry = await self.life.do(
            lambda tx: settle_flow.propose_write_off(
                tx, ref, fen, reason="r", document="d", caller=reviewer
            )
        )
        await self._settle(entry.ref)

    async def _settle(self, entry: Ref) -> bool:
        """Approve an entry; refuse it when the case has become smaller meanwhile."""
        head = self.life.caller(Role.DEPARTMENT_HEAD)
        how: dict[str, Any] = {"today": today(), "caller": head}
        try:
            await self.life.do(
                lambda tx: settle_flow.decide(tx, entry, EntryStatus.SETTLED, None, **how)
            )
        except Refusal:
            await self.life.do(
                lambda tx: settle_flow.decide(tx, entry, EntryStatus.REFUSED, "n", **how)
            )
            return False
        return True

    async def plan(self, case: Any, month: int) -> None:
        """Let later runs keep something back for a case."""
        letter = case.district[-1]
        clerk = self.life.caller(Role.DISTRICT_CLERK, letter)
        reviewer = self.life.caller(Role.DISTRICT_REVIEWER, letter)
        plan = await self.life.do(
            lambda tx: plan_flow.propose(
                tx,
                Ref(case.case_key, case.id),
                deduct_from=month_of(month),
                monthly_fen=None,
                instalments=(),
                caller=clerk,
            )
        )
        await self.life.do(
            lambda tx: plan_flow.decide(tx, plan.ref, PlanStatus.APPROVED, None, caller=reviewer)
        )


def _report(line: Any, outcome: Outcome, day: date) -> BankReport:
    failed = outcome in {Outcome.REFUSED, Outcome.RETURNED}
    return BankReport(
        line_no=line.line_no,
        outcome=outcome,
        bank_serial=f"{outcome.value}{line.line_no}",
        amount_fen=line.amount_fen,
        value_date=day,
        reason_code="RJ01" if failed else None,
        reason="账号不存在" if failed else None,
    )
