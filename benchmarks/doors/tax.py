"""The half of the tax bureau: a file of its lines, received, matched, allocated and booked.

A ticket pays a unit's bill of a month line by line, one line for each insurance and party. A few lines
come twice, a few under a payer whom nobody knows.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import IO, Any, Final
from uuid import UUID

import asyncpg

from benchmarks.doors.house import Doors, Half, all_hold
from shared.cn.credit_code import with_check_character
from shared.ids import unit_key, uuid7
from shared.money import format_yuan
from shared.roles import Role

PERIOD: Final = "2021-07"
DAY: Final = "2021-08-20"
LINES: Final = (
    ("pension", "unit", "pooled", "pension", 160_000),
    ("pension", "personal", "personal_account", "pension", 80_000),
    ("medical", "unit", "pooled", "medical", 100_000),
    ("medical", "personal", "personal_account", "medical", 20_000),
    ("unemployment", "unit", "pooled", "unemployment", 5_000),
    ("unemployment", "personal", "pooled", "unemployment", 5_000),
    ("work_injury", "unit", "pooled", "work_injury", 2_001),
    ("maternity", "unit", "pooled", "medical", 5_003),
)
STRANGERS: Final = 200
"""One ticket in so many is of a payer whom nobody knows."""
REPEATED: Final = 100
"""One ticket in so many comes twice."""
SAMPLE: Final = 500
PIECE: Final = 50_000


class Input:
    """The lines of the file, made again whenever they are read; and what they add up to."""

    def __init__(self, lines: int) -> None:
        self.tickets = lines // len(LINES)
        repeated = len(range(0, self.tickets, REPEATED))
        self.lines = self.tickets * len(LINES)
        self.fen_of_ticket = [
            sum(self.fen(ticket, number) for number in range(len(LINES)))
            for ticket in range(self.tickets)
        ]
        strangers = range(1, self.tickets, STRANGERS)
        self.total_fen = sum(self.fen_of_ticket)
        self.strange_fen = sum(self.fen_of_ticket[ticket] for ticket in strangers)
        self.pushed_lines = self.lines + repeated * len(LINES)
        self.pushed_fen = self.total_fen + sum(self.fen_of_ticket[::REPEATED])
        self.strange_lines = len(strangers) * len(LINES)

    @staticmethod
    def fen(ticket: int, number: int) -> int:
        """Amount of a line: another one for each ticket."""
        return LINES[number][-1] + ticket % 997

    @staticmethod
    def code(ticket: int) -> str:
        """Credit code of a ticket's payer."""
        return with_check_character(f"91120101MA{ticket:07d}")

    def rows(self) -> Iterator[bytes]:
        """The lines as NDJSON, ticket by ticket, those that come twice at the end."""
        for ticket in range(self.tickets):
            yield self._ticket(ticket)
        for ticket in range(0, self.tickets, REPEATED):
            yield self._ticket(ticket)

    def _ticket(self, ticket: int) -> bytes:
        code = self.code(ticket + 5_000_000 if ticket % STRANGERS == 1 else ticket)
        return b"".join(
            b'{"serial":"SW%010d","line":%d,"levy_item":"%s.%s","credit_code":"%s","period":"%s",'
            b'"amount":"%s","paid_on":"%s","origin":"declared_to_tax"}\n'
            % (
                ticket,
                number + 1,
                LINES[number][0].encode(),
                LINES[number][1].encode(),
                code.encode(),
                PERIOD.encode(),
                format_yuan(self.fen(ticket, number)).encode(),
                DAY.encode(),
            )
            for number in range(len(LINES))
        )


async def bill_units(admin_url: str, given: Input) -> None:
    """Register the payers, each with the bill that its ticket pays; not timed."""
    db = await asyncpg.connect(admin_url, server_settings={"search_path": "collection"})
    try:
        policy = await db.fetchval("SELECT id FROM policy WHERE pack = 'tianjin-2021'")
        for first in range(0, given.tickets, PIECE):
            await _bill_piece(db, given, range(first, min(first + PIECE, given.tickets)), policy)
        for table in ("unit", "bill", "bill_line"):
            await db.execute(f"ANALYZE {table}")
    finally:
        await db.close()


async def _bill_piece(db: asyncpg.Connection, given: Input, tickets: range, policy: UUID) -> None:
    issued, due = date(2021, 8, 1), date(2021, 8, 25)
    units, bills, lines = [], [], []
    for ticket in tickets:
        code, bill = given.code(ticket), uuid7()
        key = unit_key(code)
        units.append((key, code, f"天津第{ticket}有限公司", "enterprise", "heping", "tax"))
        total_fen = given.fen_of_ticket[ticket]
        bills.append(
            (
                *(key, bill, uuid7(), code, "heping", PERIOD, policy, issued, due, total_fen),
                *("open", "tax", "contribution"),
            )
        )
        lines += [
            (key, bill, number + 1, *line[:4], given.fen(ticket, number))
            for number, line in enumerate(LINES)
        ]
    await db.copy_records_to_table(
        "unit",
        columns=["unit_id", "credit_code", "name", "kind", "district", "collector"],
        records=units,
    )
    await db.copy_records_to_table(
        "bill",
        columns=[
            *("unit_id", "id", "declaration_id", "credit_code", "district", "period"),
            *("policy_id", "issued_on", "due_on", "total_fen", "status", "collector", "kind"),
        ],
        records=bills,
    )
    await db.copy_records_to_table(
        "bill_line",
        columns=[
            *("unit_id", "bill_id", "line_no", "insurance", "party", "account", "fund"),
            "amount_fen",
        ],
        records=lines,
    )


