"""The mixed load of the kills: a city's months, played by several desks at once.

Three districts declare, approve, bill and collect: one by the portal and the tax bureau, one by file
and the tax bureau, one by bank debits. A fourth pays pensions. Meanwhile the month before is closed.
What the desks were told is kept in `Told`, for the judge.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from benchmarks._range import Range
from shared.money import format_yuan, parse_yuan
from tests.collection.support.money import new_code
from tests.collection.support.office import a_person
from tests.stories.support.centre import Centre
from tests.stories.support.city import City, StoryUnit

FIRST_MONTH, LAST_MONTH = "2022-12", "2026-03"
UNITS = 10
"""Units of each district, and pensioners."""
CAPITAL_FEN = 900_000_00
_CAPITAL = (("fiscal_subsidy", "centre_leader"), ("expenditure_funding", "department_head"))
PATIENCE_SECONDS = 400
"""Services that die every few seconds pause up to ten seconds before they try something again."""
ABANDONED = 0.08
"""Share of tax pushes whose sender asks a single time."""


@dataclass
class Told:
    """Facts that the services acknowledged, and those whose sender never heard an answer."""

    receipts: dict[str, int] = field(default_factory=dict)
    """Serial → fen."""
    unanswered: dict[str, int] = field(default_factory=dict)
    """The same of pushes that were sent a single time and not answered."""
    declarations: set[str] = field(default_factory=set)
    declared: set[tuple[str, str]] = field(default_factory=set)
    """Unit and period of each."""
    payments: dict[tuple[str, int], str] = field(default_factory=dict)
    """Payment batch and line → outcome."""
    closed: list[str] = field(default_factory=list)
    """Months whose closing was approved."""


class Months:
    """The desks of the city. `play` plays one month; every earlier one is closed or being closed."""

    def __init__(self, at: Range, seed: int, units: int = UNITS) -> None:
        self.at, self.random, self.size = at, random.Random(seed), units
        self.told = Told()
        self.portal, self.files, self.bank, self.pensions = (
            City(at, district) for district in ("heping", "nankai", "binhai", "hexi")
        )
        for city in (self.portal, self.files, self.bank, self.pensions):
            city.patience_seconds = PATIENCE_SECONDS
        self.centre = Centre(self.portal, FIRST_MONTH)
        self._lock = threading.Lock()
        self._serials = iter(range(1, 10_000_000))

    def prepare(self) -> None:
        """Register units and pensioners; set aside the money to pay pensions with."""
        since = f"{self.centre.month.year - 1}-01-01"
        cities = ((self.portal, "tax"), (self.files, "tax"), (self.bank, "bank_debit"))
        self.units = {
            city.district: [city.unit(since, collector) for _ in range(self.size)]
            for city, collector in cities
        }
        people = [_pensioner(number) for number in range(self.size)]
        body = {
            "action": "register",
            "district": self.pensions.district,
            "reason": "carried_over",
            "document": "退休核定名单",
            "people": people,
        }
        path = "/v1/entitlement-changes"
        change = self._done("district_clerk", "payout", path, body, district="hexi")
        approved = f"{path}/{change['id']}/approvals"
        self._done("district_reviewer", "payout", approved, {}, district="hexi")
        for kind, approver in _CAPITAL:
            body = {
                "kind": kind,
                "day": self.centre.first,
                "amounts": [{"fund": "pension", "amount": format_yuan(CAPITAL_FEN)}],
            }
            paper = self._done("fund_accountant", "ledger", "/v1/settlements", body)
            self._done(approver, "ledger", f"/v1/settlements/{paper['id']}/approvals")

    def play(self) -> None:
        """Play the open month by all desks at once, while the month before it is closed."""
        before = self.centre.month.plus(-1)
        desks: list[Callable[[], None]] = [
            self._by_portal,
            self._by_file,
            self._by_bank,
            self._pay_pensions,
        ]
        if str(before) >= FIRST_MONTH and str(before) not in self.told.closed:
            desks.append(lambda: self._close(Centre(self.portal, str(before))))
        with ThreadPoolExecutor(len(desks)) as pool:
            for running in [pool.submit(desk) for desk in desks]:
                running.result()

    def settle(self) -> None:
        """End the open month: all has arrived, and what nobody could be found for is refunded."""
        self.portal.quiet()
        self.centre.refund_suspended()
        self.portal.quiet()
        self.centre.month = self.centre.month.plus(1)

    def finish(self) -> None:
        """Close the last month."""
        self._close(Centre(self.portal, str(self.centre.month.plus(-1))))

    @property
    def is_over(self) -> bool:
        """Tell whether every month that may be played has been played."""
        return str(self.centre.month) > LAST_MONTH

    def _close(self, centre: Centre) -> None:
        month = str(centre.month)
        centre.settle_and_close()
        self.told.closed.append(month)

    def _done(self, *request: Any, **more: Any) -> Any:
        return self.portal.done(*request, **more)

    # --- three ways to declare and to pay ---------------------------------------------------

    def _by_portal(self) -> None:
        period, units = str(self.centre.month), self.units["heping"]
        papers = [self.portal.declare(unit, period, self._wage()) for unit in units]
        self._declared(papers, units, period)
        self.portal.bill(papers, period, self.centre.day(12))
        restated = self.random.choice(units)
        paper = papers[units.index(restated)]
        self.portal.correct(paper, restated, self._wage(), self.centre.day(13))
        self._pay_taxes(units, period)
        self._pay_as_a_stranger(units[0], period)

    def _by_file(self) -> None:
        period, units = str(self.centre.month), self.units["nankai"]
        wages = [self._wage() for _ in units]
        rows = [
            f"{unit.code},{unit.identity_number},{wage}"
            for unit, wage in zip(units, wages, strict=True)
        ]
        text = "\n".join(["统一社会信用代码,公民身份号码,缴费工资", *rows])
        operation = self._done(
            "district_clerk",
            "collection",
            "/v1/declaration-files",
            district="nankai",
            content=text.encode(),
            headers={"Content-Type": "text/csv"},
            params={
                "period": period,
                "control_people": len(units),
                "control_wages": format_yuan(sum(map(parse_yuan, wages))),
                "district": "nankai",
            },
        )
        path = f"/v1/operations/{operation['id']}"
        self.files.wait(lambda: self.at.get("supervisor", "collection", path)["finished_at"])
        found = self.at.pages(
            "supervisor", "collection", "/v1/declarations", district="nankai", period=period
        )
        papers = [str(one["id"]) for one in found]
        self._declared(papers, units, period)
        for role, step in (("district_clerk", "accept"), ("district_reviewer", "review")):
            body = {"step": step, "ids": papers}
            self._done(role, "collection", "/v1/declaration-steps", body, district="nankai")
        self.files.audit(period, self.centre.day(12))
        self._pay_taxes(units, period)

    def _by_bank(self) -> None:
        period, units = str(self.centre.month), self.units["binhai"]
        papers = [self.bank.declare(unit, period, self._wage()) for unit in units]
        self._declared(papers, units, period)
        self.bank.bill(papers, period, self.centre.day(12))
        for outcomes in (("settled", "settled", "refused"), ("settled",)):
            made = self.centre.debit(period)
            if made is None:
                return
            batch, lines = made
            for line in lines:
                self._hear_bank(batch, line, self.random.choice(outcomes))

    def _hear_bank(self, batch: str, line: dict[str, Any], outcome: str) -> None:
        serial = f"B-{next(self._serials)}"
        result = {
            "line": line["line"],
            "outcome": outcome,
            "bank_serial": serial,
            "amount": line["amount"],
            "value_date": self.centre.last,
            "reason": None if outcome == "settled" else "余额不足",
        }
        assert self.centre.hear_bank(batch, [result]) == 1, result
        if outcome == "settled":
            self.told.receipts[serial] = parse_yuan(line["amount"])

    def _declared(self, papers: list[str], units: list[StoryUnit], period: str) -> None:
        self.told.declarations.update(papers)
        self.told.declared.update((unit.code, period) for unit in units)

    def _pay_taxes(self, units: list[StoryUnit], period: str) -> None:
        """Push what is open of the units' bills, in one line or in two."""
        lines = [
            self._line(unit.code, period, fen)
            for unit in units
            for fen in self._parts_of(self._open_fen(unit, period))
        ]
        self.random.shuffle(lines)
        while lines:
            taken, lines = lines[:2], lines[2:]
            self._push(taken)

    def _open_fen(self, unit: StoryUnit, period: str) -> int:
        found = self.at.get(
            "supervisor", "collection", "/v1/bills", credit_code=unit.code, period=period
        )
        return sum(parse_yuan(one["open"]) for one in found["items"] if one["kind"] != "charge")

    def _parts_of(self, fen: int) -> Iterator[int]:
        first = fen if self.random.random() < 0.5 else fen // 3
        yield from (part for part in (first, fen - first) if part > 0)

    def _line(self, code: str, period: str, fen: int) -> dict[str, Any]:
        return {
            "serial": f"T-{next(self._serials)}",
            "credit_code": code,
            "period": period,
            "amount": format_yuan(fen),
            "paid_on": self.centre.day(self.random.randint(14, 28)),
        }

    def _push(self, lines: list[dict[str, Any]]) -> None:
        """Push lines; some pushes are sent a single time, some once more under another key."""
        total_fen = sum(parse_yuan(one["amount"]) for one in lines)
        body = {
            "push_no": f"P-{lines[0]['serial']}",
            "collected_on": self.centre.last,
            "control": {"count": len(lines), "total": format_yuan(total_fen)},
            "lines": lines,
        }
        serials = {one["serial"]: parse_yuan(one["amount"]) for one in lines}
        if self.random.random() < ABANDONED:
            answer = self.at.once("tax_bureau", "collection", "/v1/tax-pushes", body)
            if answer is None:
                self.told.unanswered.update(serials)
                return
            assert answer.is_success, answer.text
        for _ in range(2 if self.random.random() < 0.2 else 1):
            self._done("tax_bureau", "collection", "/v1/tax-pushes", body)
        self.told.receipts.update(serials)

    def _pay_as_a_stranger(self, unit: StoryUnit, period: str) -> None:
        """Push money under a code that nobody has; sometimes its unit is found."""
        line = self._line(new_code(), period, 100_00)
        self._push([line])
        if line["serial"] in self.told.receipts and self.random.random() < 0.5:
            receipt = self.portal.receipt(line["serial"])
            self.portal.match(receipt, unit, period, self.centre.last)

    def _wage(self) -> str:
        return self.random.choice(["5000.00", "8000.00", "10000.00", "12000.00"])

    # --- pensions ---------------------------------------------------------------------------

    def _pay_pensions(self) -> None:
        """Run a month's pensions, sign them at both levels, pay them, hear the bank."""
        body: dict[str, Any] = {"district": "hexi", "period": str(self.centre.month)}
        claim = self._done("district_clerk", "payout", "/v1/pension-runs", body, district="hexi")
        path = f"/v1/claims/{claim['id']}/signatures"
        approval = {"decision": "approve"}
        self._done("district_reviewer", "payout", path, approval, district="hexi")
        self._done("department_head", "payout", path, approval)
        self._done("centre_leader", "payout", path, approval)
        body = {"claims": [claim["id"]], "pay_date": self.centre.day(20)}
        batch = str(self._done("centre_cashier", "payout", "/v1/payment-batches", body)["id"])
        path = f"/v1/payment-batches/{batch}"
        self.pensions.wait(
            lambda: self.at.get("centre_cashier", "payout", path)["status"] == "ready",
            lambda: self.at.get("centre_cashier", "payout", path),
        )
        lines = list(self.at.pages("centre_cashier", "payout", f"{path}/lines"))
        self.random.shuffle(lines)
        for line in lines:
            self._report(batch, line)

    def _report(self, batch: str, line: dict[str, Any]) -> None:
        outcomes = self.random.choice(
            [("paid",), ("paid",), ("unknown", "paid"), ("refused",), ("paid", "returned")]
        )
        serial = f"Z-{next(self._serials)}"
        for outcome in outcomes:
            result = {
                "line": line["line"],
                "outcome": outcome,
                "bank_serial": f"{serial}-R" if outcome == "returned" else serial,
                "amount": line["amount"],
                "value_date": self.centre.last if outcome == "returned" else self.centre.day(20),
            }
            if outcome in {"refused", "returned"}:
                result |= {"reason_code": "RJ01", "reason": "账户已销户"}
            body = {"batch": batch, "results": [result]}
            heard = self._done("bank_gateway", "payout", "/v1/payment-results", body)
            assert heard["rejected"] == [], heard
        self.told.payments[batch, line["line"]] = outcomes[-1]


def _pensioner(number: int) -> dict[str, Any]:
    return {
        "identity_number": a_person()["identity_number"],
        "name": f"样例{number}",
        "kind": "basic_pension",
        "monthly_amount": f"{2000 + number}.00",
        "bank_account": {
            "bank": "某银行",
            "number": f"62220000000000{number:04d}",
            "name": f"样例{number}",
        },
        "from": "2021-01",
    }
