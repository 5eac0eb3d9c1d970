"""Collection with the real ledger behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from services.collection.app import build
from services.collection.delivery import Ledger
from services.collection.personal.clients import PersonalAccounts
from services.collection.personal.jobs import PersonalCreditJob
from services.collection.refund.clients import RefundOrders
from services.collection.refund.jobs import RefundJob
from services.collection.worker import CLIENT_ID
from services.ledger.app import build as build_ledger
from shared.db import Database
from shared.ids import Ref
from shared.money import parse_yuan
from shared.outbox import Relay
from shared.references import Reference
from tests.collection.support.office import Office
from tests.collection.support.restating import (
    Unit,
    a_unit,
    bill,
    bill_of,
    declared,
)
from tests.collection.support.totals import apart, differ_from_books
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer, peer_of

DAY = "2021-08-20"
LOST_PATHS = ("/v1/personal-credits", "/v1/personal-mergers", "/v1/withdrawn-refund-orders")


class LosesAnswers(httpx.AsyncBaseTransport):
    """Reaches the ledger, and sometimes the answer does not come back."""

    def __init__(self, app: FastAPI) -> None:
        self._inner = httpx.ASGITransport(app)
        self.lost = 0
        self.lose_batches = 0
        self.sizes: list[int] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.url.path == "/v1/personal-credits":
            self.sizes.append(request.content.count(b'"person"'))
        if self.lost and request.url.path in LOST_PATHS:
            self.lost -= 1
            raise httpx.ReadError("lost", request=request)
        if self.lose_batches and request.url.path == "/v1/voucher-batches":
            self.lose_batches -= 1
            raise httpx.ReadError("lost", request=request)
        return answer


@dataclass
class City:
    """Collection with the real ledger behind it."""

    office: Office
    db: Database
    ledger: httpx.AsyncClient
    bearer: Bearer
    way: LosesAnswers
    relay: Relay
    crediting: PersonalCreditJob
    refunds: RefundJob

    async def deliver(self) -> None:
        """Everything that waits reaches the ledger."""
        while await self.relay.step():
            pass
        while await self.crediting.step():
            pass

    async def ask(self, path: str, role: str = "supervisor", **params: Any) -> Any:
        answer = await self.ledger.get(path, params=params, headers=self.bearer(role))
        assert answer.is_success, answer.text
        return answer.json()

    async def post(self, role: str, path: str, body: Any, key: str | None = None) -> httpx.Response:
        headers = self.bearer(role) | ({"Idempotency-Key": key} if key else {})
        return await self.ledger.post(path, json=body, headers=headers)

    async def accounts(self, unit: Unit, to_year: int | None = 2021) -> list[dict[str, str]]:
        """Of each of the unit's people: fund → what the person's account has."""
        rows = await self.office.fetch(
            "SELECT person_id, person_uuid FROM enrolment WHERE unit_id = $1", unit.id
        )
        found = []
        parameters = {} if to_year is None else {"to_year": to_year}
        for row in rows:
            person = Ref(row["person_id"], row["person_uuid"]).text(Reference.PERSON)
            statement = await self.ask(f"/v1/personal-accounts/{person}/statement", **parameters)
            found.append({one["fund"]: one["contribution"] for one in statement["items"]})
        return found

    async def total(self, unit: Unit) -> dict[str, int]:
        """fund → what all of the unit's people have."""
        sums: dict[str, int] = {}
        for account in await self.accounts(unit):
            for fund, amount in account.items():
                sums[fund] = sums.get(fund, 0) + parse_yuan(amount)
        return {fund: fen for fund, fen in sums.items() if fen}

    async def control(self, as_of: str = "2100-12-31") -> dict[str, Any]:
        """Collection's word, after holding it against itself and against the ledger's."""
        control = (await self.office.get("supervisor", "/v1/closing-control", as_of=as_of)).json()
        books = await self.ask("/v1/personal-control", as_of=as_of, deep=True)
        assert books["totals_tie"]
        ledger = {one["fund"]: one for one in books["items"]}
        for fund, one in control["funds"].items():
            own = {name: parse_yuan(amount) for name, amount in one["personal"].items()}
            assert own["received"] - own["credited"] == sum(
                own[why] for why in ("part_paid", "in_delivery", "standing_credits", "unnamed")
            ), f"{fund}: every fen has its reason"
            assert one["personal"]["received"] == ledger[fund]["ledger"]
            assert one["personal"]["credited"] == ledger[fund]["credited"]
        assert apart(control) == {}
        totals = await self.ask("/v1/closing-totals", role="fund_accountant", as_of=as_of)
        assert differ_from_books(control, totals) == {}
        found: dict[str, Any] = control
        return found


@asynccontextmanager
async def city_of(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
    database_url: str,
) -> AsyncIterator[City]:
    """Collection and the ledger, running on one database."""
    app, ledger_app = build(settings_for()), build_ledger(settings_for())
    way = LosesAnswers(ledger_app)
    async with (
        client_of(ledger_app) as ledger,
        client_of(app) as client,
        peer_of(issuer, "http://ledger", CLIENT_ID, way) as peer,
    ):
        office, db = Office(client, bearer, database_url), app.state.db
        await office.fetch("DELETE FROM lease")  # of the test before
        yield City(
            office,
            db,
            ledger,
            bearer,
            way,
            Relay(db, Ledger(peer).deliver),
            PersonalCreditJob(db, PersonalAccounts(peer)),
            RefundJob(db, RefundOrders(peer)),
        )


async def billed(city: City, *wages: str, **facts: Any) -> tuple[Unit, dict[str, Any], int]:
    """A unit with a billed month: the unit, its paper, and what the bill asks for."""
    unit = await a_unit(city.office, people=max(4, len(wages)), collector="tax", **facts)
    paper = await declared(city.office, unit, *wages)
    await bill(city.office, city.db, paper)
    return unit, paper, parse_yuan((await bill_of(city.office, paper))["total"])


def shares(paper: dict[str, Any]) -> dict[str, int]:
    """fund → what a paper's own lines give to personal accounts."""
    sums: dict[str, int] = {}
    for line in paper["lines"]:
        if line["account"] == "personal_account" and line["level"] != "corrected":
            sums[line["fund"]] = sums.get(line["fund"], 0) + parse_yuan(line["amount"])
    return sums
