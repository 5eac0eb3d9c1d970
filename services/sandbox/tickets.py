"""The tax bureau's tickets (税票) after the day of collection: pushed late, or given back."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from typing import Any

from services.sandbox import courier
from services.sandbox.bank import Move, move
from services.sandbox.courier import Courier, Tally
from services.sandbox.journal import Journal
from services.sandbox.script import Draw, Script
from shared.errors import NotFound
from shared.money import format_yuan, parse_yuan

PATH = "/v1/tax-pushes"


def keep(tx: sqlite3.Connection, serial: str, lines: list[dict[str, Any]], *, pushed: bool) -> None:
    """Keep a ticket with its lines."""
    tx.execute(
        "INSERT INTO ticket (serial, lines, pushed) VALUES (?, ?, ?)",
        (serial, json.dumps(lines), pushed),
    )


def push(tx: sqlite3.Connection, day: date, lines: list[dict[str, Any]]) -> None:
    """Write a push of lines, with its control totals."""
    before = tx.execute("SELECT COUNT(*) AS pushes FROM letter WHERE path = ?", (PATH,)).fetchone()[
        "pushes"
    ]
    push_no = f"SW-{day:%Y%m%d}-{before + 1}"
    total_fen = sum(parse_yuan(line["amount"]) for line in lines)
    body = {
        "push_no": push_no,
        "collected_on": day.isoformat(),
        "control": {"count": len(lines), "total": format_yuan(total_fen)},
        "lines": lines,
    }
    courier.write(tx, peer="tax", path=PATH, key=f"tax-{push_no}", body=body)


class Tickets:
    """Answers inquiries about tickets, and gives their money back."""

    def __init__(self, journal: Journal, courier: Courier) -> None:
        self._journal = journal
        self._courier = courier

    async def push_unlisted(self, serial: str) -> Tally:
        """Push a ticket that was left out; one that was pushed is not pushed again.

        Raises:
            NotFound: the bureau has no such ticket.
        """
        with self._journal.transaction() as tx:
            row = _ticket(tx, serial)
            if not row["pushed"]:
                lines = json.loads(row["lines"])
                push(tx, date.fromisoformat(lines[0]["paid_on"]), lines)
                tx.execute("UPDATE ticket SET pushed = 1 WHERE serial = ?", (serial,))
        return await self._courier.deliver()

    async def refund(self, script: Script, serial: str, day: date, reason: str) -> Tally:
        """Give all of a ticket back on a day (退库): push it, and move the money; once.

        Raises:
            NotFound: the bureau has no such ticket.
        """
        ticket = Draw(script.seed, "refund", serial, 0).serial()
        with self._journal.transaction() as tx:
            lines = json.loads(_ticket(tx, serial)["lines"])
            if tx.execute("SELECT 1 FROM ticket WHERE serial = ?", (ticket,)).fetchone():
                return Tally()
            back = [_given_back(line, ticket, day, reason) for line in lines]
            keep(tx, ticket, back, pushed=True)
            push(tx, day, back)
            _pay_back(tx, serial, ticket, day)
        return await self._courier.deliver()


def _ticket(tx: sqlite3.Connection, serial: str) -> sqlite3.Row:
    row: sqlite3.Row | None = tx.execute(
        "SELECT lines, pushed FROM ticket WHERE serial = ?", (serial,)
    ).fetchone()
    if row is None:
        raise NotFound(serial=serial)
    return row


def _given_back(line: dict[str, Any], ticket: str, day: date, reason: str) -> dict[str, Any]:
    return line | {
        "serial": ticket,
        "amount": format_yuan(-parse_yuan(line["amount"])),
        "paid_on": day.isoformat(),
        "refund_of": {"serial": line["serial"], "line": line["line"], "reason": reason},
    }


def _pay_back(tx: sqlite3.Connection, serial: str, ticket: str, day: date) -> None:
    """Note the refund among the payments, so that the month is open again, and move the money."""
    paid = tx.execute("SELECT * FROM tax_payment WHERE serial = ?", (serial,)).fetchone()
    tx.execute(
        "INSERT INTO tax_payment (serial, payer, credit_code, period, amount_fen, paid_on)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            ticket,
            paid["payer"],
            paid["credit_code"],
            paid["period"],
            -paid["amount_fen"],
            day.isoformat(),
        ),
    )
    order = Move(
        serial=ticket,
        payer="treasury",
        payee=f"tax-{paid['payer']}",
        amount_fen=paid["amount_fen"],
        day=day,
        summary="refund",
    )
    move(tx, order)
