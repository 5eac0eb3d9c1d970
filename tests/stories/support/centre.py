"""The centre of a story: refunds, waivers, debits, settlements and closings, each by its people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.money import format_yuan, parse_yuan
from shared.period import Period
from shared.wire.closing import merged
from tests.stories.support.city import City

_EMPTYING = {
    "income_deposit": ("sweep", "sweep_back"),
    "treasury_deposit": ("treasury_remit", None),
}
"""Account → the settlement that empties it above zero, and below."""


class Centre:
    """Deeds of the city's centre. `month` is the open one; every earlier one is closed."""

    def __init__(self, city: City, month: str) -> None:
        self.city, self.month = city, Period.parse(month)

    @property
    def first(self) -> str:
        """The first day of the open month."""
        return self.month.first_day.isoformat()

    @property
    def last(self) -> str:
        """The last day of the open month."""
        return self.month.last_day.isoformat()

    def day(self, number: int) -> str:
        """A day of the open month."""
        return self.month.day(number).isoformat()

    def days_before_end(self, days: int) -> str:
        """A day before the open month's last, whether or not it is closed."""
        return (self.month.last_day - timedelta(days)).isoformat()

    # --- money given back or waived ---------------------------------------------------------

    def waive(self, bill: str) -> None:
        """Waive all that is open of a charge bill, by two people."""
        body = {
            "reason": "AGENCY_CAUSE",
            "evidence": "津社险减〔2021〕12号",
            "asked_on": self.last,
        }
        made = self.city.done("centre_auditor", "collection", f"/v1/bills/{bill}/waivers", body)
        path = f"/v1/waivers/{made['id']}/approvals"
        self.city.done("department_head", "collection", path, {"decided_on": self.last})

    def refund(self, source: dict[str, str], amount_fen: int | None, end: str, serial: str) -> None:
        """Request a refund and take it to an end: refused, paid, or paid and sent back."""
        path = self._requested(source, amount_fen)
        if end == "refused":
            refusal = self._decided | {"why": "待核"}
            self.city.done("department_head", "collection", f"{path}/refusals", refusal)
            return
        self.city.done("department_head", "collection", f"{path}/approvals", self._decided)
        self._pay([path])
        if end == "returned":
            report = {"returned_on": self.last, "serial": serial, "reason": "账户已销户"}
            self.city.done("fund_accountant", "collection", f"{path}/returns", report)
            path = f"{path}/returns/approvals"
            self.city.done("department_head", "collection", path, self._decided)

    @property
    def _decided(self) -> dict[str, Any]:
        return {"decided_on": self.last}

    def _requested(self, source: dict[str, str], amount_fen: int | None) -> str:
        body: dict[str, Any] = {
            "source": source,
            "amount": None if amount_fen is None else format_yuan(amount_fen),
            "requested_on": self.last,
            "reason": "多缴",
        }
        made = self.city.done("fund_accountant", "collection", "/v1/refunds", body)
        return f"/v1/refunds/{made['id']}"

    def _pay(self, refunds: list[str]) -> None:
        """Settle refunds in the ledger, and wait until collection knows that they are paid."""
        if not refunds:
            return
        self.city.quiet()
        for path in refunds:
            self._settle_refund(path.rpartition("/")[2])
        for path in refunds:
            self.city.wait(
                lambda path=path: (
                    self.city.at.get("supervisor", "collection", path)["status"] == "paid"
                )
            )

    def _settle_refund(self, refund: str) -> None:
        body = {"kind": "refund", "day": self.last, "refund": refund}
        answer = self.city.at.post("fund_accountant", "ledger", "/v1/settlements", body)
        if answer.status_code >= 300:  # the money was swept on
            assert answer.json()["code"] == "INSUFFICIENT_FUNDS", answer.text
            body["deposit"] = "fiscal_deposit"
            paper = self.city.done("fund_accountant", "ledger", "/v1/settlements", body)
        else:
            paper = answer.json()
        path = f"/v1/settlements/{paper['id']}/approvals"
        self.city.done("department_head", "ledger", path)

    def debit(self, period: str) -> tuple[str, list[dict[str, Any]]] | None:
        """Make a batch of a period's open bills: its reference and lines; None when none is open."""
        body = {"period": period, "debit_date": self.last}
        answer = self.city.at.post("centre_cashier", "collection", "/v1/debit-batches", body)
        if answer.status_code >= 300:
            assert answer.json()["code"] == "NOTHING_TO_DEBIT", answer.text
            return None
        batch = str(answer.json()["id"])
        path = f"/v1/debit-batches/{batch}/lines"
        return batch, self.city.at.get("centre_cashier", "collection", path, limit=500)["items"]

    def hear_bank(self, batch: str, results: list[dict[str, Any]]) -> int:
        """Let the bank report results of a batch; how many were taken.

        A return is rejected where its money was refunded meanwhile.
        """
        body = {"batch": batch, "results": results}
        heard = self.city.done("bank_gateway", "collection", "/v1/debit-results", body)
        assert {one["code"] for one in heard["rejected"]} <= {"RECEIPT_HOLDS_LESS"}, heard
        return len(results) - len(heard["rejected"])

    # --- the end of a month -----------------------------------------------------------------

    def close_days(self, number: int) -> None:
        """Close the open month's days up to one, unless money is in suspense at its end."""
        day = self.day(number)
        suspense = self.city.at.get("supervisor", "ledger", "/v1/suspense", as_of=day)["items"]
        until = self.city.at.get("supervisor", "ledger", "/v1/closed-until")["closed_until"]
        if not suspense and (until or "") < day:
            self._close("day", day, day)

    def close_month(self) -> None:
        """Refund what nobody could be found for, empty the deposits, close the month; and the year."""
        self.refund_suspended()
        self.city.quiet()
        self.settle_and_close()

    def settle_and_close(self) -> None:
        """Empty the deposits, close the month; and the year. Its facts have all arrived."""
        self._empty_deposits()
        self._close("month", str(self.month), self.last)
        if str(self.month).endswith("-12"):
            self._close("year", str(self.month)[:4], self.last)
        self.month = self.month.plus(1)

    def refund_suspended(self) -> None:
        """Refund what nobody could be found for."""
        refunds = [
            self._requested({"receipt": one["id"]}, parse_yuan(one["suspended"]))
            for one in self.city.receipts(status="suspended")
        ]
        for one in refunds:
            self.city.done("department_head", "collection", f"{one}/approvals", self._decided)
        self._pay(refunds)

    def _empty_deposits(self) -> None:
        found = self.city.at.get("supervisor", "ledger", "/v1/in-transit", cut_off=self.last)
        for account, (above, below) in _EMPTYING.items():
            left = [
                parse_yuan(one["balance"]) for one in found["items"] if one["account"] == account
            ]
            kind = above if sum(left) >= 0 else below
            if kind is None or not any(left):
                continue
            body = {"kind": kind, "day": self.last}
            paper = self.city.done("fund_accountant", "ledger", "/v1/settlements", body)
            path = f"/v1/settlements/{paper['id']}/approvals"
            self.city.done("centre_leader", "ledger", path)

    def _close(self, level: str, period: str, day: str) -> None:
        """Propose to close, with what both services have at the end of a day, and approve it."""
        found: list[dict[str, Any]] = []

        def is_proposed() -> bool:
            """Propose; while a delivery of personal credits is still repeated, totals differ."""
            body = {"level": level, "period": period, "control": merged(*self._control(day))}
            answer = self.city.at.post("fund_accountant", "ledger", "/v1/closings", body)
            late = answer.status_code >= 300 and answer.json()["code"] == "BUSINESS_NOT_BOOKS"
            assert late or answer.status_code < 300, answer.text
            found.append(answer.json())
            return not late

        self.city.wait(is_proposed, lambda: found[-1:])
        paper = found[-1]
        path = f"/v1/closings/{paper['id']}/approvals"
        done = self.city.done("centre_leader", "ledger", path, {})
        assert done["closed_until"] == day, done

    def _control(self, day: str) -> tuple[dict[str, Any], dict[str, Any]]:
        collection, payout = (
            self.city.at.get("fund_accountant", service, "/v1/closing-control", as_of=day)
            for service in ("collection", "payout")
        )
        return collection, payout

    # --- what holds after every fact --------------------------------------------------------

    def check_books(self) -> None:
        """Check that nothing is below zero on any day, and that business, books, statistics agree."""
        self._check_balanced()
        self._check_suspense()
        self._check_floors()
        self._check_totals()
        self._check_parts()

    def _check_parts(self) -> None:
        """Check on several days that every fen of every receipt is in exactly one part."""
        for day in (self.days_before_end(45), self.days_before_end(20), self.last):
            proof = self.city.at.get(
                "fund_accountant", "collection", "/v1/receipt-parts", as_of=day
            )
            assert proof["ties"], proof
            for channel in proof["channels"]:
                parts = ("allocated", "moved", "suspense", "refunded", "reversed")
                whole_fen = sum(parse_yuan(channel[part]) for part in parts)
                assert whole_fen == parse_yuan(channel["amount"]), proof

    def _check_balanced(self) -> None:
        for book in ("statutory", "memo"):
            sheet = self.city.at.get(
                "supervisor", "ledger", "/v1/trial-balance", as_of=self.last, book=book
            )
            assert sheet["balanced"]

    def _check_suspense(self) -> None:
        suspended = {
            one["id"]: parse_yuan(one["suspended"])
            for one in self.city.receipts(status="suspended")
        }
        books = self.city.at.pages("supervisor", "ledger", "/v1/suspense", as_of=self.last)
        booked = {one["receipt"]: parse_yuan(one["amount"]) for one in books}
        assert all(fen > 0 for fen in booked.values()), booked
        assert booked == suspended

    def _check_floors(self) -> None:
        chart = self.city.at.get("supervisor", "ledger", "/v1/accounts", as_of=self.last)["items"]
        for account in (one["key"] for one in chart if one["floored"]):
            balances: dict[tuple[str, str], dict[str, int]] = {}
            path = f"/v1/accounts/{account}/entries"
            for one in self.city.at.pages("supervisor", "ledger", path):
                fen = parse_yuan(one["amount"]) * (1 if one["side"] == "debit" else -1)
                days = balances.setdefault((one["fund"], one["district"]), {})
                days[one["book_date"]] = days.get(one["book_date"], 0) + fen
            for place, days in balances.items():
                balance_fen = 0
                for day in sorted(days):
                    balance_fen += days[day]
                    assert balance_fen >= 0, (account, place, day, balance_fen)

    def _check_totals(self) -> None:
        """Compare business, books and statistics of every fund, as a closing does."""
        funds = merged(*self._control(self.last))["funds"]
        at, as_of = self.city.at, self.last
        booked = at.get("fund_accountant", "ledger", "/v1/closing-totals", as_of=as_of)["funds"]
        differing = []
        for fund in sorted({*funds, *booked}):
            items = funds.get(fund, {}).get("items", {})
            for item in sorted({*items, *booked.get(fund, {})}):
                business, statistics = items[item]["business"], items[item]["statistics"]
                books = booked.get(fund, {}).get(item, "0.00")
                if not business == statistics == books:
                    differing.append((fund, item, business, books, statistics))
        assert differing == []
        memo = self.city.balances(as_of)
        for fund, one in funds.items():
            receivable_fen = memo.get(("memo", fund, "memo_receivable"), 0)
            assert parse_yuan(one["receivable"]) == receivable_fen, (fund, one, receivable_fen)
            collected_fen = memo.get(("memo", fund, "memo_collected"), 0)
            assert parse_yuan(one["collected"]) == collected_fen, (fund, one, collected_fen)
