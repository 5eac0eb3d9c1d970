"""The sandbox's app against stand-ins of collection and payout that remember what they were told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from services.sandbox.app import build
from shared.process.settings import Settings
from tests.issuer import Issuer


class FakeServices:
    """Collection and payout as far as a bank and a tax bureau meet them."""

    def __init__(self) -> None:
        self.batches: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.bills: list[dict[str, Any]] = []
        self.files: list[tuple[str, str, dict[str, Any]]] = []
        self.app = FastAPI()
        self.app.post("/v1/oauth/token")(self._token)
        for trade in ("debit", "payment"):
            self.app.get(f"/v1/{trade}-batches")(self._batches)
            self.app.get(f"/v1/{trade}-batches/{{batch}}/lines")(self._lines)
            self.app.post(f"/v1/{trade}-results")(self._results)
        self.app.get("/v1/payment-batches/{batch}/file")(self._orders)
        self.app.post("/v1/payment-batches/{batch}/result-files")(self._payment_file)
        self.signed: list[bool] = []
        """Of each file of results, was it signed?"""
        self.app.get("/v1/bank-profiles")(self._banks)
        self.app.post("/v1/bank-files")(self._bank_file)
        self.bank_files: list[tuple[str, str, bytes]] = []
        """Bank, media type and content of each answer file."""
        self.app.get("/v1/bills")(self._bills)
        self.app.get("/v1/tax-dues")(self._dues)
        self.app.post("/v1/tax-pushes")(self._push)

    def add_batch(self, batch: str, lines: int, **facts: str) -> None:
        """A batch of lines of 100.00 each, more by a fen from line to line."""
        self.batches[batch] = {"id": batch, "status": "created", **facts}
        self.lines[batch] = [
            {
                "line": line,
                "credit_code": f"9112010100000{line:05d}",
                "amount": f"100.{line % 100:02d}",
                "bank_account": {
                    "bank": "天津银行",
                    "number": f"6222{line:015d}",
                    "name": f"单位{line}",
                },
            }
            for line in range(1, lines + 1)
        ]

    def outcomes(self) -> dict[tuple[str, int], list[str]]:
        """(batch, line) → the outcomes reported, in order."""
        outcomes: dict[tuple[str, int], list[str]] = {}
        for path, _, body in self.files:
            if path.endswith("results"):
                for result in body["results"]:
                    unknown = result.get("reason_code") == "STATUS"
                    outcomes.setdefault((body["batch"], result["line"]), []).append(
                        "unknown" if unknown else result["outcome"]
                    )
        return outcomes

    async def _token(self) -> dict[str, str]:
        return {"access_token": "t"}

    async def _batches(self, status: str) -> dict[str, Any]:
        items = [one for one in self.batches.values() if one["status"] == status]
        return {"items": items, "next_cursor": None, "has_more": False}

    async def _lines(self, batch: str, limit: int, cursor: int = 0) -> dict[str, Any]:
        items = self.lines[batch][cursor : cursor + limit]
        more = cursor + limit < len(self.lines[batch])
        return {"items": items, "next_cursor": str(cursor + limit) if more else None}

    async def _banks(self) -> dict[str, Any]:
        formats = {"ccb": "iso20022", "city": "json", "icbc": "gbk_xml:icbc", "boc": "csv"}
        return {"items": [{"code": code, "format": name} for code, name in formats.items()]}

    async def _bank_file(self, request: Request, bank: str) -> dict[str, Any]:
        self.bank_files.append((bank, request.headers["content-type"], await request.body()))
        return {"settled": 0, "rejected": []}

    async def _orders(self, batch: str) -> dict[str, str]:
        return {"file_no": f"P20210805-{batch}"}

    async def _payment_file(self, request: Request, batch: str) -> dict[str, Any]:
        file_format = request.query_params["format"]
        media_type = request.headers["content-type"]
        self.bank_files.append((file_format, media_type, await request.body()))
        return {"paid": 0, "rejected": []}

    async def _results(self, request: Request) -> dict[str, Any]:
        body = await request.json()
        self.signed.append("signature" in request.headers)
        self.files.append((request.url.path, request.headers["idempotency-key"], body))
        counts: dict[str, Any] = {"rejected": []}
        for result in body["results"]:
            counts[result["outcome"]] = counts.get(result["outcome"], 0) + 1
        return counts

    async def _bills(self, period: str, status: str) -> dict[str, Any]:
        items = [one for one in self.bills if (one["period"], one["status"]) == (period, status)]
        return {"items": items, "next_cursor": None}

    async def _dues(self, period: str) -> dict[str, Any]:
        """The open amounts of the bills, by two levy items."""
        items = [
            {"credit_code": one["credit_code"], "levy_item": item, "open": amount}
            for one in self.bills
            if one["period"] == period
            for item, amount in (("pension.unit", one["total"]), ("medical.unit", "1.00"))
        ]
        return {"items": items, "next_cursor": None}

    async def _push(self, request: Request) -> dict[str, Any]:
        body = await request.json()
        self.files.append((request.url.path, request.headers["idempotency-key"], body))
        return {"received": len(body["lines"]), "rejected": []}


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def sandbox_settings(tmp_path: Path, identity_dir: Path, issuer: Issuer) -> Settings:
    return Settings(
        home=tmp_path,
        identity_dir=identity_dir,
        trusted_keys_path=issuer.trusted_keys_path,
    )


@pytest.fixture
async def sandbox(
    services: FakeServices, sandbox_settings: Settings
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a sandbox that speaks to the stand-ins."""
    async with opened(services, sandbox_settings) as client:
        yield client


class opened:
    """A sandbox started on settings; used twice it is a restart."""

    def __init__(self, services: FakeServices, settings: Settings) -> None:
        transport = httpx.ASGITransport(services.app)
        self.app = build(settings, dict.fromkeys(("collection", "payout", "tax"), transport))
        self.life = self.app.router.lifespan_context(self.app)

    async def __aenter__(self) -> httpx.AsyncClient:
        await self.life.__aenter__()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://sandbox",
        )
        return self.client

    async def __aexit__(self, *error: Any) -> None:
        await self.client.aclose()
        await self.life.__aexit__(*error)
