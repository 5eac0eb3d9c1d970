"""A small year of vouchers, small enough to be added up by hand, and how a test plays it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from httpx import Response

from services.ledger.app import build
from shared.money import format_yuan, parse_yuan
from shared.roles import CENTRE, Role
from tests.conftest import database_on
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt

Body = dict[str, Any]
RECEIPT = f"rcp_{1:048x}"


@asynccontextmanager
async def new_ledger(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
    *,
    sound: bool = True,
) -> AsyncIterator[Ledger]:
    """A ledger on a database of its own; when it goes, its books are verified to be sound, or not."""
    async with database_on(server_url, template) as url:
        app = build(settings_for(database_url=url))
        async with client_of(app) as client:
            running = Ledger(client, app, bearer, url)
            yield running
            assert ((await running.verify()).faults == ()) is sound


async def post(ledger: Ledger, body: Body, role: Role = Role.COLLECTION_SERVICE) -> Body:
    answer = await ledger.post("/v1/vouchers", body, role)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def bill(ledger: Ledger, fund: str, amount: str, day: str, district: str = "heping") -> Body:
    entries = pair(fund, "memo_receivable", "memo_levied", amount, district, "memo")
    return await post(ledger, receipt(kind="bill", book_date=day, entries=entries))


async def collect(
    ledger: Ledger,
    fund: str,
    amount: str,
    day: str,
    district: str = "heping",
    account: str = "contribution_income.pooled",
    channel: str = "income_deposit",
) -> Body:
    entries = [
        *pair(fund, channel, account, amount, district),
        *pair(fund, "memo_collected", "memo_receivable", amount, district, "memo"),
    ]
    return await post(ledger, receipt(book_date=day, entries=entries))


async def suspend(ledger: Ledger, amount: str, day: str, paper: str = RECEIPT) -> Body:
    entries = pair("pension", "income_deposit", "suspense_receipts", amount)
    body = receipt(
        kind="suspense",
        book_date=day,
        entries=entries,
        owner="unidentified",
        references={"receipt": paper, "serial": f"S-{paper}"},
    )
    return await post(ledger, body)


async def identify(ledger: Ledger, amount: str, day: str, paper: str = RECEIPT) -> Body:
    entries = [
        *pair("pension", "suspense_receipts", "income_deposit", amount),
        *pair("pension", "income_deposit", "contribution_income.pooled", amount),
        *pair("pension", "memo_collected", "memo_receivable", amount, book="memo"),
    ]
    body = receipt(kind="match", book_date=day, entries=entries, references={"receipt": paper})
    return await post(ledger, body)


async def pay(ledger: Ledger, fund: str, account: str, amount: str, day: str) -> Body:
    entries = pair(fund, account, "expenditure_deposit", amount, "heping")
    hold = await ledger.hold(amount, fund)
    body = receipt(kind="payment", owner="centre", book_date=day, hold=hold, entries=entries)
    return await post(ledger, body, Role.PAYOUT_SERVICE)


async def control(ledger: Ledger, day: str) -> Body:
    """Business's control totals as they should be: what the books themselves say that day.

    Benefits and personal income are those of all years, so no year may have been carried over yet;
    what no person was credited is of bills paid in part.
    """
    answer = await ledger.get("/v1/funds/balances", as_of=day)
    personal = (await ledger.get("/v1/personal-control", as_of=day)).json()["items"]
    persons = {one["fund"]: one for one in personal}
    books = (await ledger.get("/v1/closing-totals", as_of=day)).json()
    totals, opening = books["funds"], books["opening"]
    return {
        "funds": {
            fund["fund"]: {
                "receivable": fund["accounts"]["memo_receivable"],
                "collected": fund["accounts"].get("memo_collected", "0.00"),
                "benefits": format_yuan(
                    sum(
                        parse_yuan(amount)
                        for key, amount in fund["accounts"].items()
                        if key.startswith("benefit.")
                    )
                ),
                "items": {
                    item: {
                        "business": total,
                        "statistics": total,
                        "opening": dict.fromkeys(
                            ("business", "statistics"),
                            opening.get(fund["fund"], {}).get(item, "0.00"),
                        ),
                    }
                    for item, total in totals.get(fund["fund"], {}).items()
                },
                "personal": {
                    "received": persons[fund["fund"]]["ledger"],
                    "credited": persons[fund["fund"]]["credited"],
                    "part_paid": persons[fund["fund"]]["uncredited"],
                },
            }
            for fund in answer.json()["funds"]
        }
    }


async def propose(ledger: Ledger, level: str, period: str, **more: Any) -> Response:
    last = {"day": period, "month": f"{period}-28", "year": f"{period}-12-31"}[level]
    if level == "month":  # any day of the month's end does: the tests post nothing after the 28th
        last = f"{period}-28"
    body = {"level": level, "period": period, "control": await control(ledger, last)} | more
    return await ledger.post("/v1/closings", body, Role.FUND_ACCOUNTANT)


async def approve(ledger: Ledger, id: str, **who: Any) -> Response:
    who.setdefault("role", Role.DEPARTMENT_HEAD)
    return await ledger.post(f"/v1/closings/{id}/approvals", {}, **who)


async def close(ledger: Ledger, level: str, period: str, **more: Any) -> Body:
    proposed = await propose(ledger, level, period, **more)
    assert proposed.status_code == 201, proposed.text
    done = await approve(ledger, proposed.json()["id"])
    assert done.status_code == 200, done.text
    return dict(done.json())


async def reopen(ledger: Ledger, day: str, reason: str = "更正误记") -> Body:
    proposed = await ledger.post(
        "/v1/reopenings", {"from_day": day, "reason": reason}, Role.FUND_ACCOUNTANT
    )
    assert proposed.status_code == 201, proposed.text
    done = await approve(ledger, proposed.json()["id"])
    assert done.status_code == 200, done.text
    return dict(done.json())


async def play(ledger: Ledger) -> None:
    """2021 of two funds, and one income of 2020.

    pension 2020: collected 500.00 (heping), swept on 2020-12-31.
    pension 2021: billed 2,000.00, collected 1,200.00 pooled (heping) + 300.50 personal (nankai) in
        July, 99.50 from suspense in August; subsidy 50,000.00; funding 20,000.00; pensions paid
        12,345.67, of which 45.67 came back in August.
    medical 2021: billed 800.00, all collected in July; subsidy 1,000.00; funding 700.00; hospitals
        paid 650.25.
    """
    await bill(ledger, "pension", "500.00", "2020-11-05")
    await collect(ledger, "pension", "500.00", "2020-11-20")
    await ledger.settle("sweep", "2020-12-31")
    await bill(ledger, "pension", "2000.00", "2021-07-05")
    await bill(ledger, "medical", "800.00", "2021-07-05", "nankai")
    await collect(ledger, "pension", "1200.00", "2021-07-15")
    await collect(
        ledger, "pension", "300.50", "2021-07-16", "nankai", "contribution_income.personal_account"
    )
    await collect(ledger, "medical", "800.00", "2021-07-16", "nankai")
    await ledger.settle("sweep", "2021-07-28")
    both = [{"fund": "pension", "amount": "50000.00"}, {"fund": "medical", "amount": "1000.00"}]
    await ledger.settle("fiscal_subsidy", "2021-07-20", amounts=both)
    plan = [{"fund": "pension", "amount": "20000.00"}, {"fund": "medical", "amount": "700.00"}]
    await ledger.settle("expenditure_funding", "2021-07-21", amounts=plan)
    await pay(ledger, "pension", "benefit.basic_pension", "12345.67", "2021-07-22")
    await pay(ledger, "medical", "benefit.hospital", "650.25", "2021-07-22")
    await suspend(ledger, "99.50", "2021-08-03")
    await identify(ledger, "99.50", "2021-08-06")
    back = pair("pension", "expenditure_deposit", "benefit.basic_pension", "45.67", "heping")
    await post(
        ledger,
        receipt(kind="payment_return", owner="centre", book_date="2021-08-10", entries=back),
        Role.PAYOUT_SERVICE,
    )
    await ledger.settle("sweep", "2021-08-28")


async def follow(
    ledger: Ledger, link: str, role: Role = Role.SUPERVISOR, district: str = CENTRE
) -> Response:
    """Follow a link of a report."""
    return await ledger.client.get(link, headers=ledger.bearer(role, district))
