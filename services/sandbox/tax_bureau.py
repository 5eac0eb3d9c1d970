"""The simulated tax bureau: collects what is billed to its taxpayers and pushes what came in.

Money goes to the treasury account at the bank; the push says whose it is, ticket by ticket and levy
item by levy item. Some lines are pushed again in a later batch, some under a credit code that nobody
knows or that is another's, some only after an inquiry; some are for a month without a bill, and of
some the money never arrives.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any

from services.sandbox import tickets
from services.sandbox.bank import Move, move, open_account
from services.sandbox.courier import Courier, Tally
from services.sandbox.journal import Journal
from services.sandbox.script import Draw, Script, tax_paid_fen
from shared.cn import credit_code
from shared.money import allot, format_yuan, parse_yuan
from shared.period import Period
from shared.web.client import Peer

_PAGE = 500
_CHARGES = (".late_fee", ".interest")
"""Levy items that taxpayers here never pay by themselves."""
_TICKETS_MAX = 500
"""Tickets in a push, which may have 10,000 lines."""


@dataclass(frozen=True, slots=True)
class Due:
    """A taxpayer's open bill for a period; the total is that of the whole bill."""

    credit_code: str
    name: str
    total_fen: int


Items = tuple[tuple[str, int], ...]
"""Levy items (征收品目) with what is open, or paid, of each (fen)."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A taxpayer's payment, under the code that the bureau registered."""

    serial: str
    payer: str
    credit_code: str
    period: str
    amount_fen: int
    paid_on: date
    items: Items

    def lines(self) -> list[dict[str, Any]]:
        """Return its ticket as the push carries it, line by line."""
        return [
            {
                "serial": self.serial,
                "line": number,
                "levy_item": item,
                "credit_code": self.credit_code,
                "period": self.period,
                "amount": format_yuan(fen),
                "paid_on": self.paid_on.isoformat(),
                "origin": "assessed_by_us",
            }
            for number, (item, fen) in enumerate(self.items, 1)
        ]


@dataclass(slots=True)
class Collected:
    """The result of one day's collection."""

    payments: list[Payment] = field(default_factory=list)
    repeated: int = 0
    tally: Tally = field(default_factory=Tally)

    @property
    def misregistered(self) -> list[Payment]:
        """Payments pushed under a code that nobody has."""
        return [one for one in self.payments if one.credit_code == stranger(one.payer)]

    @property
    def wrong_payers(self) -> list[Payment]:
        """Payments pushed under the code of another taxpayer."""
        own = {one.payer for one in self.payments}
        return [one for one in self.payments if one.credit_code in own - {one.payer}]


class TaxBureau:
    """Collects and pushes."""

    def __init__(self, journal: Journal, courier: Courier, peer: Peer) -> None:
        self._journal = journal
        self._courier = courier
        self._peer = peer

    async def collect(
        self, script: Script, period: str, day: date, *, wrong_payers: int = 0
    ) -> Collected:
        """Collect on a day what is open for a period, and push it.

        `wrong_payers`: number of payments that the bureau writes down under another taxpayer.
        """
        await self._courier.deliver()  # what a crash left unsent is no longer open afterwards
        dues = await self._open_bills(period)
        items = await self._open_items(period)
        done = Collected()
        with self._journal.transaction() as tx:
            paid = [
                self._pay(tx, script, due, items.get(due.credit_code, ()), period, day)
                for due in dues
            ]
            payments = self._misregister(script, [one for one in paid if one])
            done.payments = _confuse(payments, wrong_payers)
            done.payments += _advances(tx, script, done.payments)
            for payment in done.payments:
                _book(tx, script, payment)
            done.repeated = self._write_pushes(tx, script, done.payments, day)
        done.tally = await self._courier.deliver()
        return done

    async def _open_bills(self, period: str) -> list[Due]:
        dues: list[Due] = []
        for status in ("open", "part"):
            cursor: str | None = None
            while True:
                page = await self._peer.get(
                    "/v1/bills", period=period, status=status, limit=_PAGE, cursor=cursor
                )
                dues += [_due(bill) for bill in page["items"] if bill["collector"] == "tax"]
                cursor = page.get("next_cursor")
                if not cursor:
                    break
        return sorted(dues, key=lambda due: due.credit_code)

    async def _open_items(self, period: str) -> dict[str, Items]:
        found: dict[str, Items] = {}
        cursor: str | None = None
        while True:
            page = await self._peer.get("/v1/tax-dues", period=period, limit=_PAGE, cursor=cursor)
            for due in page["items"]:
                if due["levy_item"].endswith(_CHARGES):
                    continue
                item = (str(due["levy_item"]), parse_yuan(due["open"]))
                found[due["credit_code"]] = (*found.get(due["credit_code"], ()), item)
            cursor = page.get("next_cursor")
            if not cursor:
                return found

    def _pay(
        self,
        tx: sqlite3.Connection,
        script: Script,
        due: Due,
        items: Items,
        period: str,
        day: date,
    ) -> Payment | None:
        # By its own receipts: a payment under a wrong code leaves the bill open, yet it was paid.
        known = tx.execute(
            "SELECT COUNT(*) AS times, COALESCE(SUM(amount_fen), 0) AS paid_fen"
            "  FROM tax_payment WHERE payer = ? AND period = ?",
            (due.credit_code, period),
        ).fetchone()
        draw = Draw(script.seed, "tax", f"{due.credit_code}/{period}", known["times"])
        amount_fen = tax_paid_fen(script, draw, due.total_fen - known["paid_fen"])
        amount_fen = min(amount_fen, sum(fen for _, fen in items))
        if amount_fen <= 0:
            return None
        open_account(tx, f"tax-{due.credit_code}", due.name)
        return Payment(
            draw.serial(),
            due.credit_code,
            due.credit_code,
            period,
            amount_fen,
            day,
            _shared(items, amount_fen),
        )

    @staticmethod
    def _misregister(script: Script, payments: list[Payment]) -> list[Payment]:
        """Push the first few, by their serials, under a code that no unit has."""
        chosen = {
            one.serial
            for one in sorted(payments, key=lambda one: one.serial)[: script.misregistered]
        }
        return [
            one if one.serial not in chosen else replace(one, credit_code=stranger(one.payer))
            for one in payments
        ]

    def _write_pushes(
        self, tx: sqlite3.Connection, script: Script, payments: list[Payment], day: date
    ) -> int:
        """Write the day's batches, and one that repeats some lines; return how many it repeats."""
        listed = [one for one in payments if not _happens(script, one, "unlisted")]
        again = [one for one in listed if _happens(script, one, "repeated")]
        size = min(script.lines_per_file, _TICKETS_MAX)
        for some in (listed, again):
            for start in range(0, len(some), size):
                lines = [line for one in some[start : start + size] for line in one.lines()]
                tickets.push(tx, day, lines)
        for one in payments:
            tickets.keep(tx, one.serial, one.lines(), pushed=one in listed)
        return len(again)


