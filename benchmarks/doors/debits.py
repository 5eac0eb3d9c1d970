"""The half of the bank: a file of its confirmations, received, matched, allocated and booked.

A unit's bill of a month is debited as one line of a batch; the bank answers in one pain.002 file. One
line in twenty is refused, and the whole file comes a second time afterwards, which changes nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import IO, Any, Final
from uuid import UUID, uuid4

import asyncpg
import orjson

from benchmarks.doors.house import Doors, Half, all_hold
from shared.cn.credit_code import with_check_character
from shared.ids import unit_key, uuid7
from shared.money import format_yuan
from shared.roles import Role

PERIOD: Final = "2021-09"
DAY: Final = "2021-10-20"
BANK: Final = "ccb"
LINES: Final = (
    ("pension", "unit", "pooled", "pension", 160_000),
    ("medical", "unit", "pooled", "medical", 100_000),
)
"""A bill of a flexible worker's kind, the most common payer by direct debit: two insurances."""
REFUSED: Final = 20
"""One line in so many is refused for want of money."""
FIRST_CODE: Final = 8_000_000
SAMPLE: Final = 200
PIECE: Final = 50_000
_ACCOUNT: Final = {"bank": "中国建设银行", "number": "6222020302001234567", "name": "样例"}
"""The account of every payer; it is stored sealed, as the doors store accounts."""
_HEAD: Final = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"><CstmrPmtStsRpt><GrpHdr>'
    "<MsgId>BENCH</MsgId><CreDtTm>{day}T09:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
    "<OrgnlMsgId>{file_no}</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId>"
    "</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{file_no}</OrgnlPmtInfId>\n"
)
_SETTLED: Final = (
    "<TxInfAndSts><OrgnlEndToEndId>{file_no}-{line}</OrgnlEndToEndId><TxSts>ACSC</TxSts>"
    "<AccptncDtTm>{day}T09:00:00</AccptncDtTm><AcctSvcrRef>CB{line:09d}</AcctSvcrRef>"
    '<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{amount}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>\n'
)
_REFUSED: Final = (
    "<TxInfAndSts><OrgnlEndToEndId>{file_no}-{line}</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
    "<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf></TxInfAndSts>\n"
)
_TAIL: Final = "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"


def _fen(number: int) -> list[int]:
    """Amounts of the lines of a bill: others for each unit."""
    return [line[-1] + number % 997 for line in LINES]


def _code(number: int) -> str:
    return with_check_character(f"91120101MA{FIRST_CODE + number:07d}")


async def _bill_units(doors: Doors, count: int) -> None:
    """Register the payers, each with an agreement and a bill; not timed."""
    account = orjson.dumps(doors.accounts.sealed(_ACCOUNT)).decode()
    db = await asyncpg.connect(doors.admin_url, server_settings={"search_path": "collection"})
    try:
        policy = await db.fetchval("SELECT id FROM policy WHERE pack = 'tianjin-2021'")
        await db.execute("UPDATE bank_profile SET lines_max = 1000000 WHERE code = $1", BANK)
        for first in range(0, count, PIECE):
            numbers = range(first, min(first + PIECE, count))
            await _bill_piece(db, numbers, policy, account)
        for table in ("unit", "debit_agreement", "bill", "bill_line"):
            await db.execute(f"ANALYZE {table}")
    finally:
        await db.close()


async def _bill_piece(db: asyncpg.Connection, numbers: range, policy: UUID, account: str) -> None:
    issued, due, signed = date(2021, 10, 1), date(2021, 10, 25), date(2021, 1, 4)
    units, agreements, bills, lines = [], [], [], []
    for number in numbers:
        code, bill = _code(number), uuid7()
        key, amounts = unit_key(code), _fen(number)
        units.append(
            (key, code, f"天津第{number}户", "enterprise", "heping", "bank_debit", account)
        )
        agreements.append(
            (
                key,
                uuid4(),
                code,
                "heping",
                f"SF-{number}",
                BANK,
                account,
                signed,
                signed,
                "approved",
            )
        )
        bills.append(
            (
                *(key, bill, uuid7(), code, "heping", PERIOD, policy, issued, due, sum(amounts)),
                *("open", "bank_debit", "contribution"),
            )
        )
        lines += [
            (key, bill, place, *line[:4], fen)
            for place, (line, fen) in enumerate(zip(LINES, amounts, strict=True), 1)
        ]
    for table, columns, records in (
        ("unit", "unit_id credit_code name kind district collector bank", units),
        (
            "debit_agreement",
            "unit_id id credit_code district number bank_code bank valid_from signed_on status",
            agreements,
        ),
        (
            "bill",
            "unit_id id declaration_id credit_code district period policy_id issued_on due_on"
            " total_fen status collector kind",
            bills,
        ),
        ("bill_line", "unit_id bill_id line_no insurance party account fund amount_fen", lines),
    ):
        await db.copy_records_to_table(table, columns=columns.split(), records=records)


def _answer(file_no: str, amounts: list[int]) -> Iterator[bytes]:
    """The bank's answer, line by line."""
    yield _HEAD.format(day=DAY, file_no=file_no).encode()
    for line, fen in enumerate(amounts, 1):
        form = _SETTLED if line % REFUSED else _REFUSED
        yield form.format(file_no=file_no, line=line, day=DAY, amount=format_yuan(fen)).encode()
    yield _TAIL.encode()


