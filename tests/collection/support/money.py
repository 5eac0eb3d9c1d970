"""Units and bills put into the database directly, for tests of what happens to money afterwards."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from shared.cn.credit_code import with_check_character
from shared.db import asyncpg_dsn
from shared.ids import unit_key, uuid7
from shared.money import format_yuan, parse_yuan
from tests.conftest import Bearer

DAY = "2021-07-20"
LINES = (
    ("pension", "unit", "pooled", "pension", 160_000),
    ("pension", "personal", "personal_account", "pension", 80_000),
    ("medical", "unit", "pooled", "medical", 100_000),
    ("medical", "personal", "personal_account", "medical", 20_000),
    ("unemployment", "unit", "pooled", "unemployment", 5_000),
    ("unemployment", "personal", "pooled", "unemployment", 5_000),
    ("work_injury", "unit", "pooled", "work_injury", 2_001),
    ("maternity", "unit", "pooled", "medical", 5_003),
)
TOTAL_FEN = sum(line[-1] for line in LINES)
BILL_COLUMNS = [
    "unit_id",
    "id",
    "declaration_id",
    "credit_code",
    "district",
    "period",
    "policy_id",
    "issued_on",
    "due_on",
    "total_fen",
    "status",
    "collector",
]
LINE_COLUMNS = [
    "unit_id",
    "bill_id",
    "line_no",
    "insurance",
    "party",
    "account",
    "fund",
    "amount_fen",
]
_AGREE = """
    INSERT INTO debit_agreement (unit_id, id, credit_code, district, number, bank_code, bank,
                                 valid_from, signed_on, status)
    SELECT $1, gen_random_uuid(), $2, $3, 'SF-' || $2, 'city', $4::text::jsonb, DATE '2004-01-01',
           DATE '2004-01-01', 'approved'
     WHERE NOT EXISTS (SELECT FROM debit_agreement WHERE unit_id = $1)
"""
"""A three-party agreement of the unit, without which nothing is debited."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Owed:
    """A unit with one bill."""

    credit_code: str
    unit_id: int
    bill_id: UUID
    period: str
    total_fen: int


def new_code() -> str:
    """A valid credit code that no other test uses."""
    return with_check_character(f"91120101MA{next(_numbers):07d}")


async def connect(url: str) -> "asyncpg.Connection[Any]":
    """An administrator's connection that sees collection's tables."""
    return await asyncpg.connect(
        asyncpg_dsn(url), server_settings={"search_path": "collection,public"}
    )


ACCOUNT = json.dumps({"bank": "某银行", "number": "6222020302001234567", "name": "户名"})


async def agree(url: str, code: str, district: str = "heping") -> None:
    """Give a unit a three-party agreement with the bank `city`."""
    db = await connect(url)
    try:
        await db.execute(_AGREE, unit_key(code), code, district, ACCOUNT)
    finally:
        await db.close()


async def owe(
    url: str,
    *,
    count: int = 1,
    collector: str = "tax",
    period: str = "2021-07",
    district: str = "heping",
    codes: Sequence[str] = (),
    bank: bool = True,
    lines: Sequence[tuple[str, str, str, str, int]] = LINES,
    due_on: str | None = None,
) -> list[Owed]:
    """Register `count` units (or take known `codes`) and give each a bill of `lines`."""
    total_fen = sum(line[-1] for line in lines)
    due = date.fromisoformat(due_on or f"{period}-25")
    own = list(codes) or [new_code() for _ in range(count)]
    owed = [Owed(code, unit_key(code), uuid7(), period, total_fen) for code in own]
    db = await connect(url)
    try:
        policy = await db.fetchval("SELECT id FROM policy WHERE pack = 'tianjin-2021'")
        await db.executemany(
            "INSERT INTO unit (unit_id, credit_code, name, kind, district, collector, bank)"
            " VALUES ($1, $2, '某公司', 'enterprise', $3, $4, $5) ON CONFLICT DO NOTHING",
            [
                (o.unit_id, o.credit_code, district, collector, ACCOUNT if bank else None)
                for o in owed
            ],
        )
        if bank:
            await db.executemany(
                _AGREE, [(o.unit_id, o.credit_code, district, ACCOUNT) for o in owed]
            )
        issued = date.fromisoformat(f"{period}-01")
        await db.copy_records_to_table(
            "bill",
            columns=BILL_COLUMNS,
            records=[
                (
                    *(o.unit_id, o.bill_id, uuid7(), o.credit_code, district, period, policy),
                    *(issued, due, total_fen, "open", collector),
                )
                for o in owed
            ],
        )
        await db.copy_records_to_table(
            "bill_line",
            columns=LINE_COLUMNS,
            records=[
                (o.unit_id, o.bill_id, number, *line)
                for o in owed
                for number, line in enumerate(lines, 1)
            ],
        )
    finally:
        await db.close()
    return owed


