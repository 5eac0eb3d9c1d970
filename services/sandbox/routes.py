"""The sandbox's doors. It listens on loopback only, so they ask for no token."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi import Path as PathParameter
from fastapi.responses import Response

from services.sandbox.bank import OWN_ACCOUNTS, Bank, Transfer
from services.sandbox.benefits import BenefitClerks
from services.sandbox.clerks import Clerks, NewMonth
from services.sandbox.courier import Courier, Tally
from services.sandbox.gateway import Gateway, query
from services.sandbox.journal import Journal
from services.sandbox.schemas import (
    AccountOut,
    AccountsOut,
    AnswersOut,
    ClockIn,
    ClockOut,
    Day,
    MisregisteredOut,
    MonthIn,
    MonthOut,
    PushIn,
    PushOut,
    RoundOut,
    StatementOut,
    TransferIn,
    TransferOut,
)
from services.sandbox.script import Script, ScriptOut, script_of
from services.sandbox.statements import Statements
from services.sandbox.tax_bureau import Payment, TaxBureau
from services.sandbox.tickets import Tickets
from shared import clock
from shared.errors import NotFound
from shared.web.door_router import DoorRouter

router = DoorRouter(prefix="/v1")

_FIRST, _LAST = date(1990, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Everything behind the doors. Rounds and pushes take turns."""

    journal: Journal
    bank: Bank
    statements: Statements
    courier: Courier
    gateways: Mapping[str, Gateway]
    bureau: TaxBureau
    tickets: Tickets
    turn: asyncio.Lock
    clerks: Clerks
    benefits: BenefitClerks
    day_file: Path

    @property
    def script(self) -> Script:
        """Return the script in force."""
        return script_of(self.journal)


def _sandbox(request: Request) -> Sandbox:
    found: Sandbox = request.app.state.sandbox
    return found


Here = Annotated[Sandbox, Depends(_sandbox)]


def answers(tally: Tally) -> AnswersOut:
    """Show the answers of the services to messages."""
    return AnswersOut(letters=tally.letters, counts=dict(tally.counts), rejected=tally.rejected)


@router.get("/script", operation_id="read_script", summary="剧本 · The script in force")
async def read_script(here: Here) -> ScriptOut:
    """Return the seed and the rates."""
    return ScriptOut.model_validate(here.script)


@router.put("/script", operation_id="set_script", summary="改剧本 · Play another script")
async def set_script(script: Script, here: Here) -> ScriptOut:
    """From the next decision on; what is decided stays decided."""
    shown = ScriptOut.model_validate(script)
    here.journal.keep("script", shown.model_dump_json())
    return shown


@router.post(
    "/months",
    operation_id="play_month",
    summary="经办一个月 · Take a new unit through a month",
    status_code=201,
)
async def play_month(body: MonthIn, here: Here) -> MonthOut:
    """Do the clerks' work for one unit: registered, declared, reviewed, audited, billed."""
    async with here.turn:
        bill = await here.clerks.play(
            NewMonth(
                period=str(body.period),
                district=body.district,
                collector=body.collector,
                people=body.people,
                bill_date=body.bill_date,
            )
        )
    return MonthOut(
        credit_code=bill["credit_code"],
        bill=bill["id"],
        total=bill["total"],
        due_on=bill["due_on"],
    )


@router.get("/clock", operation_id="read_clock", summary="业务日期 · The business day")
async def read_clock(here: Here) -> ClockOut:
    """Return the day that the services go by."""
    return _clock(here)


@router.put("/clock", operation_id="move_clock", summary="移动业务日期 · Move the business day")
async def move_clock(body: ClockIn, here: Here) -> ClockOut:
    """Let the services go by another day from now on; it goes on by itself at midnight."""
    days = (body.today - clock.real_today()).days
    part = here.day_file.with_suffix(".part")
    part.write_text(str(days))
    part.replace(here.day_file)
    return _clock(here)


def _clock(here: Sandbox) -> ClockOut:
    real = clock.real_today()
    days = int(here.day_file.read_text()) if here.day_file.exists() else 0
    return ClockOut(today=real + timedelta(days=days), real_today=real)


@router.get(
    "/bank/accounts",
    operation_id="list_accounts",
    summary="账户余额 · The centre's accounts",
)
async def list_accounts(here: Here) -> AccountsOut:
    """Four accounts and what they hold now."""
    items = [
        AccountOut(account=number, name=OWN_ACCOUNTS[number], balance=balance_fen)
        for number, balance_fen in here.bank.balances().items()
    ]
    return AccountsOut(items=items, position=here.bank.position_fen())


