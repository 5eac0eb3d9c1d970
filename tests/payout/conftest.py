"""A payout office for tests: the real app on a real database, with a peer that can misbehave.

`StandIn` answers like the ledger and collection as far as payout speaks to them, keeps what it was
told, and can be made to go away or to lose an answer after it has done the work. The story with the
real ledger is in `test_with_the_ledger.py`.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from fastapi import FastAPI

from services.payout.app import CLIENT_ID, build
from services.payout.common.clients import CollectionClient
from services.payout.delivery import delivery_to
from services.payout.payments.clients import LedgerClient
from services.payout.payments.jobs import Funding
from shared.cn.identity_number import with_check_digit
from shared.money import format_yuan, parse_yuan
from shared.outbox import Relay
from shared.web.client import Peer
from tests.conftest import Bearer, ClientOf, SettingsFor


@dataclass
class StandIn:
    """Ledger and collection, as far as payout can tell."""

    funds_fen: int = 10**12
    is_down: bool = False
    loses_answers: int = 0
    arrears: dict[str, str] = field(default_factory=dict)
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    vouchers: dict[str, dict[str, Any]] = field(default_factory=dict)
    releases: dict[str, int] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("down", request=request)
        path = request.url.path
        if path == "/v1/oauth/token":
            return httpx.Response(200, json={"access_token": "t"})
        self.asked[path.split("/")[2]] += 1
        answer = self._answer(request.method, path, request.content)
        if self.loses_answers and request.method == "POST":
            self.loses_answers -= 1
            raise httpx.ReadError("lost", request=request)
        return answer

    def _answer(self, method: str, path: str, content: bytes) -> httpx.Response:
        if path.endswith("/arrears"):
            return self._arrears(path.split("/")[3])
        body = orjson.loads(content)
        if path == "/v1/holds":
            return self._hold(body)
        if path.endswith("/releases"):
            return self._release(path.split("/")[3], body)
        assert path == "/v1/voucher-batches"
        results = [self._voucher(voucher) for voucher in body["vouchers"]]
        return httpx.Response(200, json={"results": results})

    def _arrears(self, credit_code: str) -> httpx.Response:
        if credit_code not in self.arrears:
            return httpx.Response(404, json={"code": "NOT_FOUND"})
        owed = self.arrears[credit_code]
        return httpx.Response(200, json={"total": owed, "overdue": owed != "0.00"})

    def _hold(self, body: dict[str, Any]) -> httpx.Response:
        known = self.holds.get(body["event_id"])
        if known is None:
            if parse_yuan(body["amount"]) > self.funds_fen:
                return httpx.Response(
                    409, json={"code": "INSUFFICIENT_FUNDS", "detail": "支出户余额不足"}
                )
            amount = parse_yuan(body["amount"])
            known = body | {"id": f"hld_{uuid4().hex}", "remaining": amount}
            self.funds_fen -= amount
            self.holds[body["event_id"]] = known
        shown = known | {"remaining": format_yuan(known["remaining"])}
        return httpx.Response(201, json=shown)

    def hold_by_id(self, hold_id: str) -> dict[str, Any]:
        (found,) = [hold for hold in self.holds.values() if hold["id"] == hold_id]
        return found

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


@dataclass
class Office:
    """The payout app, spoken to over HTTP as one role or another."""

    app: FastAPI
    client: httpx.AsyncClient
    bearer: Bearer
    peers: StandIn

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str,
        district: str = "centre",
        subject: str | None = None,
        key: str | None = None,
        **params: Any,
    ) -> httpx.Response:
        headers = self.bearer(role, district, subject)
        if key is not None:
            headers["Idempotency-Key"] = key
        given = {name: value for name, value in params.items() if value is not None}
        return await self.client.request(method, path, json=body, headers=headers, params=given)

    async def register(
        self, people: list[dict[str, Any]], district: str = "heping"
    ) -> httpx.Response:
        return await self.ask(
            "POST",
            "/v1/entitlement-batches",
            {"district": district, "people": people},
            role="district_clerk",
            district=district,
        )

    async def run_pensions(
        self, period: str, district: str = "heping", **how: Any
    ) -> httpx.Response:
        return await self.ask(
            "POST",
            "/v1/pension-runs",
            {"district": district, "period": period},
            role="district_clerk",
            district=district,
            **how,
        )

    async def file(
        self, claim: dict[str, Any], district: str = "heping", **how: Any
    ) -> httpx.Response:
        how = {"role": "district_clerk", "district": district} | how
        return await self.ask("POST", "/v1/claims", claim, **how)

    async def sign(
        self, claim: str, role: str, decision: str = "approve", **how: Any
    ) -> httpx.Response:
        body = {"decision": decision, "note": how.pop("note", None)}
        return await self.ask("POST", f"/v1/claims/{claim}/signatures", body, role=role, **how)

    async def approved(self, claim: dict[str, Any]) -> str:
        """File a claim and have it signed three times; its id."""
        filed = await self.file(claim, claim["district"])
        assert filed.status_code == 201, filed.text
        return await self.approve(filed.json())

    async def approve(self, filed: dict[str, Any]) -> str:
        claim_id = str(filed["id"])
        for role, district in (
            ("district_reviewer", filed["district"]),
            ("department_head", "centre"),
            ("centre_leader", "centre"),
        ):
            signed = await self.sign(claim_id, role, district=district)
            assert signed.status_code == 201, signed.text
        assert signed.json()["status"] == "approved"
        return claim_id

    async def batch(self, claims: list[str], key: str | None = None, **how: Any) -> httpx.Response:
        how = {"role": "centre_cashier"} | how
        return await self.ask(
            "POST",
            "/v1/payment-batches",
            {"claims": claims, "pay_date": how.pop("pay_date", "2021-08-05")},
            key=key or uuid4().hex,
            **how,
        )

    async def ready_batch(self, *claims: dict[str, Any]) -> str:
        """A batch of these claims, signed and funded; its id."""
        made = await self.batch([await self.approved(claim) for claim in claims])
        assert made.status_code == 201, made.text
        await self.fund()
        found = await self.get_batch(made.json()["id"])
        assert found["status"] == "ready", found
        return str(found["id"])

    async def get_batch(self, batch: str) -> dict[str, Any]:
        answer = await self.ask("GET", f"/v1/payment-batches/{batch}", role="centre_cashier")
        found: dict[str, Any] = answer.json()
        return found

    async def lines(self, batch: str) -> list[dict[str, Any]]:
        answer = await self.ask("GET", f"/v1/payment-batches/{batch}/lines", role="bank_gateway")
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def report(
        self, batch: str, results: list[dict[str, Any]], key: str | None = None
    ) -> httpx.Response:
        return await self.ask(
            "POST",
            "/v1/payment-results",
            {"batch": batch, "results": results},
            role="bank_gateway",
            key=key or uuid4().hex,
        )

    async def fund(self) -> None:
        funding: Funding = self.app.state.funding
        await funding.step()

    async def deliver(self) -> None:
        relay: Relay = self.app.state.relay
        while await relay.step():
            pass


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer
) -> AsyncIterator[Office]:
    """An office on this module's database."""
    app = build(settings_for())
    async with client_of(app) as client:
        peers = StandIn()
        transport = httpx.MockTransport(peers)
        async with Peer(
            "http://peer", CLIENT_ID, "secret", attempts=1, transport=transport
        ) as peer:
            speak_to(app, LedgerClient(peer))
            app.state.collection = CollectionClient(peer)
            yield Office(app, client, bearer, peers)