def push(
    push_no: str, lines: Sequence[dict[str, Any]], *, collected_on: str = DAY
) -> dict[str, Any]:
    """A push whose control totals tie."""
    total_fen = sum(int(Decimal(str(line["amount"])) * 100) for line in lines)
    return {
        "push_no": push_no,
        "collected_on": collected_on,
        "control": {"count": len(lines), "total": format_yuan(total_fen)},
        "lines": list(lines),
    }


def line(
    serial: str,
    credit_code: str,
    amount_fen: int = TOTAL_FEN,
    period: str = "2021-07",
    *,
    paid_on: str = DAY,
) -> dict[str, Any]:
    """One line of a push."""
    return {
        "serial": serial,
        "credit_code": credit_code,
        "period": period,
        "amount": format_yuan(amount_fen),
        "paid_on": paid_on,
    }


async def state(url: str) -> dict[str, Any]:
    """All that money has done: for saying that something changed nothing."""
    db = await connect(url)
    try:
        found = {}
        for table, order in (
            ("bill", "unit_id, id"),
            ("bill_line", "unit_id, bill_id, line_no"),
            ("receipt", "id"),
            ("allocation", "event_id, line_no"),
            ("suspense", "receipt_id"),
            ("charge", "id"),
            ("debit_line", "batch_id, line_no"),
            ("debit_batch", "id"),
            ("outbox", "id"),
        ):
            rows = await db.fetch(f"SELECT * FROM {table} ORDER BY {order}")
            found[table] = [dict(row) for row in rows]
        return found
    finally:
        await db.close()


async def fetch(url: str, sql: str, *values: Any) -> list[dict[str, Any]]:
    """Rows of a question to the tables."""
    db = await connect(url)
    try:
        return [dict(row) for row in await db.fetch(sql, *values)]
    finally:
        await db.close()


async def vouchers(url: str, *, kinds: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The vouchers in the outbox."""
    rows = await fetch(url, "SELECT payload FROM outbox ORDER BY id")
    found = [json.loads(row["payload"]) for row in rows]
    return [voucher for voucher in found if not kinds or voucher["kind"] in kinds]


_tickets = itertools.count(1)
ITEMS = tuple(f"{insurance}.{party}" for insurance, party, *_ in LINES)
"""The levy item of each line of a bill that `money.owe` makes."""


def ticket_no() -> str:
    """A ticket number that no other test uses."""
    return f"T{next(_tickets):010d}"


def ticket_line(
    ticket: str,
    number: int,
    item: str,
    credit_code: str | None,
    amount_fen: int,
    *,
    period: str = "2021-07",
    paid_on: str = DAY,
    **more: Any,
) -> dict[str, Any]:
    """One line of a ticket."""
    payer = {} if credit_code is None else {"credit_code": credit_code}
    return {
        "serial": ticket,
        "line": number,
        "levy_item": item,
        **payer,
        "period": period,
        "amount": format_yuan(amount_fen),
        "paid_on": paid_on,
        **more,
    }


def whole_bill(ticket: str, credit_code: str, **more: Any) -> list[dict[str, Any]]:
    """A ticket that pays a whole bill of `money.owe`, line by line."""
    return [
        ticket_line(ticket, number, item, credit_code, line[-1], **more)
        for number, (item, line) in enumerate(zip(ITEMS, LINES, strict=True), 1)
    ]


def push_of(lines: Sequence[dict[str, Any]], *, day: str = DAY, **more: Any) -> dict[str, Any]:
    """A push whose control totals tie."""
    total_fen = sum(parse_yuan(line["amount"]) for line in lines)
    return {
        "push_no": f"P{next(_tickets)}",
        "collected_on": day,
        "control": {"count": len(lines), "total": format_yuan(total_fen)},
        "lines": list(lines),
        **more,
    }


async def pushed(api: httpx.AsyncClient, bearer: Bearer, body: dict[str, Any]) -> dict[str, Any]:
    """Push as the tax bureau; the answer."""
    headers = bearer("tax_bureau") | {"Idempotency-Key": f"t-{next(_tickets)}"}
    answer = await api.post("/v1/tax-pushes", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["received"] == (
        found["matched"] + found["suspended"] + found["replayed"] + len(found["rejected"])
    )
    return found
