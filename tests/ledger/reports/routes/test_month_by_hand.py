"""One month with every event of the accounting rules (财会〔2017〕28号), added up by hand.

pension, yuan. 2020: 2,000.00 collected and swept. July 2021:
    unknown payer 300.00, of which 200.00 is identified; agency receipts 1,000.00 pooled and 400.00
    personal; treasury receipt 600.00; late fee 12.50; back-payment interest 3.25; a debit of 50.00
    that bounced; refund 20.00 by its route; subsidy 5,000.00; bank interest 1.75; sweep 1,697.50;
    treasury remitted 600.00; spending plan 4,000.00; pensions 3,210.98, of which 10.98 came back;
    adjustment fund: 150.00 paid up, 80.00 received and swept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.reversing import reverse
from tests.ledger.support.settling import order, part
from tests.ledger.support.year import collect, identify, new_ledger, pay, post, suspend

PENSION = {"fund": "pension", "period": "2021-07"}


def amounts(amount: str, **more: str) -> list[dict[str, str]]:
    return [{"fund": "pension", "amount": amount} | more]


async def charge(ledger: Ledger, kind: str, account: str, amount: str, day: str) -> None:
    entries = pair("pension", "income_deposit", account, amount)
    await post(ledger, receipt(kind=kind, book_date=day, entries=entries))


async def play(ledger: Ledger) -> None:
    await collect(ledger, "pension", "2000.00", "2020-12-10")
    await ledger.settle("sweep", "2020-12-31")
    await suspend(ledger, "300.00", "2021-07-02")
    await identify(ledger, "200.00", "2021-07-05")
    await collect(ledger, "pension", "1000.00", "2021-07-06")
    await collect(
        ledger, "pension", "400.00", "2021-07-06", "nankai", "contribution_income.personal_account"
    )
    await collect(ledger, "pension", "600.00", "2021-07-08", channel="treasury_deposit")
    await charge(ledger, "late_fee", "other_income", "12.50", "2021-07-09")
    await charge(ledger, "interest", "interest_income", "3.25", "2021-07-09")
    bounced = await collect(ledger, "pension", "50.00", "2021-07-10", "binhai")
    assert (await reverse(ledger, bounced["id"], book_date="2021-07-12")).status_code == 200
    back = part("20.00", "contribution_income.pooled")
    await ledger.settle("refund", "2021-07-15", refund=await order(ledger, back, source="credits"))
    await ledger.settle("fiscal_subsidy", "2021-07-16", amounts=amounts("5000.00"))
    await ledger.settle(
        "interest_received", "2021-07-17", amounts=amounts("1.75"), deposit="income_deposit"
    )
    swept = await ledger.settle("sweep", "2021-07-20")
    assert swept["amounts"] == amounts("1697.50")
    assert (await ledger.settle("treasury_remit", "2021-07-20"))["amounts"] == amounts("600.00")
    await ledger.settle("expenditure_funding", "2021-07-21", amounts=amounts("4000.00"))
    await pay(ledger, "pension", "benefit.basic_pension", "3210.98", "2021-07-22")
    entries = pair("pension", "expenditure_deposit", "benefit.basic_pension", "10.98", "heping")
    returned = receipt(
        kind="payment_return", owner="centre", book_date="2021-07-25", entries=entries
    )
    await post(ledger, returned, Role.PAYOUT_SERVICE)
    await ledger.settle("adjustment_remit", "2021-07-26", amounts=amounts("150.00"))
    await ledger.settle("superior_grant", "2021-07-27", amounts=amounts("80.00"))
    assert (await ledger.settle("sweep", "2021-07-28"))["amounts"] == amounts("80.00")


@pytest.fixture(scope="module")
async def july(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as running:
        await play(running)
        yield running


async def report(ledger: Ledger, kind: str, **params: Any) -> Any:
    answer = await ledger.get(f"/v1/reports/{kind}", **(PENSION | params))
    assert answer.status_code == 200, answer.text
    return answer.json()


def lines(section: Any, *columns: str) -> list[tuple[str, ...]]:
    return [(one["code"], *(one[name] for name in columns)) for one in section["lines"]]


async def test_the_general_ledger(july: Ledger) -> None:
    ledger = await report(july, "general-ledger")
    closings = {
        row["code"]: tuple(row[name] for name in ("opening", "debit", "credit", "closing"))
        for row in ledger["rows"]
    }
    assert closings == {
        "1002": ("0.00", "1997.50", "1997.50", "0.00"),
        "1003": ("2000.00", "7377.50", "4000.00", "5377.50"),
        "1004": ("0.00", "4010.98", "3360.98", "650.00"),
        "1005": ("0.00", "600.00", "600.00", "0.00"),
        "2001": ("0.00", "200.00", "300.00", "100.00"),
        "4001": ("2000.00", "20.00", "2200.00", "4180.00"),
        "400101": ("2000.00", "20.00", "1800.00", "3780.00"),
        "400102": ("0.00", "0.00", "400.00", "400.00"),
        "4101": ("0.00", "0.00", "5000.00", "5000.00"),
        "4201": ("0.00", "0.00", "5.00", "5.00"),
        "4401": ("0.00", "0.00", "80.00", "80.00"),
        "4501": ("0.00", "0.00", "12.50", "12.50"),
        "5001": ("0.00", "3210.98", "10.98", "3200.00"),
        "500101": ("0.00", "3210.98", "10.98", "3200.00"),
        "5501": ("0.00", "150.00", "0.00", "150.00"),
    }
    assert (ledger["debit"], ledger["credit"], ledger["difference"]) == (
        "17566.96",
        "17566.96",
        "0.00",
    )


async def test_the_balance_sheet(july: Ledger) -> None:
    sheet = await report(july, "balance-sheet")
    assert lines(sheet["assets"], "opening", "closing") == [
        ("1002", "0.00", "0.00"),
        ("1003", "2000.00", "5377.50"),
        ("1004", "0.00", "650.00"),
        ("1005", "0.00", "0.00"),
    ]
    assert lines(sheet["liabilities"], "opening", "closing") == [("2001", "0.00", "100.00")]
    assert (sheet["assets"]["closing"], sheet["net_assets"]["closing"]) == ("6027.50", "5927.50")
    assert sheet["balanced"] is True


async def test_the_statement_of_income_and_expense(july: Ledger) -> None:
    statement = await report(july, "income-statement")
    assert lines(statement["income"], "amount") == [
        ("4001", "2180.00"),
        ("400101", "1780.00"),
        ("400102", "400.00"),
        ("4101", "5000.00"),
        ("4201", "5.00"),
        ("4401", "80.00"),
        ("4501", "12.50"),
    ]
    assert lines(statement["expense"], "amount") == [
        ("5001", "3200.00"),
        ("500101", "3200.00"),
        ("5501", "150.00"),
    ]
    assert (statement["income"]["amount"], statement["expense"]["amount"]) == ("7277.50", "3350.00")
    assert statement["of_period"] == {
        "opening": "2000.00",
        "surplus": "3927.50",
        "direct": "0.00",
        "closing": "5927.50",
        "difference": "0.00",
    }


async def test_the_trial_balance(july: Ledger) -> None:
    answer = (await july.get("/v1/trial-balance", as_of="2021-07-31", book="statutory")).json()
    [fund] = answer["funds"]
    assert (fund["debit"], fund["credit"], answer["balanced"]) == ("9377.50", "9377.50", True)


async def test_receivables_are_in_the_memo_book_only(july: Ledger) -> None:
    """Cash basis: 2,200.00 collected of what nobody billed here is owed below zero in the memo book."""
    memo = await report(july, "general-ledger", book="memo")
    closings = {row["account"]: row["closing"] for row in memo["rows"]}
    assert closings == {"memo_collected": "4180.00", "memo_receivable": "-4180.00"}


async def test_the_bank_agrees_account_by_account(july: Ledger) -> None:
    banks = [
        {"account": "income_deposit", "balance": "0.00"},
        {"account": "fiscal_deposit", "balance": "5377.50"},
        {"account": "expenditure_deposit", "balance": "650.00"},
        {"account": "treasury_deposit", "balance": "0.00"},
    ]
    body = {"period": "2021-07", "banks": banks}
    found = (await july.post("/v1/reports/four-agreements", body, Role.SUPERVISOR)).json()
    assert [one["agrees"] for one in found["agreements"]] == [True] * 4
    off = {"period": "2021-07", "banks": [*banks[:2], banks[2] | {"balance": "649.99"}, banks[3]]}
    found = (await july.post("/v1/reports/four-agreements", off, Role.SUPERVISOR)).json()
    assert [one["agrees"] for one in found["agreements"]] == [False, True, True, True]


async def test_the_expenditure_account_is_adjusted_to_the_banks_statement(july: Ledger) -> None:
    """The bank paid 3,210.98 in two lines, returned 10.98 a day later, and has not paid up 150.00."""
    line = {"serial": "", "value_date": "2021-07-22", "amount": ""}
    statement = [
        line | {"serial": "P1", "value_date": "2021-07-21", "amount": "4000.00"},
        line | {"serial": "P2", "amount": "-3210.98"},
        line | {"serial": "P3", "value_date": "2021-07-26", "amount": "10.98"},
        line | {"serial": "P4", "value_date": "2021-07-31", "amount": "-0.50", "summary": "手续费"},
    ]
    body = {
        "account": "expenditure_deposit",
        "from_day": "2021-07-01",
        "as_of": "2021-07-31",
        "bank_balance": "799.50",
        "lines": statement,
    }
    answer = await july.post("/v1/reports/bank-adjustments", body, Role.FUND_ACCOUNTANT)
    table = answer.json()
    assert (table["book_balance"], table["adjusted_book_balance"]) == ("650.00", "649.50")
    assert (table["bank_balance"], table["adjusted_bank_balance"]) == ("799.50", "649.50")
    assert [one["amount"] for one in table["book_paid"]] == ["-150.00"]
    assert [one["amount"] for one in table["bank_paid"]] == ["-0.50"]
    assert table["agrees"] is True


# --- files that other programs open and add up -----------------------------------------------


async def tables(ledger: Ledger, path: str, **params: Any) -> list[list[list[Any]]]:
    """Read a report as rows of XLSX and of CSV, with numbers in fen."""
    book = await ledger.get(path, **params, format="xlsx")
    text = await ledger.get(path, **params, format="csv")
    opened = CalamineWorkbook.from_filelike(io.BytesIO(book.content))
    sheets = [opened.get_sheet_by_index(i).to_python() for i in range(len(opened.sheet_names))]
    rows = [row for sheet in sheets for row in sheet]
    lines = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    return [
        [[fen(cell) for cell in row] for row in of if any(cell not in ("", None) for cell in row)]
        for of in (rows, lines)
    ]


def fen(cell: Any) -> Any:
    if isinstance(cell, float):
        return round(cell * 100)
    shown = str(cell)
    is_amount = shown.count(".") == 1 and shown.lstrip("-").replace(".", "").isdigit()
    return int(shown.replace(".", "")) if is_amount else shown


def column(rows: list[list[Any]], title: str) -> tuple[dict[str, int], int]:
    """Return (code → amount, total) of a column."""
    head = next(i for i, row in enumerate(rows) if title in row)
    at = rows[head].index(title)
    body = [row for row in rows[head + 1 :] if len(row) > at and isinstance(row[at], int)]
    total = next(row[at] for row in body if "合计" in "".join(str(cell) for cell in row[:3]))
    return {str(row[0]): row[at] for row in body if str(row[0]).isdigit()}, total


async def test_the_file_of_the_general_ledger_adds_up(july: Ledger) -> None:
    for rows in await tables(july, "/v1/reports/general-ledger", **PENSION):
        for title in ("本期借方", "本期贷方"):
            by_code, total = column(rows, title)
            assert sum(amount for code, amount in by_code.items() if len(code) == 4) == total
            assert total == 1_756_696


async def test_the_file_of_the_detail_ledger_runs_from_opening_to_closing(july: Ledger) -> None:
    parameters = PENSION | {"account": "fiscal_deposit"}
    for rows in await tables(july, "/v1/reports/detail-ledger", **parameters):
        head = next(i for i, row in enumerate(rows) if "借方" in "".join(map(str, row)))
        titles = rows[head]
        debit, credit, balance = (
            next(i for i, title in enumerate(titles) if word in str(title))
            for word in ("借方", "贷方", "余额")
        )
        lines_ = [row for row in rows[head + 1 :] if "2021-07" in str(row[0])]
        moved = [(row[debit] or 0, row[credit] or 0) for row in lines_]
        moved_fen = sum(d for d, _ in moved if d != "") - sum(c for _, c in moved if c != "")
        assert 200_000 + moved_fen == 537_750
        assert lines_[-1][balance] == 537_750


async def test_the_file_of_the_trial_balance_has_two_equal_sides(july: Ledger) -> None:
    parameters = {"as_of": "2021-07-31", "book": "statutory"}
    for rows in await tables(july, "/v1/reports/trial-balance", **parameters):
        text = [str(cell) for row in rows for cell in row]
        assert text.count("937750") == 2, "both totals"