async def _content(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := file.read(1024 * 1024):
        yield piece


async def measure(doors: Doors, lines: int) -> Half:
    """Push a file of so many lines, and wait until the ledger has booked all of it."""
    given = Input(lines)
    began = time.perf_counter()
    await bill_units(doors.admin_url, given)
    with tempfile.TemporaryFile() as file:
        file.writelines(given.rows())
        size = file.tell()
        print(
            f"{given.pushed_lines:,} lines of {given.tickets:,} tickets ({size / 2**20:.0f} MiB) and "
            f"their bills made in {time.perf_counter() - began:.1f} s (not timed)",
            flush=True,
        )
        before_cpu = doors.cpu_seconds()
        began = time.perf_counter()
        asked = await doors.ask(
            "POST",
            "/v1/tax-push-files",
            Role.TAX_BUREAU,
            params={
                "push_no": "BENCH-1",
                "collected_on": DAY,
                "control_count": given.pushed_lines,
                "control_total": format_yuan(given.pushed_fen),
            },
            content=_content(file),
            headers={"Idempotency-Key": "bench-1", "Content-Type": "application/x-ndjson"},
        )
    _report("received", began, given)
    found = await doors.operation_ends(asked["id"])
    _report("matched and allocated", began, given)
    await doors.booked()
    seconds = _report("booked in the ledger", began, given)
    doors.report_cost(before_cpu, given.pushed_lines, seconds)
    good = all_hold(await _checks(doors, given, found["result"]))
    plain = await _plain_loop(doors)
    rate = given.pushed_lines / seconds
    print(
        f"tax lines {rate:,.0f}/s end to end; one transaction a line {plain:,.0f}/s "
        f"({rate / plain:.0f}x)"
    )
    return Half(round(rate, 1), round(plain, 1), good)


def _report(stage: str, began: float, given: Input) -> float:
    seconds = time.perf_counter() - began
    print(
        f"{stage:<24} after {seconds:8.2f} s   {given.pushed_lines / seconds:10,.0f} lines/s",
        flush=True,
    )
    return seconds


async def _checks(doors: Doors, given: Input, result: dict[str, Any]) -> dict[str, bool]:
    (row,) = await doors.rows(
        "SELECT (SELECT count(*) FROM tax_line) AS lines,"
        " (SELECT sum(amount_fen) FROM tax_line) AS line_fen,"
        " (SELECT sum(amount_fen) FROM receipt) AS receipt_fen,"
        " (SELECT sum(amount_fen) FROM allocation) AS allocated_fen,"
        " (SELECT sum(settled_fen) FROM bill_line) AS settled_fen,"
        " (SELECT sum(amount_fen - matched_fen) FROM suspense) AS suspended_fen"
    )
    cash = await doors.balances("statutory", DAY)
    memo = await doors.balances("memo", DAY)
    income = -sum(fen for account, fen in cash.items() if account.startswith("contribution"))
    known_fen = given.total_fen - given.strange_fen
    repeated = given.pushed_lines - given.lines
    return {
        "every line is taken once": (row["lines"], row["line_fen"])
        == (given.lines, given.total_fen),
        "receipts = input": row["receipt_fen"] == given.total_fen,
        "allocated = lines of known payers": row["allocated_fen"] == known_fen,
        "settled of bills = allocated": row["settled_fen"] == known_fen,
        "suspense = lines of strangers": row["suspended_fen"] == given.strange_fen,
        "results of lines add up": (
            result["matched"],
            result["suspended"],
            result["replayed"],
            result["rejected"],
        )
        == (given.lines - given.strange_lines, given.strange_lines, repeated, 0),
        "treasury deposit in the ledger = input": cash["treasury_deposit"] == given.total_fen,
        "contributions in the ledger = allocated": income == known_fen,
        "suspense in the ledger = suspense": -cash["suspense_receipts"] == given.strange_fen,
        "collected in the ledger = allocated": memo["memo_collected"] == known_fen,
    }


async def _plain_loop(doors: Doors) -> float:
    """Push lines one by one, each in a transaction of its own, and wait for their vouchers."""
    sample = Input(SAMPLE)
    began = time.perf_counter()
    count = 0
    for ticket in range(sample.tickets):
        for row in sample._ticket(ticket).splitlines():
            line = json.loads(row)
            line["serial"] = f"PLAIN-{line['serial']}"
            control = {"count": 1, "total": line["amount"]}
            await doors.ask(
                "POST",
                "/v1/tax-pushes",
                Role.TAX_BUREAU,
                json={
                    "push_no": f"PLAIN-{count}",
                    "collected_on": DAY,
                    "control": control,
                    "lines": [line],
                },
                headers={"Idempotency-Key": f"plain-{count}"},
            )
            count += 1
    await doors.booked()
    return count / (time.perf_counter() - began)
