"""Units of a story: declared, billed, paid, corrected; and their accounts in all services."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.money import format_yuan, parse_yuan
from tests.collection.support.money import new_code
from tests.collection.support.office import a_person
from tests.stories.support.installation import Installation

DISTRICT = "nankai"
WAIT_SECONDS = 60


@dataclass(frozen=True)
class StoryUnit:
    """A unit with one person, who declares to the tax bureau."""

    code: str
    identity_number: str


class City:
    """Deeds of units, clerks, reviewers and the centre, each over HTTP."""

    def __init__(self, installation: Installation, district: str = DISTRICT) -> None:
        self.at, self.district = installation, district
        self.patience_seconds = WAIT_SECONDS
        self.disturb: Callable[[], None] = lambda: None
        """Called before every step, to kill a service."""

    def done(self, role: str, service: str, path: str, body: Any = None, **more: Any) -> Any:
        """Do something that is not refused."""
        self.disturb()
        answer = self.at.post(role, service, path, body, **more)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        return answer.json()

    def unit(self, since: str, collector: str = "tax") -> StoryUnit:
        """Register a unit with one enrolled person."""
        unit = StoryUnit(new_code(), a_person()["identity_number"])
        body = {
            "credit_code": unit.code,
            "name": f"样例{unit.code[-6:]}",
            "kind": "enterprise",
            "district": self.district,
            "injury_class": 1,
            "collector": collector,
            "bank_account": {"bank": "某银行", "number": "0302000000000000001", "name": "样例"},
        }
        self.done("district_clerk", "collection", "/v1/units", body, district=self.district)
        person = {"identity_number": unit.identity_number, "name": "样例", "joined_on": since}
        path = f"/v1/units/{unit.code}/enrolments"
        body = {"people": [person]}
        self.done("district_clerk", "collection", path, body, district=self.district)
        if collector == "bank_debit":
            self.agree(unit)
        return unit

    def agree(self, unit: StoryUnit) -> None:
        """Sign the three-party agreement under which a unit is debited."""
        body = {
            "number": f"SF-{unit.code[-8:]}",
            "bank_account": {"bank": "某银行", "number": "0302000000000000001", "name": "样例"},
            "valid_from": "2004-01-01",
            "signed_on": "2004-01-01",
        }
        path = f"/v1/units/{unit.code}/debit-agreements"
        filed = self.done("district_clerk", "collection", path, body, district=self.district)
        path = f"/v1/debit-agreements/{filed['id']}/approvals"
        self.done("department_head", "collection", path, {})

    def declare(self, unit: StoryUnit, period: str, wage: str) -> str:
        """Declare a month; the declaration's reference."""
        body = {"credit_code": unit.code, "period": period} | _people(unit, wage)
        made = self.done("employer_portal", "collection", "/v1/declarations", body)
        return str(made["id"])

    def correct(self, declaration: str, unit: StoryUnit, wage: str, bill_date: str) -> str:
        """Restate a month and bill the restatement; the correction's reference."""
        body = {"reason_code": "WAGE_WRONG", "note": "更正"} | _people(unit, wage)
        path = f"/v1/declarations/{declaration}/corrections"
        made = self.done("employer_portal", "collection", path, body)
        self.bill([str(made["id"])], str(made["period"]), bill_date)
        return str(made["id"])

    def bill(self, declarations: list[str], period: str, bill_date: str) -> None:
        """Take declarations of a period the whole way to their bills."""
        for one in declarations:
            for role, step in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
                path = f"/v1/declarations/{one}/{step}"
                self.done(role, "collection", path, district=self.district)
        self.audit(period, bill_date)

    def audit(self, period: str, bill_date: str) -> None:
        """Send what the district has reviewed to the centre, which audits it; wait for the bills."""
        body: dict[str, Any] = {"district": self.district, "period": period}
        made = self.done(
            "district_reviewer", "collection", "/v1/summaries", body, district=self.district
        )
        body = {"control": made["control"], "bill_date": bill_date}
        self.done("centre_auditor", "collection", f"/v1/summaries/{made['id']}/audits", body)
        self.wait(
            lambda: (
                self.at.get("supervisor", "collection", f"/v1/summaries/{made['id']}")["status"]
                == "billed"
            ),
            lambda: f"{made['id']} is not billed",
        )

    def pay(
        self,
        unit: StoryUnit,
        period: str,
        amount: str,
        paid_on: str,
        serial: str,
        item: str = "",
    ) -> None:
        """Let the tax bureau push one line: a whole ticket, or one levy item."""
        row = {
            "serial": serial,
            "credit_code": unit.code,
            "period": period,
            "amount": amount,
            "paid_on": paid_on,
            **({"line": 1, "levy_item": item} if item else {}),
        }
        body = {
            "push_no": serial,
            "collected_on": paid_on,
            "control": {"count": 1, "total": amount},
            "lines": [row],
        }
        self.done("tax_bureau", "collection", "/v1/tax-pushes", body)

    def receipt(self, serial: str) -> str:
        """Find the receipt of a serial; its reference."""
        return next(str(one["id"]) for one in self.receipts() if one["serial"] == serial)

    def match(self, receipt: str, unit: StoryUnit, period: str, on: str) -> bool:
        """Say whose money it is that is in suspense; False where the month asks for nothing."""
        body = {"credit_code": unit.code, "period": period, "matched_on": on}
        path = f"/v1/receipts/{receipt}/matches"
        answer = self.at.post("fund_accountant", "collection", path, body)
        assert answer.status_code < 300 or answer.json()["code"] == "NO_OPEN_BILL", answer.text
        return answer.status_code < 300

    def move(self, receipt: str, unit: StoryUnit, period: str, on: str) -> None:
        """Move money that came under the wrong payer, by two people."""
        body = {
            "credit_code": unit.code,
            "period": period,
            "moved_on": on,
            "reason": "户名登记错误",
            "document": "M-1",
        }
        path = f"/v1/receipts/{receipt}/moves"
        made = self.done("fund_accountant", "collection", path, body)
        path = f"/v1/receipt-moves/{made['id']}/approvals"
        self.done("department_head", "collection", path, {"decided_on": on})

    def take_back(self, receipt: str, amount_fen: int, on: str, serial: str, decided: str) -> bool:
        """Take money back that the bank returned, by two people; False where too little is held."""
        body = {
            "amount": format_yuan(amount_fen),
            "returned_on": on,
            "bank_serial": serial,
            "reason": "银行退票",
            "document": "R-1",
        }
        path = f"/v1/receipts/{receipt}/returns"
        filed = self.at.post("fund_accountant", "collection", path, body)
        if filed.status_code >= 300:
            assert filed.json()["code"] == "RECEIPT_HOLDS_LESS", filed.text
            return False
        path = f"/v1/receipt-returns/{filed.json()['id']}/approvals"
        self.done("department_head", "collection", path, {"decided_on": decided})
        return True

    def receipts(self, **params: Any) -> list[dict[str, Any]]:
        """Read receipts, all pages."""
        return list(self.at.pages("supervisor", "collection", "/v1/receipts", **params))

    def quiet(self) -> None:
        """Wait until nothing is under way between the services; nothing may be refused."""

        def is_quiet() -> bool:
            for service in ("collection", "payout"):
                outbox = self.at.get("supervisor", service, "/v1/outbox")
                assert outbox["refused"] == 0, f"{service}: the ledger refused a message"
                if outbox["waiting"]:
                    return False
            answer = self.at.get("fund_accountant", "collection", "/v1/personal-deliveries")
            assert answer["refused"] == 0, "the ledger refused personal credits"
            return True  # a restated month's persons wait until the month before is paid

        self.wait(is_quiet)
        time.sleep(0.3)  # accounts that are due are looked at every 0.2 seconds
        self.wait(is_quiet)

    def wait(self, happened: Any, last: Callable[[], Any] = str) -> None:
        """Wait until something has happened; `last` says what there was instead."""
        deadline = time.monotonic() + self.patience_seconds
        while not happened():
            assert time.monotonic() < deadline, f"it does not happen: {last()}"
            time.sleep(0.05)

    def account(self, unit: StoryUnit, as_of: str) -> dict[str, Any]:
        """Read everything that collection says a unit owes, is owed and paid, in fen."""
        where = f"/v1/units/{unit.code}"
        bills = self.at.get("supervisor", "collection", "/v1/bills", credit_code=unit.code)["items"]
        charges = self.at.get("supervisor", "collection", f"{where}/charges", limit=500)["items"]
        credits = self.at.get("supervisor", "collection", f"{where}/credits", limit=500)["items"]
        arrears = self.at.get("payout_service", "collection", f"{where}/arrears", as_of=as_of)
        charged: dict[str, int] = {}
        for one in charges:
            key = f"{one['period']} {one['kind']} {one['insurance']}"
            charged[key] = charged.get(key, 0) + parse_yuan(one["amount"])
        return {
            "bills": sorted(
                (one["period"], one["kind"] == "charge", one["settled"], one["open"])
                for one in bills
                if parse_yuan(one["total"]) or parse_yuan(one["settled"])
            ),
            "charged": {key: fen for key, fen in charged.items() if fen},
            "credits": sum(parse_yuan(one["left"]) for one in credits),
            "suspense": sorted(
                (
                    one["serial"].split("-")[1],
                    one["suspended"],
                )  # a debit's serial ends with its line
                for one in self.receipts(status="suspended")
                if one["credit_code"] == unit.code
            ),
            "arrears": (arrears["total"], arrears["overdue"], arrears["late_fee"]),
        }

    def balances(self, as_of: str) -> dict[tuple[str, str, str], int]:
        """Read the trial balance of all books: (book, fund, account) → fen, debits above zero."""
        found = {}
        for book in ("statutory", "memo"):
            answer = self.at.get(
                "supervisor", "ledger", "/v1/trial-balance", as_of=as_of, book=book
            )
            for fund in answer["funds"]:
                for one in fund["accounts"]:
                    fen = parse_yuan(one["debit"]) - parse_yuan(one["credit"])
                    found[book, fund["fund"], one["account"]] = fen
        return found


def _people(unit: StoryUnit, wage: str) -> dict[str, Any]:
    person = {"identity_number": unit.identity_number, "wage": wage}
    return {"control": {"people": 1, "wages": wage}, "people": [person]}