def speak_to(app: FastAPI, ledger: LedgerClient) -> None:
    """Point an app's background work at a ledger."""
    app.state.relay = Relay(app.state.db, delivery_to(ledger))
    app.state.funding = Funding(app.state.db, ledger)


# --- papers ------------------------------------------------------------------------------------


def number(serial: int) -> str:
    """A valid identity number."""
    return with_check_digit(f"120101195003{serial % 28 + 1:02d}{serial // 28 % 1000:03d}")


def account(serial: int, holder: str = "张建国") -> dict[str, str]:
    return {"bank": "工商银行", "number": f"62220203020645{serial:05d}", "name": holder}


def pensioner(serial: int, amount: str = "2345.60", since: str = "2021-01") -> dict[str, Any]:
    return {
        "identity_number": number(serial),
        "name": "张建国",
        "kind": "basic_pension",
        "monthly_amount": amount,
        "bank_account": account(serial),
        "from": since,
    }


def hospital_claim(
    *amounts: str, district: str = "heping", period: str = "2021-07", **changes: Any
) -> dict[str, Any]:
    """A hospital settlement of these amounts that no other claim is like."""
    mark = uuid4().hex[:12]
    lines = [
        {
            "payee_name": "天津市第一中心医院",
            "bank_account": account(at, "天津市第一中心医院"),
            "amount": amount,
            "reference": f"ZY-{mark}-{at}",
        }
        for at, amount in enumerate(amounts)
    ]
    total = format_yuan(sum(parse_yuan(amount) for amount in amounts))
    return {
        "kind": "hospital_settlement",
        "district": district,
        "period": period,
        "summary": "住院费用结算",
        "control": {"lines": len(lines), "total": total},
        "lines": lines,
    } | changes


def result(line: dict[str, Any], outcome: str = "paid", **changes: Any) -> dict[str, Any]:
    """What the bank says of a line."""
    said = {
        "line": line["line"],
        "outcome": outcome,
        "bank_serial": f"B{line['line']:06d}" + ("R" if outcome == "returned" else ""),
        "amount": line["amount"],
        "value_date": "2021-08-05",
    }
    if outcome in {"refused", "returned"}:
        said |= {"reason_code": "RJ01", "reason": "账号不存在"}
    return said | changes