@router.post(
    "/bank/transfers",
    operation_id="order_transfer",
    summary="网银划款 · Online transfer",
    status_code=201,
)
async def order_transfer(order: TransferIn, here: Here) -> TransferOut:
    """Between the centre's own accounts, along the permitted flows only."""
    transfer = Transfer(
        reference=order.reference,
        payer=order.payer,
        payee=order.payee,
        amount_fen=order.amount,
        day=order.day,
        summary=order.summary,
    )
    fresh = here.bank.transfer(transfer)
    return TransferOut.of(transfer, replayed=not fresh)


@router.get(
    "/bank/transfers/{serial}",
    operation_id="query_transfer",
    summary="查询流水 · Query a serial",
)
async def query_transfer(
    serial: Annotated[str, PathParameter(pattern=r"^[A-Z][0-9a-f]{16}$")], here: Here
) -> TransferOut:
    """Get the true status. A line reported as unknown gets its final result in the next round."""
    order = here.bank.transfer_of(serial)
    if order is not None:
        return TransferOut.of(order)
    row = query(here.journal, serial)
    if row is None:
        raise NotFound(serial=serial)
    ends = (
        (row["account"], "income")
        if row["purpose"] == "debit"
        else (
            "expenditure",
            row["account"],
        )
    )
    return TransferOut(
        serial=serial,
        status="done" if row["done"] else "refused",
        payer=ends[0],
        payee=ends[1],
        amount=row["amount_fen"],
        day=date.fromisoformat(row["value_date"]),
    )


@router.get(
    "/bank/statements/{account}",
    operation_id="read_statement",
    summary="对账单 · Statement",
)
async def read_statement(
    account: Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9-]{1,40}$")],
    here: Here,
    first: Annotated[Day, Query(alias="from")] = _FIRST,
    last: Annotated[Day, Query(alias="to")] = _LAST,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> StatementOut:
    """Opening, received, paid, closing of the span, and its lines by pages."""
    found = here.statements.read(account, first, last, after=cursor, limit=limit)
    return StatementOut.of(found, limit)


@router.get(
    "/bank/statements/{account}/file",
    operation_id="download_statement",
    summary="对账单文件 · Statement as a file",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def download_statement(
    account: Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9-]{1,40}$")],
    here: Here,
    first: Annotated[Day, Query(alias="from")] = _FIRST,
    last: Annotated[Day, Query(alias="to")] = _LAST,
) -> Response:
    """Download the statement as the bank's CSV file, as collection's door of statements takes it."""
    return Response(here.statements.file(account, first, last), media_type="text/csv")


@router.post(
    "/bank/debit-batches",
    operation_id="work_debit_batches",
    summary="处理扣款批次 · One round over debit batches",
)
async def work_debit_batches(here: Here) -> RoundOut:
    """Fetch and decide new batches, report this round's results."""
    return await _round(here, "debit")


@router.post(
    "/bank/payment-batches",
    operation_id="work_payment_batches",
    summary="处理付款批次 · One round over payment batches",
)
async def work_payment_batches(here: Here) -> RoundOut:
    """Fetch and carry out ready batches, report this round's results."""
    return await _round(here, "payment")


async def _round(here: Sandbox, trade: str) -> RoundOut:
    async with here.turn:
        done = await here.gateways[trade].work(here.script)
    return RoundOut(
        batches=done.batches,
        decided=done.decided,
        reported=done.reported,
        waiting=done.waiting,
        unknown=done.unknown,
        answers=answers(done.tally),
    )


@router.post(
    "/tax/pushes",
    operation_id="push_tax",
    summary="税务推送 · Let the tax bureau collect and push",
)
async def push_tax(body: PushIn, here: Here) -> PushOut:
    """Collect what taxpayers owe for a period and push it in batches, some of it twice."""
    async with here.turn:
        done = await here.bureau.collect(
            here.script, str(body.period), body.day, wrong_payers=body.wrong_payers
        )
    return PushOut(
        payments=len(done.payments),
        total=sum(one.amount_fen for one in done.payments),
        repeated=done.repeated,
        misregistered=[_misregistered(one) for one in done.misregistered],
        wrong_payers=[_misregistered(one) for one in done.wrong_payers],
        answers=answers(done.tally),
    )


def _misregistered(payment: Payment) -> MisregisteredOut:
    return MisregisteredOut(
        serial=payment.serial,
        pushed_as=payment.credit_code,
        credit_code=payment.payer,
        period=payment.period,
        amount=payment.amount_fen,
    )


@router.post(
    "/repeats",
    operation_id="repeat_everything",
    summary="全部重发 · Send every letter again under new keys",
)
async def repeat_everything(here: Here) -> AnswersOut:
    """Send everything again, as a confused sender would; nothing may change by it."""
    async with here.turn:
        return answers(await here.courier.repeat_all())
