"""Random lives of pensioners, known in any order, and what is due of them by the facts alone."""

from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import Any

from services.payout.entitlements.domain.due import MonthlyAmount, Stop, due_fen
from shared.money import format_yuan, parse_yuan
from shared.period import Period
from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner, result
from tests.payout.support.recovering import confirm, look, opened, receipt, repaid

FIRST = Period(2021, 1)
NO_BACK_PAY, BACK_PAY = "prison", "life_proof_missed"


@dataclass
class Life:
    """The facts of one person, and the stop that is open for each reason."""

    serial: int
    amounts: list[MonthlyAmount] = field(default_factory=list)
    stops: dict[str, Period] = field(default_factory=dict)
    over: list[Stop] = field(default_factory=list)

    def due(self, month: Period) -> int:
        stops = [*self.over, *(Stop(since) for since in self.stops.values())]
        return due_fen(month, self.amounts, stops)


@dataclass
class Town:
    """A district whose people live at random, and the money that the bank moved."""

    office: Office
    district: str
    random: Random
    lives: list[Life]
    month: Period = FIRST
    cash: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    paid: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    receipts: int = 0

    async def change(self, action: str, reason: str, person: dict[str, Any]) -> bool:
        answer = await self.office.change(action, [person], self.district, reason=reason)
        assert answer.status_code in {201, 422}, answer.text
        return answer.status_code == 201

    def any_month(self) -> Period:
        return self.random.choice([FIRST.plus(index) for index in range(self.months)])

    @property
    def months(self) -> int:
        """The number of months of which a run was filed."""
        return (self.month.year - FIRST.year) * 12 + self.month.month - FIRST.month

    async def register(self, life: Life) -> None:
        since = self.any_month()
        fen = 100_000 + self.random.randint(-500, 500) * 100
        if any(amount.since >= since for amount in life.amounts):
            return  # a raise over months of a later row is another subject's
        person = pensioner(life.serial, format_yuan(fen), str(since))
        if await self.change("register", "new_pension", person):
            life.amounts.append(MonthlyAmount(since, fen, self.district))

    async def stop(self, life: Life, reason: str) -> None:
        since = self.any_month()
        person: dict[str, Any] = {"identity_number": number(life.serial)}
        if reason == "death":
            made = await self.change("end", reason, person | {"event_on": f"{since}-15"})
            since = since.plus(1)
        else:
            made = await self.change("suspend", reason, person | {"from": str(since)})
        if made:
            life.stops[reason] = since

    async def resume(self, life: Life, reason: str) -> None:
        since = life.stops[reason]
        until = since.plus(self.random.randint(reason == NO_BACK_PAY, 3))
        person = {"identity_number": number(life.serial), "from": str(until)}
        if await self.change("resume", reason, person):
            life.over.append(Stop(life.stops.pop(reason), until))

    async def live(self, life: Life) -> None:
        """Let something become known about a person."""
        reason = self.random.choice((NO_BACK_PAY, BACK_PAY, "death"))
        if not life.amounts or self.random.random() < 0.2:
            await self.register(life)
        elif reason in life.stops:
            await self.resume(life, reason)
        else:
            await self.stop(life, reason)

    async def run(self) -> None:
        """Run the next month; a signer may refuse it once. The bank pays most lines."""
        run = (await self.office.run_pensions(str(self.month), self.district)).json()
        if self.random.random() < 0.3:
            how = {"district": self.district, "note": "有误"}
            await self.office.sign(run["id"], "district_reviewer", "refuse", **how)
            run = (await self.office.run_pensions(str(self.month), self.district)).json()
        claim = await self.office.approve(run)
        self.month = self.month.plus(1)
        assert await self.pay(claim)

    async def pay(self, claim: str) -> bool:
        """Pay what waits of a claim; return False if nothing does."""
        answer = await self.office.batch([claim])
        if answer.status_code != 201:
            assert answer.json()["errors"][0]["code"] == "CLAIM_IN_BATCH"
            return False
        batch = answer.json()["id"]
        await self.office.fund()
        lines = await self.office.lines(batch)
        reports = []
        for line in lines:
            refused = self.random.random() < 0.15
            reports.append(result(line, "refused" if refused else "paid"))
            if refused:
                self.failed.add(claim)
            else:
                self.count(line, 1)
                self.paid.append((claim, batch, line))
        assert (await self.office.report(batch, reports)).status_code == 200
        return True

    def count(self, line: dict[str, Any], sign: int) -> None:
        self.cash[line["bank_account"]["number"]] += sign * parse_yuan(line["amount"])

    async def give_back(self) -> None:
        """Let the bank return a payment."""
        if self.paid:
            claim, batch, line = self.paid.pop(self.random.randrange(len(self.paid)))
            await self.office.report(batch, [result(line, "returned", value_date="2021-08-06")])
            self.count(line, -1)
            self.failed.add(claim)

    async def recover(self) -> None:
        """Open and confirm cases, with a plan for some; let people pay some back."""
        answer = await opened(self.office, self.district)
        for case in answer.json().get("items", []):
            await confirm(self.office, case["id"], self.district)
            if self.random.random() < 0.5:
                await self.plan(case["id"])
        cases = await look(
            self.office, "/v1/recovery-cases", district=self.district, status="confirmed"
        )
        for case in cases["items"]:
            if self.random.random() < 0.4:
                fen = self.random.randint(1, parse_yuan(case["open"]) or 1)
                self.receipts += 1
                serial = f"{self.district}-{self.receipts}"
                money = receipt(serial, format_yuan(fen), "2021-08-20")
                done = await repaid(self.office, case["id"], money)
                if done.status_code == 201:
                    self.cash["repaid"] -= fen

    async def plan(self, case: str) -> None:
        how = {"role": "district_clerk", "district": self.district}
        body = {"deduct_from": str(self.month)}
        plan = await self.office.ask("POST", f"/v1/recovery-cases/{case}/plans", body, **how)
        how["role"] = "district_reviewer"
        path = f"/v1/recovery-plans/{plan.json()['id']}/approvals"
        assert (await self.office.ask("POST", path, {}, **how)).status_code == 201

    async def retry(self) -> None:
        """Pay failed lines again until none waits but those of months that are no longer due."""
        while any([await self.pay(claim) for claim in sorted(self.failed)]):
            pass
