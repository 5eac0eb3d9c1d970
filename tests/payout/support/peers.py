"""Stub of the services that payout calls."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import orjson

from shared.ids import Ref
from shared.money import format_yuan, parse_yuan
from shared.references import Reference


@dataclass
class PeerStub:
    """A ledger and collection for tests: it answers as far as payout calls them.

    It keeps what it received, can be down, and can lose an answer after it has done the work.
    """

    funds_fen: int = 10**12
    district: str = "heping"
    is_down: bool = False
    loses_answers: int = 0
    is_busy: bool = False
    arrears: dict[str, str] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    paid_years: dict[str, dict[str, Any]] = field(default_factory=dict)
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    vouchers: dict[str, dict[str, Any]] = field(default_factory=dict)
    releases: dict[str, int] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    corrections: list[dict[str, Any]] = field(default_factory=list)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    retirement_facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    average_wages: dict[str, str] = field(default_factory=dict)
    inspection_orders: list[dict[str, Any]] = field(default_factory=list)
    inspection_reports: list[dict[str, Any]] = field(default_factory=list)
    refused_reports: set[int] = field(default_factory=set)
    statements: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    brought: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    accounts: dict[tuple[int, str], int] = field(default_factory=dict)
    taken: dict[tuple[int, str], dict[str, int]] = field(default_factory=dict)
    draws: dict[str, dict[str, Any]] = field(default_factory=dict)
    retirees: dict[int, dict[str, Any]] = field(default_factory=dict)
    retiree_versions: list[str] = field(default_factory=list)
    pensions: dict[tuple[int, str], int] = field(default_factory=dict)
    spending: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("down", request=request)
        path = request.url.path
        if path == "/v1/oauth/token":
            return httpx.Response(200, json={"access_token": "t"})
        self.calls[path.split("/")[2]] += 1
        if path == "/v1/person-corrections":
            after, limit = (int(request.url.params[name]) for name in ("after", "limit"))
            later = [item for item in self.corrections if item["number"] > after]
            more = {"items": later[:limit], "has_more": len(later) > limit}
            return httpx.Response(200, json=more)
        if path == "/v1/personal-balances":
            people = request.url.params.get_list("person")
            return httpx.Response(200, json={"items": self._balances(people)})
        if path.startswith("/v1/spending/"):
            return httpx.Response(200, json={"funds": self.spending})
        if path == "/v1/inspection-recoveries":
            return httpx.Response(200, json=self._orders(request.url.params))
        answer = self._answer(request.method, path, request.content)
        if self.loses_answers and request.method == "POST":
            self.loses_answers -= 1
            raise httpx.ReadError("lost", request=request)
        return answer

    def _answer(self, method: str, path: str, content: bytes) -> httpx.Response:
        if method == "GET":
            return self._read(path)
        body = orjson.loads(content)
        if path == "/v1/holds":
            return self._hold(body)
        if path.endswith("/releases"):
            return self._release(path.split("/")[3], body)
        if path == "/v1/personal-transfers":
            return self._transfer(body)
        if path == "/v1/personal-draws":
            return self._draw(body)
        if path == "/v1/retirees":
            self.retiree_versions.append(body["version"])
            self.retirees |= {
                Ref.parse(Reference.PERSON, one["person"]).key: one for one in body["people"]
            }
            return httpx.Response(200, json={"changed": len(body["people"])})
        if path.endswith("/recoveries"):
            return self._inspection_report(path.split("/")[3], body)
        assert path == "/v1/voucher-batches"
        if any("event_id" not in voucher for voucher in body["vouchers"]):
            return httpx.Response(422, json={"code": "VALIDATION_FAILED", "detail": "event_id"})
        results = [self._voucher(voucher) for voucher in body["vouchers"]]
        return httpx.Response(200, json={"results": results})

    def _read(self, path: str) -> httpx.Response:
        name = path.split("/")[3] if path.count("/") > 2 else ""
        if path.endswith("/arrears"):
            return self._arrears(name)
        if path.endswith("/wages"):
            return httpx.Response(
                200, json={"district": self.district, "average_wage": self.average_wages[name]}
            )
        of_person = {"contributions": self.records, "retirement-facts": self.retirement_facts}
        if (records := of_person.get(path.rsplit("/", 1)[-1])) is not None:
            if name not in records:
                return httpx.Response(404, json={"code": "NOT_FOUND"})
            return httpx.Response(200, json=records[name])
        if path.endswith("/statement"):
            found = {"items": self.statements.get(name, []), "brought": self.brought.get(name, [])}
            return httpx.Response(200, json=found)
        assert path.endswith("/paid-year")
        return httpx.Response(200, json={"district": self.district} | self.paid_years[name])

    def _balances(self, people: list[str]) -> list[dict[str, Any]]:
        keys = {Ref.parse(Reference.PERSON, person).key: person for person in people}
        return [
            {
                "person": keys[person_id],
                "fund": fund,
                "balance": format_yuan(fen),
                "taken": [
                    {"paper": paper, "amount": format_yuan(taken)}
                    for paper, taken in self.taken.get((person_id, fund), {}).items()
                ],
                "pensions": format_yuan(self.pensions.get((person_id, fund), 0)),
            }
            for (person_id, fund), fen in self.accounts.items()
            if person_id in keys
        ]

    def _draw(self, body: dict[str, Any]) -> httpx.Response:
        """Draw what accounts hold, as the ledger does."""
        known = self.draws.setdefault(body["paper"], body)
        assert known == body, "one paper, two bodies"
        asked: dict[tuple[int, str], int] = {}
        for paper in self.draws.values():
            for one in paper["draws"]:
                account = Ref.parse(Reference.PERSON, one["person"]).key, paper["fund"]
                asked[account] = asked.get(account, 0) + parse_yuan(one["amount"])
        for account, fen in asked.items():
            before_fen = self.pensions.get(account, 0)
            held_fen = self.accounts.get(account, 0) + before_fen
            self.pensions[account] = max(0, min(fen, held_fen))
            self.accounts[account] = held_fen - self.pensions[account]
        return httpx.Response(201, json={"paper": body["paper"], "outcome": "credited"})

    def _transfer(self, body: dict[str, Any]) -> httpx.Response:
        account = Ref.parse(Reference.PERSON, body["person"]).key, body["fund"]
        papers, fen = self.taken.setdefault(account, {}), parse_yuan(body["amount"])
        if body["paper"] not in papers:
            papers[body["paper"]] = fen
            self.accounts[account] -= fen
        return httpx.Response(201, json={"paper": body["paper"], "outcome": "credited"})

    def _orders(self, params: httpx.QueryParams) -> dict[str, Any]:
        """A page of orders; the cursor is the number of those before it."""
        start = int(params.get("cursor", 0))
        end = start + int(params["limit"])
        more = str(end) if end < len(self.inspection_orders) else None
        return {"items": self.inspection_orders[start:end], "next_cursor": more}

    def _inspection_report(self, inspection: str, body: dict[str, Any]) -> httpx.Response:
        """Take a report, after which the order no longer waits."""
        if body["finding"] in self.refused_reports:
            return httpx.Response(409, json={"code": "INSPECTION_RECOVERY_UNKNOWN"})
        self.inspection_reports.append(body)
        self.inspection_orders = [
            order
            for order in self.inspection_orders
            if (order["inspection"], order["finding"]) != (inspection, body["finding"])
        ]
        return httpx.Response(201, json={"items": []})

    def _arrears(self, credit_code: str) -> httpx.Response:
        if credit_code not in self.arrears:
            return httpx.Response(404, json={"code": "NOT_FOUND"})
        owed = self.arrears[credit_code]
        answer = {"district": self.district, "total": owed, "overdue": owed != "0.00"}
        blocked = self.blocked.get(credit_code)
        return httpx.Response(200, json=answer | {"claims_blocked": blocked})

    def _hold(self, body: dict[str, Any]) -> httpx.Response:
        hold = self.holds.get(body["event_id"])
        if hold is None:
            if parse_yuan(body["amount"]) > self.funds_fen:
                return httpx.Response(
                    409, json={"code": "INSUFFICIENT_FUNDS", "detail": "支出户余额不足"}
                )
            amount = parse_yuan(body["amount"])
            hold = body | {"id": f"hld_{uuid4().hex}", "remaining": amount}
            self.funds_fen -= amount
            self.holds[body["event_id"]] = hold
        shown = hold | {"remaining": format_yuan(hold["remaining"])}
        return httpx.Response(201, json=shown)

    def hold_by_id(self, hold_id: str) -> dict[str, Any]:
        (hold,) = [hold for hold in self.holds.values() if hold["id"] == hold_id]
        return hold

    def _release(self, hold_id: str, body: dict[str, Any]) -> httpx.Response:
        hold = self.hold_by_id(hold_id)
        if body["event_id"] not in self.releases:
            amount = parse_yuan(body["amount"]) if "amount" in body else hold["remaining"]
            assert amount <= hold["remaining"], "released more than remains"
            hold["remaining"] -= amount
            self.funds_fen += amount
            self.releases[body["event_id"]] = amount
        return httpx.Response(200, json={"id": hold_id})

    def _voucher(self, voucher: dict[str, Any]) -> dict[str, Any]:
        event = voucher["event_id"]
        if self.is_busy:
            problem = {"status": 503, "code": "QUEUE_FULL", "detail": "full"}
            return {"event_id": event, "outcome": "refused", "problem": problem}
        if event in self.vouchers:
            assert self.vouchers[event] == voucher, "one event id, two bodies"
            return {"event_id": event, "outcome": "replayed"}
        if "hold" in voucher:
            hold = self.hold_by_id(voucher["hold"])
            drawn = sum(
                parse_yuan(entry["amount"])
                for entry in voucher["entries"]
                if entry["account"] == hold["account"] and entry["side"] == "credit"
            )
            assert drawn <= hold["remaining"], "drew more than remains"
            hold["remaining"] -= drawn
        self.vouchers[event] = voucher
        return {"event_id": event, "outcome": "posted"}
