"""A month with every failure closes with nothing open, after the steps that docs/reconciliation.md lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from services.collection.reconciliation.clients import Books
from services.collection.reconciliation.jobs import ReconciliationJob
from services.collection.worker import CLIENT_ID
from shared.money import format_yuan, parse_yuan
from shared.wire.closing import merged
from tests.collection.reconciliation.reckoning import TREASURY, csv_of
from tests.collection.support.city import City, city_of
from tests.collection.support.money import line, push
from tests.collection.support.office import a_code
from tests.collection.support.restating import Unit, a_unit, bill, bill_of, declared
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer, peer_of

PAID, LAST, PERIOD = "2021-08-20", "2021-08-31", "2021-07"
NOTHING = {"funds": {}, "hash": "0" * 64}
NAMES = ("right", "stranger", "wrong", "less", "twice", "missing", "late", "unlisted")
ACCOUNT = "6222020302007777777"
_numbers = count(1)


@dataclass
class Bill:
    """A unit, and what its bill asks for."""

    unit: Unit
    fen: int


@dataclass
class Clerk:
    """The people of the centre, at collection's doors, with the job that follows the books."""

    city: City
    job: ReconciliationJob

    async def post(self, role: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.city.office.post(
            role, path, body, subject=role, key=f"month-{next(_numbers)}"
        )
        assert answer.is_success, f"{path}: {answer.text}"
        return dict(answer.json())

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = await self.city.office.get("fund_accountant", path, **query)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def push(self, *lines: dict[str, Any], on: str = PAID) -> None:
        body = push(f"M{next(_numbers):04d}", lines, collected_on=on)
        answer = await self.post("tax_bureau", "/v1/tax-pushes", body)
        assert not answer["rejected"]
        await self.follow()

    async def upload(self, first: str, last: str, opening_fen: int, entries: list[Any]) -> int:
        """Upload a statement; return its closing balance."""
        closing_fen = opening_fen + sum(one[1] for one in entries)
        answer = await self.city.office.api.post(
            "/v1/bank-statements",
            params={
                "account": TREASURY,
                "first": first,
                "last": last,
                "opening": format_yuan(opening_fen),
                "closing": format_yuan(closing_fen),
            },
            content=csv_of(entries),
            headers=self.city.bearer("centre_cashier") | {"Content-Type": "text/csv"},
        )
        assert answer.status_code == 201, answer.text
        return closing_fen

    async def follow(self) -> None:
        """Deliver vouchers, follow the books, and match."""
        await self.city.deliver()
        while await self.job.step():
            pass

    async def open_items(self) -> dict[str, dict[str, Any]]:
        """Subject → the item, of those that keep the month open."""
        found = await self.get("/v1/reconciliation-items", status="open", limit=500)
        return {one["subject"]: one for one in found["items"]}

    async def settle(self, item: dict[str, Any], reason: str, note: str) -> None:
        path = f"/v1/reconciliation-items/{item['id']}"
        body = {"reason": reason, "note": note}
        done = await self.post("fund_accountant", f"{path}/settlings", body)
        if done["status"] == "proposed":
            done = await self.post("department_head", f"{path}/approvals")
        assert done["status"] == "settled"

    async def receipt(self, serial: str) -> str:
        found = await self.get("/v1/receipts", limit=500)
        return next(one["id"] for one in found["items"] if one["serial"] == serial)

    async def close(self) -> dict[str, Any]:
        """Try to close the month; two people do it when nothing stands against it."""
        control = merged(await self.get("/v1/closing-control", as_of=LAST), NOTHING)
        control["hashes"].pop("payout")
        body = {"level": "month", "period": LAST[:7], "control": control}
        proposed = await self.city.post("fund_accountant", "/v1/closings", body)
        if proposed.status_code != 201:
            return dict(proposed.json())
        path = f"/v1/closings/{proposed.json()['id']}/approvals"
        done = await self.city.post("centre_leader", path, {})
        return dict(done.json())


@pytest.fixture
async def clerk(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
    database_url: str,
) -> AsyncIterator[Clerk]:
    async with (
        city_of(settings_for, client_of, bearer, issuer, database_url) as city,
        peer_of(issuer, "http://ledger", CLIENT_ID, city.way) as peer,
    ):
        yield Clerk(city, ReconciliationJob(city.db, Books(peer), "tianjin", rest=0))


async def bills(city: City) -> dict[str, Bill]:
    """Bill a unit for every kind of failure."""
    units = {name: await a_unit(city.office, people=1, collector="tax") for name in NAMES}
    papers = {name: await declared(city.office, unit, "6000.00") for name, unit in units.items()}
    await bill(city.office, city.db, *papers.values())
    return {
        name: Bill(units[name], parse_yuan((await bill_of(city.office, paper))["total"]))
        for name, paper in papers.items()
    }


async def test_a_month_with_every_failure_closes_after_the_clerks_steps(clerk: Clerk) -> None:
    owed = await bills(clerk.city)
    body = {"account": TREASURY, "expected_from": "2021-08-01", "note": "国库每日提供"}
    filed = await clerk.post("fund_accountant", "/v1/statement-accounts", body)
    path = f"/v1/statement-account-changes/{filed['id']}/approvals"
    await clerk.post("department_head", path, {})

    # The tax bureau pushes its list: one line under a payer nobody knows, one under the wrong unit.
    codes = {name: one.unit.code for name, one in owed.items()}
    codes |= {"stranger": a_code(), "wrong": codes["right"]}
    listed = {name: one for name, one in owed.items() if name != "unlisted"}
    await clerk.push(
        *[line(name, codes[name], one.fen, paid_on=PAID) for name, one in listed.items()]
    )

    # The treasury's statement: one entry short, one twice, one missing, one late, one unlisted.
    fen = {name: one.fen for name, one in owed.items()}
    entries: list[Any] = [
        (PAID, fen[name], name, ACCOUNT) if name == "wrong" else (PAID, fen[name], name)
        for name in ("right", "stranger", "wrong", "twice", "twice", "unlisted")
    ]
    entries += [(PAID, fen["less"] - 100, "less"), ("2021-08-25", fen["late"], "late")]
    closing_fen = await clerk.upload("2021-08-01", LAST, 0, entries)
    await clerk.follow()
    refused = await clerk.close()
    codes_found = {one["code"] for one in refused["errors"]}
    assert {"RECONCILIATION_OPEN", "RECEIPTS_UNMATCHED"} <= codes_found
    kinds = {subject: one["kind"] for subject, one in (await clerk.open_items()).items()}
    assert kinds == {
        "twice": "duplicate",
        "less": "amount_differs",
        "missing": "list_not_statement",
        "late": "wrong_day",
        "unlisted": "statement_not_list",
    }

    await _work_through(clerk, owed)
    assert await clerk.open_items() == {}
    report = await clerk.get("/v1/receipt-verification", period="2021-08")
    assert report["whole"]["verification_rate"] == "1.0000"
    assert report["whole"]["waiting"] == 0
    proof = await clerk.get("/v1/receipt-parts", as_of=LAST)
    assert proof["ties"]
    assert proof["books"] == proof["kept"]
    table = await clerk.get(f"/v1/bank-adjustments/{TREASURY}", as_of=LAST)
    assert (table["bank_balance"], table["difference"]) == (format_yuan(closing_fen), "0.00")
    closed = await clerk.close()
    assert closed.get("status") == "done", closed


async def _work_through(clerk: Clerk, owed: dict[str, Bill]) -> None:
    """Take the clerk's steps, one failure after the other."""
    items = await clerk.open_items()

    # 1. An unknown payer: the proposal by amount is confirmed as a match.
    stranger = await clerk.receipt("stranger")
    proposed = await clerk.get(f"/v1/receipts/{stranger}/match-proposals")
    unit = owed["stranger"].unit
    assert unit.code in {one["credit_code"] for one in proposed["items"]}
    body = {"credit_code": unit.code, "period": PERIOD, "matched_on": "2021-08-26"}
    await clerk.post("fund_accountant", f"/v1/receipts/{stranger}/matches", body)

    # 2. A wrong unit: two people move the receipt.
    wrong = await clerk.receipt("wrong")
    move = {
        "credit_code": owed["wrong"].unit.code,
        "period": PERIOD,
        "moved_on": "2021-08-26",
        "reason": "税务登记错误",
        "document": "津税函1号",
    }
    filed = await clerk.post("fund_accountant", f"/v1/receipts/{wrong}/moves", move)
    path = f"/v1/receipt-moves/{filed['id']}/approvals"
    await clerk.post("department_head", path, {"decided_on": "2021-08-26"})

    # 3. A payment that never arrived: two people file its return; the money comes again later.
    missing = await clerk.receipt("missing")
    back = {
        "bank_serial": "never",
        "returned_on": "2021-08-26",
        "reason": "国库查无此款",
        "document": "津库函2号",
    }
    filed = await clerk.post("fund_accountant", f"/v1/receipts/{missing}/returns", back)
    path = f"/v1/receipt-returns/{filed['id']}/approvals"
    await clerk.post("department_head", path, {"decided_on": "2021-08-26"})

    # 4. A payment that nobody listed: the tax bureau pushes it now.
    unlisted = owed["unlisted"]
    await clerk.push(line("unlisted", unlisted.unit.code, unlisted.fen, paid_on=PAID))

    # 5. What the bank or the treasury mends, and what only the day explains.
    await clerk.settle(items["twice"], "bank_corrects", "国库重复入账,次月冲正")
    await clerk.settle(items["less"], "bank_corrects", "国库少记一元,次月补记")
    await clerk.settle(items["late"], "day_accepted", "跨行划转,五日后到账")
    await clerk.follow()
    for subject, item in (await clerk.open_items()).items():
        assert subject in {"missing", "never"}, item
        await clerk.settle(item, "given_back", "未到账,已办理退回")