async def _content(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := file.read(1024 * 1024):
        yield piece


async def measure(doors: Doors, lines: int) -> Half:
    """Hand in a bank's answer of so many lines, and wait until the ledger has booked all of it."""
    opening = (await doors.balances("statutory", DAY)).get("income_deposit", 0)
    began = time.perf_counter()
    await _bill_units(doors, lines)
    print(f"{lines:,} bills under agreements made in {_since(began):.1f} s (not timed)", flush=True)
    began = time.perf_counter()
    batch = await doors.ask(
        "POST",
        "/v1/debit-batches",
        Role.CENTRE_CASHIER,
        json={"period": PERIOD, "debit_date": DAY, "bank": BANK},
        headers={"Idempotency-Key": "bench-debits"},
    )
    print(f"batch of {batch['control']['lines']:,} lines in {_since(began):.1f} s", flush=True)
    rows = await doors.rows("SELECT amount_fen FROM debit_line ORDER BY line_no")
    amounts = [row["amount_fen"] for row in rows]
    with tempfile.TemporaryFile() as file:
        file.writelines(_answer(batch["file_no"], amounts))
        print(f"the bank's file has {file.tell() / 2**20:.0f} MiB", flush=True)
        before_cpu = doors.cpu_seconds()
        began = time.perf_counter()
        heard = await _send(doors, file, "bench-answer")
        _report("received and allocated", began, lines)
        await doors.booked()
        seconds = _report("booked in the ledger", began, lines)
        doors.report_cost(before_cpu, lines, seconds)
        again = await _send(doors, file, "bench-again")
    good = all_hold(await _checks(doors, amounts, heard, again, opening))
    plain = await _plain_loop(doors)
    rate = lines / seconds
    print(
        f"debit confirmations {rate:,.0f}/s end to end; one transaction a line {plain:,.0f}/s "
        f"({rate / plain:.0f}x)"
    )
    return Half(round(rate, 1), round(plain, 1), good)


async def _send(doors: Doors, file: IO[bytes], key: str) -> dict[str, Any]:
    found: dict[str, Any] = await doors.ask(
        "POST",
        "/v1/bank-files",
        Role.BANK_GATEWAY,
        params={"bank": BANK},
        content=_content(file),
        headers={"Idempotency-Key": key, "Content-Type": "application/xml"},
    )
    return found


def _since(began: float) -> float:
    return time.perf_counter() - began


def _report(stage: str, began: float, lines: int) -> float:
    seconds = _since(began)
    print(f"{stage:<24} after {seconds:8.2f} s   {lines / seconds:10,.0f} lines/s", flush=True)
    return seconds


async def _checks(
    doors: Doors, amounts: list[int], heard: dict[str, Any], again: dict[str, Any], before: int
) -> dict[str, bool]:
    refused = amounts[REFUSED - 1 :: REFUSED]
    settled_fen = sum(amounts) - sum(refused)
    counts = (len(amounts) - len(refused), len(refused))
    (row,) = await doors.rows(
        "SELECT (SELECT sum(amount_fen) FROM receipt WHERE channel = 'bank_debit') AS receipt_fen,"
        " (SELECT sum(amount_fen) FROM debit_line WHERE status = 'settled') AS line_fen,"
        " (SELECT sum(settled_fen) FROM bill WHERE period = $1) AS settled_fen,"
        " (SELECT sum(line.settled_fen) FROM bill_line AS line JOIN bill"
        "     ON bill.unit_id = line.unit_id AND bill.id = line.bill_id"
        "  WHERE bill.period = $1) AS bill_line_fen",
        PERIOD,
    )
    cash = (await doors.balances("statutory", DAY)).get("income_deposit", 0) - before
    return {
        "results = input": (heard["settled"], heard["refused"], heard["rejected"]) == (*counts, []),
        "the same file again changes nothing": (again["settled"], again["replayed"])
        == (0, len(amounts)),
        "receipts = settled lines": row["receipt_fen"] == settled_fen,
        "lines settled = input": row["line_fen"] == settled_fen,
        "bills settled = input": row["settled_fen"] == settled_fen,
        "lines of bills settled = input": row["bill_line_fen"] == settled_fen,
        "income deposit in the ledger = input": cash == settled_fen,
    }


async def _plain_loop(doors: Doors) -> float:
    """Confirm the refused lines' bills one by one in a second batch, and wait for their vouchers."""
    next_day = "2021-10-21"
    batch = await doors.ask(
        "POST",
        "/v1/debit-batches",
        Role.CENTRE_CASHIER,
        json={"period": PERIOD, "debit_date": next_day, "bank": BANK},
        headers={"Idempotency-Key": "bench-plain"},
    )
    rows = await doors.rows(
        "SELECT line.line_no, line.amount_fen FROM debit_line AS line"
        "  JOIN debit_batch AS batch ON batch.id = line.batch_id"
        " WHERE batch.file_no = $1 ORDER BY line.line_no LIMIT $2",
        batch["file_no"],
        SAMPLE,
    )
    began = time.perf_counter()
    for row in rows:
        result = {
            "line": row["line_no"],
            "outcome": "settled",
            "bank_serial": f"PL{row['line_no']:09d}",
            "amount": format_yuan(row["amount_fen"]),
            "value_date": next_day,
        }
        await doors.ask(
            "POST",
            "/v1/debit-results",
            Role.BANK_GATEWAY,
            json={"batch": batch["id"], "results": [result]},
            headers={"Idempotency-Key": f"plain-debit-{row['line_no']}"},
        )
    await doors.booked()
    return len(rows) / _since(began)
