"""The payout app for tests, with one method per common request."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from services.payout.delivery import delivery_to
from services.payout.payments.clients import LedgerClient
from services.payout.payments.jobs import FundingWorker
from shared import book_days
from shared.book_days import BookDays
from shared.outbox import Relay
from tests.conftest import Bearer
from tests.payout.support.peers import PeerStub


@dataclass
class Office:
    """The payout app, called over HTTP in any role."""

    app: FastAPI
    client: httpx.AsyncClient
    bearer: Bearer
    peers: PeerStub

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

    async def propose_change(
        self, action: str, people: list[dict[str, Any]], district: str = "heping", **more: Any
    ) -> httpx.Response:
        body = {
            "action": action,
            "district": district,
            "reason": "carried_over",
            "document": "津退审[2021]115号",
            "people": people,
        }
        how = {"role": "district_clerk", "district": district}
        return await self.ask("POST", "/v1/entitlement-changes", body | more, **how)

    async def decide_change(
        self, change: str, step: str = "approvals", district: str = "heping", **how: Any
    ) -> httpx.Response:
        body = {"note": "材料不全"} if step == "refusals" else {}
        how = {"role": "district_reviewer", "district": district} | how
        return await self.ask("POST", f"/v1/entitlement-changes/{change}/{step}", body, **how)

    async def change(
        self, action: str, people: list[dict[str, Any]], district: str = "heping", **more: Any
    ) -> httpx.Response:
        """Propose a change of entitlements and approve it; return the first refusal, or the paper."""
        proposed = await self.propose_change(action, people, district, **more)
        if proposed.status_code != 201:
            return proposed
        return await self.decide_change(proposed.json()["id"], district=district)

    async def register(
        self, people: list[dict[str, Any]], district: str = "heping"
    ) -> httpx.Response:
        return await self.change("register", people, district)

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
        """File a claim and sign it three times; return its id."""
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
        """File, sign and fund a batch of these claims; return its id."""
        created = await self.batch([await self.approved(claim) for claim in claims])
        assert created.status_code == 201, created.text
        await self.fund()
        batch = await self.get_batch(created.json()["id"])
        assert batch["status"] == "ready", batch
        return str(batch["id"])

    async def get_batch(self, batch: str) -> dict[str, Any]:
        answer = await self.ask("GET", f"/v1/payment-batches/{batch}", role="centre_cashier")
        shown: dict[str, Any] = answer.json()
        return shown

    async def lines(self, batch: str) -> list[dict[str, Any]]:
        answer = await self.ask("GET", f"/v1/payment-batches/{batch}/lines", role="bank_gateway")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

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
        funding: FundingWorker = self.app.state.funding
        await funding.step()

    async def close_books(self, until: str | None) -> None:
        """Let payout know that the books are closed until a day; open them all for None."""
        day = date.fromisoformat(until) if until else None
        async with self.app.state.db.transaction() as tx:
            await book_days.write(tx, BookDays(day, date(1999, 7, 1)))

    async def deliver(self) -> None:
        relay: Relay = self.app.state.relay
        while await relay.step():
            pass


def connect_ledger(app: FastAPI, ledger: LedgerClient) -> None:
    """Let an app's background work call this ledger."""
    app.state.relay = Relay(app.state.db, delivery_to(ledger))
    app.state.funding = FundingWorker(app.state.db, ledger)
