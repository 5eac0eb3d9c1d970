"""The bank's gateway: fetches batches through the public API, decides, moves money, reports.

One call is one round. A line that the script answers late is reported a round later. A line of
unknown status is reported as unknown, and its final result only after somebody queried it at the
bank. Some lines are reported twice; lines and files arrive out of order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from services.sandbox import courier
from services.sandbox.answers import answer_files
from services.sandbox.bank import Move, Overdrawn, move, open_account
from services.sandbox.courier import Courier, Tally
from services.sandbox.journal import Journal
from services.sandbox.script import (
    DEBIT_RETURN_REASON,
    RETURN_REASON,
    UNKNOWN_REASON,
    Draw,
    Plan,
    Script,
    Timing,
)
from services.sandbox.trade import DEBIT, Trade, attempts, reference_of
from shared.clock import today
from shared.errors import Kind, NotFound, Refusal
from shared.money import format_yuan, parse_yuan
from shared.web.client import Peer

_PAGE = 500


class NotSettled(Refusal):
    """该扣款尚未报告成功,不能退回 (this debit was not reported settled)"""

    kind = Kind.CONFLICT
    code = "NOT_SETTLED"


@dataclass(slots=True)
class Round:
    """The result of one round. `waiting` counts lines whose final result is not yet reported."""

    batches: int = 0
    decided: int = 0
    reported: int = 0
    waiting: int = 0
    unknown: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


class Gateway:
    """Works off one trade's batches."""

    def __init__(self, journal: Journal, courier: Courier, trade: Trade, peer: Peer) -> None:
        self._journal = journal
        self._courier = courier
        self._trade = trade
        self._peer = peer

    async def work(self, script: Script) -> Round:
        """Play one round: fetch and decide new batches, write this round's files, deliver them."""
        done = Round()
        formats = await self._formats()
        for batch in await self._new_batches():
            await self._agree_on_files(script, batch, formats)
            lines = await self._pages(f"{self._trade.batches}/{batch['id']}/lines")
            with self._journal.transaction() as tx:
                self._decide(tx, script, batch, lines)
            done.batches, done.decided = done.batches + 1, done.decided + len(lines)
        with self._journal.transaction() as tx:
            done.reported = self._write_files(tx, script.lines_per_file)
        done.tally = await self._courier.deliver()
        done.unknown = self._serials("to_query")
        done.waiting = self._count_waiting()
        return done

    # -- fetching ---------------------------------------------------------------------------------

    async def _agree_on_files(
        self, script: Script, batch: dict[str, Any], formats: dict[str, str]
    ) -> None:
        """Note the door and the format of a batch's answers, unless they are JSON results."""
        if self._trade is DEBIT:
            file_format = formats.get(batch.get("bank", ""), "json")
            door = f"/v1/bank-files?bank={batch.get('bank')}"
        else:
            draw = Draw(script.seed, "format", f"{batch.get('fund')}/{batch['pay_date']}", 0)
            file_format = script.payment_formats[
                draw.number("format") % len(script.payment_formats)
            ]
            door = f"/v1/payment-batches/{batch['id']}/result-files?format={file_format}"
        if file_format == "json":
            return
        file_no = batch.get("file_no")
        if file_no is None:
            path = f"{self._trade.batches}/{batch['id']}/file"
            file_no = (await self._peer.get(path, format="json"))["file_no"]
        self._journal.keep(f"exchange-{batch['id']}", f"{door} {file_format} {file_no}")

    async def _formats(self) -> dict[str, str]:
        """Bank → the format of its files."""
        if self._trade is not DEBIT:
            return {}
        found = await self._peer.get("/v1/bank-profiles")
        return {one["code"]: one["format"] for one in found["items"]}

    async def _new_batches(self) -> list[dict[str, Any]]:
        found = await self._pages(self._trade.batches, status=self._trade.ready)
        return [batch for batch in found if not self._is_known(batch["id"])]

    async def _pages(self, path: str, **filters: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self._peer.get(path, limit=_PAGE, cursor=cursor, **filters)
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items

    def _is_known(self, batch: str) -> bool:
        row = self._journal.connection.execute(
            "SELECT 1 FROM batch WHERE purpose = ? AND id = ?", (self._trade.purpose, batch)
        ).fetchone()
        return row is not None

    # -- deciding ---------------------------------------------------------------------------------

    def _decide(
        self,
        tx: sqlite3.Connection,
        script: Script,
        batch: dict[str, Any],
        lines: Sequence[dict[str, Any]],
    ) -> None:
        day = date.fromisoformat(batch[self._trade.day])
        tx.execute(
            "INSERT INTO batch (purpose, id, day) VALUES (?, ?, ?)",
            (self._trade.purpose, batch["id"], day.isoformat()),
        )
        for line in lines:
            reference = reference_of(self._trade.purpose, batch, line)
            attempt = attempts(tx, self._trade.purpose, reference)
            draw = Draw(script.seed, self._trade.purpose, reference, attempt)
            plan = self._trade.plan(script, draw, day=day, today=today())
            number = line["bank_account"]["number"]
            open_account(tx, number, line["bank_account"]["name"])
            plan = self._carry_out(tx, plan, draw.serial(), number, parse_yuan(line["amount"]))
            self._remember(tx, batch["id"], line, reference, draw.serial(), plan)

    def _carry_out(
        self, tx: sqlite3.Connection, plan: Plan, serial: str, number: str, amount_fen: int
    ) -> Plan:
        """Move the money of a plan, and back if it is returned; what is not covered is refused."""
        if not plan.done:
            return plan
        payer, payee = (number, "income") if self._trade is DEBIT else ("expenditure", number)
        try:
            move(
                tx,
                Move(
                    serial=serial,
                    payer=payer,
                    payee=payee,
                    amount_fen=amount_fen,
                    day=plan.value_date,
                    summary=self._trade.purpose,
                ),
            )
        except Overdrawn:
            return plan._replace(
                done=False, reason_code="RJ03", reason="付款账户余额不足", returned_on=None
            )
        if plan.returned_on is not None:
            move(
                tx,
                Move(
                    serial=f"{serial}-R",
                    payer=payee,
                    payee=payer,
                    amount_fen=amount_fen,
                    day=plan.returned_on,
                    summary="return",
                ),
            )
        return plan

    def _remember(
        self,
        tx: sqlite3.Connection,
        batch: str,
        line: dict[str, Any],
        reference: str,
        serial: str,
        plan: Plan,
    ) -> None:
        tx.execute(
            "INSERT INTO instruction (purpose, batch, line, reference, serial, amount_fen, account,"
            " done, timing, twice, value_date, reason_code, reason, returned_on, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._trade.purpose,
                batch,
                line["line"],
                reference,
                serial,
                parse_yuan(line["amount"]),
                line["bank_account"]["number"],
                plan.done,
                plan.timing.value,
                plan.twice,
                plan.value_date.isoformat(),
                plan.reason_code,
                plan.reason,
                plan.returned_on.isoformat() if plan.returned_on else None,
                {Timing.NOW: "due", Timing.LATE: "late", Timing.UNKNOWN: "unknown"}[plan.timing],
            ),
        )

    # -- reporting --------------------------------------------------------------------------------

    def _write_files(self, tx: sqlite3.Connection, size: int) -> int:
        """Write this round's files; return the number of their results."""
        due = tx.execute(
            "SELECT * FROM instruction WHERE purpose = ? AND state IN"
            " ('due', 'unknown', 'queried', 'again', 'return')",
            (self._trade.purpose,),
        ).fetchall()
        by_batch: dict[str, list[dict[str, Any]]] = {}
        # By serial, which does not follow the order of the lines.
        for row in sorted(due, key=lambda one: str(one["serial"])):
            by_batch.setdefault(row["batch"], []).append(self._result(row))
        for batch, results in by_batch.items():
            self._post(tx, batch, results, size)
        # First the late lines of the round before, then the lines reported in this round.
        for before, after in (
            ("late", "due_next"),
            ("due", "reported"),
            ("queried", "reported"),
            ("again", "reported_again"),
            ("return", "closed"),
            ("unknown", "to_query"),
        ):
            self._advance(tx, before, after)
        self._advance(tx, "due_next", "due")
        self._after_reporting(tx)
        return len(due)

    def _post(
        self, tx: sqlite3.Connection, batch: str, results: list[dict[str, Any]], size: int
    ) -> None:
        known = tx.execute(
            "SELECT COUNT(*) AS files FROM letter WHERE idem_key LIKE ?",
            (f"bank-{self._trade.purpose}-{batch}-%",),
        ).fetchone()["files"]
        for start in range(0, len(results), size):
            for path, body in self._letters(batch, results[start : start + size]):
                known += 1
                courier.write(
                    tx,
                    peer=self._trade.peer,
                    path=path,
                    key=f"bank-{self._trade.purpose}-{batch}-{known}",
                    body=body,
                )

    def _letters(
        self, batch: str, results: list[dict[str, Any]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Write results as JSON, or as files in the format of the batch's bank."""
        exchange = self._journal.note(f"exchange-{batch}")
        if exchange is None:
            yield self._trade.results, {"batch": batch, "results": results}
            return
        door, file_format, file_no = exchange.split(" ")
        if not door.startswith("/"):  # journals of earlier releases have the bank's code
            door = f"/v1/bank-files?bank={door}"
        for file in answer_files(self._trade.order, file_format, file_no, results):
            yield door, courier.file_body(file.media_type, file.text)

    def _result(self, row: sqlite3.Row) -> dict[str, Any]:
        result = {
            "line": row["line"],
            "outcome": self._trade.done,
            "bank_serial": row["serial"],
            "amount": format_yuan(row["amount_fen"]),
            "value_date": row["value_date"],
        }
        if row["state"] == "unknown":
            return result | self._unknown(row["serial"])
        if row["state"] == "return":
            # A debit's return names the serial that it takes back; a payout's has its own.
            is_debit = self._trade is DEBIT
            code, reason = DEBIT_RETURN_REASON if is_debit else RETURN_REASON
            return result | {
                "outcome": "returned",
                "bank_serial": row["serial"] if is_debit else f"{row['serial']}-R",
                "value_date": row["returned_on"],
                "reason_code": code,
                "reason": reason,
            }
        if not row["done"]:
            return result | {
                "outcome": "refused",
                "reason_code": row["reason_code"],
                "reason": row["reason"],
            }
        return result

    def _unknown(self, serial: str) -> dict[str, str]:
        """Say that nobody knows: of a debit often as a refusal whose code means just that."""
        if self._trade is DEBIT and int(serial[-1], 16) % 2:
            code, reason = UNKNOWN_REASON
            return {"outcome": "refused", "reason_code": code, "reason": reason}
        return {"outcome": "unknown"}

    def _after_reporting(self, tx: sqlite3.Connection) -> None:
        """Report a reported result again, return the payment, or close the line."""
        tx.execute(
            "UPDATE instruction SET state = CASE"
            " WHEN state = 'reported' AND twice THEN 'again'"
            " WHEN returned_on IS NOT NULL THEN 'return'"
            " ELSE 'closed' END"
            " WHERE purpose = ? AND state IN ('reported', 'reported_again')",
            (self._trade.purpose,),
        )

    def _advance(self, tx: sqlite3.Connection, before: str, after: str) -> None:
        tx.execute(
            "UPDATE instruction SET state = ? WHERE purpose = ? AND state = ?",
            (after, self._trade.purpose, before),
        )

    def _serials(self, state: str) -> list[str]:
        rows = self._journal.connection.execute(
            "SELECT serial FROM instruction WHERE purpose = ? AND state = ? ORDER BY serial",
            (self._trade.purpose, state),
        )
        return [row["serial"] for row in rows]

    def _count_waiting(self) -> int:
        row = self._journal.connection.execute(
            "SELECT COUNT(*) AS lines FROM instruction WHERE purpose = ? AND state <> 'closed'",
            (self._trade.purpose,),
        ).fetchone()
        return int(row["lines"])


def query(journal: Journal, serial: str) -> sqlite3.Row | None:
    """Return the true status of an instruction; an unknown one is then reported finally."""
    with journal.transaction() as tx:
        tx.execute(
            "UPDATE instruction SET state = 'queried' WHERE serial = ? AND state = 'to_query'",
            (serial,),
        )
        found: sqlite3.Row | None = tx.execute(
            "SELECT * FROM instruction WHERE serial = ?", (serial,)
        ).fetchone()
    return found


def return_line(journal: Journal, trade: Trade, serial: str, day: date) -> Move:
    """Take a line back that was reported done; the next round reports it. A repeat does nothing.

    Raises:
        NotFound: the trade has no line of this serial.
        NotSettled: it was refused, or is not reported yet.
    """
    with journal.transaction() as tx:
        row = tx.execute(
            "SELECT * FROM instruction WHERE purpose = ? AND serial = ?", (trade.purpose, serial)
        ).fetchone()
        if row is None:
            raise NotFound(serial=serial)
        is_debit = trade is DEBIT
        order = Move(
            serial=f"{serial}-R",
            payer="income" if is_debit else row["account"],
            payee=row["account"] if is_debit else "expenditure",
            amount_fen=row["amount_fen"],
            day=day,
            summary="return",
        )
        if row["returned_on"] is not None:
            return replace(order, day=date.fromisoformat(row["returned_on"]))
        if not row["done"] or row["state"] != "closed":
            raise NotSettled(serial=serial)
        move(tx, order)
        tx.execute(
            "UPDATE instruction SET state = 'return', returned_on = ? WHERE serial = ?",
            (day.isoformat(), serial),
        )
    return order