def _happens(script: Script, payment: Payment, event: str) -> bool:
    """Draw whether something happens to a ticket."""
    rate_ppm = getattr(script.tax, event)
    return Draw(script.seed, "tax", payment.serial, 0).happens(event, rate_ppm)


def _advances(tx: sqlite3.Connection, script: Script, payments: list[Payment]) -> list[Payment]:
    """Let some taxpayers pay a tenth of the next month too, which is not billed yet."""
    found = []
    for one in payments:
        if not _happens(script, one, "unbilled") or one.credit_code != one.payer:
            continue
        period = str(Period.parse(one.period).plus(1))
        items = tuple((item, fen // 10) for item, fen in one.items if fen >= 10)
        serial = Draw(script.seed, "tax", f"{one.payer}/{period}/advance", 0).serial()
        known = tx.execute("SELECT 1 FROM tax_payment WHERE serial = ?", (serial,)).fetchone()
        if items and not known:
            fen = sum(fen for _, fen in items)
            found.append(replace(one, serial=serial, period=period, amount_fen=fen, items=items))
    return found


def _shared(items: Items, amount_fen: int) -> Items:
    """Divide a payment over levy items in proportion to what is open of them."""
    parts = allot(amount_fen, [fen for _, fen in items])
    return tuple((item, fen) for (item, _), fen in zip(items, parts, strict=True) if fen)


def _confuse(payments: list[Payment], count: int) -> list[Payment]:
    """Write the first `count` payments under right codes, by serial, under the next payer's code."""
    right = sorted((one for one in payments if one.payer == one.credit_code), key=_serial)
    wrong = {
        one.serial: replace(one, credit_code=other.payer)
        for one, other in list(pairwise(right))[: 2 * count : 2]
    }
    return [wrong.get(one.serial, one) for one in payments]


def _serial(payment: Payment) -> str:
    return payment.serial


def stranger(code: str) -> str:
    """Return a valid credit code with another region than the payer's: a slip of the bureau."""
    head = "91990000" if not code.startswith("91990000") else "91980000"
    return credit_code.with_check_character(head + code[8:17])


def _due(bill: dict[str, Any]) -> Due:
    code = str(bill["credit_code"])
    return Due(code, str(bill.get("name") or code), parse_yuan(bill["total"]))


def _book(tx: sqlite3.Connection, script: Script, payment: Payment) -> None:
    """Note a payment; its money arrives in the treasury, but for some that never does."""
    tx.execute(
        "INSERT INTO tax_payment (serial, payer, credit_code, period, amount_fen, paid_on)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            payment.serial,
            payment.payer,
            payment.credit_code,
            payment.period,
            payment.amount_fen,
            payment.paid_on.isoformat(),
        ),
    )
    if _happens(script, payment, "undelivered") and not _happens(script, payment, "unlisted"):
        return
    move(
        tx,
        Move(
            serial=payment.serial,
            payer=f"tax-{payment.payer}",
            payee="treasury",
            amount_fen=payment.amount_fen,
            day=payment.paid_on,
            summary="社会保险费",
        ),
    )
