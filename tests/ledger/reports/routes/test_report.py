"""The statutory books of a small year, added up by hand; every figure followed to its entries."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import asyncpg
import pytest

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh, pair, receipt
from tests.ledger.support.year import close, collect, follow, new_ledger, play, post

PERIODS = ("2020", "2020-11", "2020-12", "2021-01", "2021-07", "2021-08", "2021-12", "2021")


@pytest.fixture(scope="module")
async def ledger(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """The year as it was booked, nothing closed."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as running:
        await play(running)
        yield running


@pytest.fixture(scope="module")
async def closed(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """The same year, both years closed."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as running:
        await play(running)
        await close(running, "month", "2020-12")
        await close(running, "year", "2020")
        for month in range(1, 13):
            await close(running, "month", f"2021-{month:02d}")
        await close(running, "year", "2021")
        yield running


def fen(amount: str) -> int:
    return int(amount.replace(".", ""))


async def report(ledger: Ledger, kind: str, **params: Any) -> dict[str, Any]:
    answer = await ledger.get(f"/v1/reports/{kind}", **params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def lines_of(section: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        tuple(
            str(value)
            for name, value in line.items()
            if name in {"code", "name", "opening", "closing", "amount", "year_to_date"}
        )
        for line in section["lines"]
    ]


async def sums_behind(ledger: Ledger, links: list[str]) -> tuple[int, int]:
    """Debits and credits of the entries that some links list, page by page."""
    debit = credit = 0
    for link in links:
        cursor = ""
        while True:
            answer = await follow(ledger, f"{link}&limit=3{cursor}")
            assert answer.status_code == 200, answer.text
            for item in answer.json()["items"]:
                debit += fen(item["amount"]) if item["side"] == "debit" else 0
                credit += fen(item["amount"]) if item["side"] == "credit" else 0
            if not answer.json()["has_more"]:
                break
            cursor = f"&cursor={answer.json()['next_cursor']}"
    return debit, credit


async def test_the_balance_sheet_of_july_by_hand(ledger: Ledger) -> None:
    sheet = await report(ledger, "balance-sheet", fund="pension", period="2021-07")
    assert lines_of(sheet["assets"]) == [
        ("1002", "收入户存款", "0.00", "0.00"),
        ("1003", "财政专户存款", "500.00", "32000.50"),
        ("1004", "支出户存款", "0.00", "7654.33"),
    ]
    assert sheet["liabilities"]["lines"] == []
    assert lines_of(sheet["net_assets"]) == [("", "本年收支结余(未结转)", "500.00", "39654.83")]
    assert (sheet["assets"]["closing"], sheet["net_assets"]["closing"]) == ("39654.83",) * 2
    assert sheet["balanced"] is True


async def test_the_income_statement_of_july_by_hand(ledger: Ledger) -> None:
    statement = await report(ledger, "income-statement", fund="pension", period="2021-07")
    assert lines_of(statement["income"]) == [
        ("4001", "社会保险费收入", "1500.50", "1500.50"),
        ("400101", "社会保险费收入—统筹", "1200.00", "1200.00"),
        ("400102", "社会保险费收入—个人账户", "300.50", "300.50"),
        ("4101", "财政补贴收入", "50000.00", "50000.00"),
    ]
    assert lines_of(statement["expense"]) == [
        ("5001", "社会保险待遇支出", "12345.67", "12345.67"),
        ("500101", "社会保险待遇支出—基本养老金", "12345.67", "12345.67"),
    ]
    assert statement["of_period"] == {
        "opening": "500.00",
        "surplus": "39154.83",
        "direct": "0.00",
        "closing": "39654.83",
        "difference": "0.00",
    }
    august = await report(ledger, "income-statement", fund="pension", period="2021-08")
    assert (august["expense"]["amount"], august["expense"]["year_to_date"]) == (
        "-45.67",
        "12300.00",
    )
    assert august["of_period"]["opening"] == "39654.83"
    assert august["of_year"]["opening"] == "500.00"


async def test_the_year_end_by_hand(closed: Ledger) -> None:
    sheet = await report(closed, "balance-sheet", fund="pension", period="2021")
    assert lines_of(sheet["assets"]) == [
        ("1002", "收入户存款", "0.00", "0.00"),
        ("1003", "财政专户存款", "500.00", "32100.00"),
        ("1004", "支出户存款", "0.00", "7700.00"),
    ]
    assert lines_of(sheet["liabilities"]) == [("2001", "暂收款", "0.00", "0.00")]
    assert lines_of(sheet["net_assets"]) == [("3001", "一般基金结余", "500.00", "39800.00")]
    statement = await report(closed, "income-statement", fund="pension", period="2021")
    assert (statement["income"]["amount"], statement["expense"]["amount"]) == (
        "51600.00",
        "12300.00",
    )
    assert (
        statement["of_period"]
        == statement["of_year"]
        == {
            "opening": "500.00",
            "surplus": "39300.00",
            "direct": "0.00",
            "closing": "39800.00",
            "difference": "0.00",
        }
    )


@pytest.mark.parametrize("which", ["ledger", "closed"])
@pytest.mark.parametrize("fund", ["pension", "medical"])
async def test_everything_foots_and_crossfoots(
    which: str, fund: str, request: pytest.FixtureRequest
) -> None:
    books: Ledger = request.getfixturevalue(which)
    for period in PERIODS:
        general = await report(books, "general-ledger", fund=fund, period=period)
        sheet = await report(books, "balance-sheet", fund=fund, period=period)
        statement = await report(books, "income-statement", fund=fund, period=period)
        assert sheet["balanced"] is statement["foots"] is True, period
        assert general["difference"] == "0.00"
        rows = {row["account"]: row for row in general["rows"]}
        for row in rows.values():
            sign = 1 if row["normal_side"] == "debit" else -1
            moved = sign * (fen(row["debit"]) - fen(row["credit"]))
            assert fen(row["opening"]) + moved == fen(row["closing"]), row
            parts = [one for one in rows.values() if one["parent"] == row["account"]]
            for name in ("opening", "debit", "credit", "year_debit", "year_credit", "closing"):
                assert not parts or fen(row[name]) == sum(fen(one[name]) for one in parts), row
        for section in (sheet["assets"], sheet["liabilities"], sheet["net_assets"]):
            top = [line for line in section["lines"] if line["level"] == 1]
            for name in ("opening", "closing"):
                assert fen(section[name]) == sum(fen(line[name]) for line in top)
            for line in top:
                if line["account"] in rows:
                    assert line["closing"] == rows[line["account"]]["closing"], period
        for section in (statement["income"], statement["expense"]):
            top = [line for line in section["lines"] if line["level"] == 1]
            for name in ("amount", "year_to_date"):
                assert fen(section[name]) == sum(fen(line[name]) for line in top)
        assert statement["of_period"]["closing"] == sheet["net_assets"]["closing"]
        assert statement["of_year"]["opening"] == sheet["net_assets"]["opening"]


@pytest.mark.parametrize("which", ["ledger", "closed"])
async def test_every_line_is_recomputed_from_the_entries_it_links_to(
    which: str, request: pytest.FixtureRequest
) -> None:
    books: Ledger = request.getfixturevalue(which)
    checked = 0
    for period in ("2021-07", "2021-12", "2021"):
        general = await report(books, "general-ledger", fund="pension", period=period)
        for row in general["rows"]:
            assert await sums_behind(books, row["entries"]) == (
                fen(row["debit"]),
                fen(row["credit"]),
            )
            checked += 1
        sheet = await report(books, "balance-sheet", fund="pension", period=period)
        for section, sign in (
            (sheet["assets"], 1),
            (sheet["liabilities"], -1),
            (sheet["net_assets"], -1),
        ):
            for line in section["lines"]:
                debit, credit = await sums_behind(books, line["entries"])
                assert sign * (debit - credit) == fen(line["closing"]), line
                checked += 1
        statement = await report(books, "income-statement", fund="pension", period=period)
        for section, sign in ((statement["income"], -1), (statement["expense"], 1)):
            for line in section["lines"]:
                debit, credit = await sums_behind(books, line["entries"])
                assert sign * (debit - credit) == fen(line["amount"]), line
                checked += 1
    assert checked > 30


async def test_the_detail_ledger_runs_from_opening_to_closing_over_pages(ledger: Ledger) -> None:
    asked: dict[str, Any] = {"fund": "pension", "account": "fiscal_deposit", "period": "2021"}
    whole = await report(ledger, "detail-ledger", **asked)
    assert (whole["opening"], whole["closing"]) == ("500.00", "32100.00")
    assert [(i["book_date"], i["debit"], i["credit"], i["balance"]) for i in whole["items"]] == [
        ("2021-07-20", "50000.00", "0.00", "50500.00"),
        ("2021-07-21", "0.00", "20000.00", "30500.00"),
        ("2021-07-28", "1500.50", "0.00", "32000.50"),
        ("2021-08-28", "99.50", "0.00", "32100.00"),
    ]
    for account in ("fiscal_deposit", "income_deposit", "contribution_income.pooled"):
        asked = {"fund": "pension", "account": account, "period": "2021"}
        whole = await report(ledger, "detail-ledger", **asked)
        items, cursor, balance = [], None, whole["opening"]
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            page = await report(ledger, "detail-ledger", limit=1, **asked, **more)
            assert page["opening"] == balance  # a page begins where the last one ended
            items += page["items"]
            balance, cursor = page["closing"], page["next_cursor"]
            if cursor is None:
                break
        assert items == whole["items"]
        assert balance == whole["closing"]
    bad = await ledger.get("/v1/reports/detail-ledger", **asked, cursor="AAAA")
    assert (bad.status_code, bad.json()["code"]) == (422, "CURSOR_INVALID")


async def test_a_district_sees_its_own_detail_and_not_the_citys_statements(ledger: Ledger) -> None:
    asked: dict[str, Any] = {
        "fund": "pension",
        "account": "contribution_income.pooled",
        "period": "2021",
    }
    answer = await ledger.get("/v1/reports/detail-ledger", Role.DISTRICT_CLERK, "nankai", **asked)
    assert (answer.status_code, answer.json()["items"]) == (200, [])
    for path in ("balance-sheet?fund=pension&period=2021", "trial-balance"):
        refused = await follow(ledger, f"/v1/reports/{path}", Role.DISTRICT_CLERK, "nankai")
        assert refused.status_code == 403


async def test_what_was_known_then_is_known_for_ever(ledger: Ledger) -> None:
    """Later postings, backdated ones above all, do not change an answer as of then."""
    heads = (await ledger.get("/v1/chain")).json()["items"]
    then = ",".join(f"{one['slot']}:{one['seq']}" for one in heads)
    asked: dict[str, dict[str, Any]] = {
        "/v1/funds/balances": {"as_of": "2021-07-31"},
        "/v1/trial-balance": {"as_of": "2021-07-31"},
        "/v1/reports/balance-sheet": {"fund": "pension", "period": "2021-07"},
        "/v1/reports/income-statement": {"fund": "pension", "period": "2021"},
        "/v1/reports/general-ledger": {"fund": "pension", "period": "2021-07"},
    }
    before = {path: (await ledger.get(path, **params)).json() for path, params in asked.items()}
    late = await collect(ledger, "pension", "77.77", "2021-07-17", "binhai")
    for path, params in asked.items():
        assert (await ledger.get(path, **params)).json() != before[path]
        known = (await ledger.get(path, **params, known_at=then)).json()
        assert known == before[path], path
    back = {"event_id": fresh("reversal"), "book_date": "2021-07-17", "summary": "s"}
    await ledger.post(f"/v1/vouchers/{late['id']}/reversals", back, Role.FUND_ACCOUNTANT)
    nothing = ",".join(f"{one['slot']}:0" for one in heads)
    empty = (await ledger.get("/v1/trial-balance", known_at=nothing)).json()
    assert empty["funds"] == []


@pytest.mark.parametrize(
    ("known_at", "status"),
    [
        ("x", 422),
        ("0:1", 422),
        ("0:1,0:1", 422),
        ("0:1,1:1,2:1,3:1,4:1", 422),
        ("0:-1,1:1,2:1,3:1", 422),
        ("cls_000000000000000000000000000000000000000000000000", 404),
        ("cls_x", 404),
    ],
)
async def test_places_that_are_none(ledger: Ledger, known_at: str, status: int) -> None:
    answer = await ledger.get("/v1/trial-balance", known_at=known_at)
    assert answer.status_code == status, answer.text


async def test_an_anchored_day_is_a_place_to_look_back_from(ledger: Ledger) -> None:
    connection = await asyncpg.connect(ledger.url, server_settings={"search_path": "ledger"})
    await connection.execute(
        "INSERT INTO chain_anchor (slot, day, seq, hash)"
        " SELECT slot, '2030-01-01', seq, hash FROM slot_head"
    )
    await connection.close()
    before = (await ledger.get("/v1/trial-balance", as_of="2021-12-31")).json()
    await post(ledger, receipt("5.00", book_date="2021-11-19"))
    asked = {"as_of": "2021-12-31", "known_at": "2030-01-01"}
    assert (await follow(ledger, f"/v1/trial-balance?{urlencode(asked)}")).json() == before
    for day, status in (("2030-01-02", 404), ("2030-02-30", 422)):
        assert (await ledger.get("/v1/trial-balance", known_at=day)).status_code == status


async def test_a_closing_is_an_anchor_to_look_back_from(closed: Ledger) -> None:
    closings = (await closed.get("/v1/closings", level="month", limit=500)).json()["items"]
    july = next(one for one in closings if one["period"] == "2021-07")
    sheet = await report(
        closed, "balance-sheet", fund="pension", period="2021", known_at=july["id"]
    )
    assert sheet["balanced"] is True
    # The carry-over of 2020 was known then, that of 2021 was not.
    assert [line["name"] for line in sheet["net_assets"]["lines"]] == [
        "一般基金结余",
        "本年收支结余(未结转)",
    ]
    statement = await report(
        closed, "income-statement", fund="pension", period="2021", known_at=july["id"]
    )
    assert (statement["foots"], statement["of_year"]["surplus"]) == (True, "39300.00")


async def test_a_voucher_is_printed_in_chinese_and_red_when_reversed(ledger: Ledger) -> None:
    entries = [
        *pair("pension", "income_deposit", "contribution_income.pooled", "1200.05"),
        *pair("medical", "income_deposit", "contribution_income.pooled", "30.00"),
    ]
    body = receipt(
        entries=entries,
        book_date="2021-09-01",
        references={"paper": "<script>=1+1"},
        summary="到账 <b>&",
    )
    posted = await post(ledger, body)
    printed = (await ledger.get(f"/v1/vouchers/{posted['id']}/print")).json()
    assert printed["title"] == "记账凭证"
    assert [page["fund_name"] for page in printed["pages"]] == [
        "企业职工基本养老保险基金",
        "职工基本医疗保险基金",
    ]
    first = printed["pages"][0]
    assert [
        (line["code"], line["name"], line["debit"], line["credit"]) for line in first["lines"]
    ] == [
        ("1002", "收入户存款", "1200.05", None),
        ("400101", "社会保险费收入—统筹", None, "1200.05"),
    ]
    assert first["in_words"] == "壹仟贰佰元零伍分"
    page = await ledger.get(f"/v1/vouchers/{posted['id']}/print", format="html")
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src" not in page.text
    assert "<script>" not in page.text
    assert "到账 &lt;b&gt;&amp;" in page.text
    back = {"event_id": fresh("reversal"), "book_date": "2021-09-02", "summary": "冲"}
    red = await ledger.post(f"/v1/vouchers/{posted['id']}/reversals", back, Role.FUND_ACCOUNTANT)
    printed = (await ledger.get(f"/v1/vouchers/{red.json()['id']}/print")).json()
    assert (printed["title"], printed["reverses"]) == ("记账凭证(红字冲销)", posted["id"])
    assert printed["pages"][0]["in_words"] == "负壹仟贰佰元零伍分"
    html = (await ledger.get(f"/v1/vouchers/{red.json()['id']}/print", format="html")).text
    assert '<td class="n red">-1,200.05</td>' in html


def cells(content: bytes) -> list[str]:
    """What stands in a workbook's tabs, read without the library that wrote it."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        texts = [
            "".join(one.itertext())
            for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml")).findall(
                "m:si", space
            )
        ]
        tabs = [
            ElementTree.fromstring(book.read(name))
            for name in sorted(book.namelist())
            if name.startswith("xl/worksheets/sheet")
        ]
    found = []
    for tab in tabs:
        assert tab.find(".//m:f", space) is None, "a formula"
        for cell in tab.findall(".//m:c", space):
            value = cell.find("m:v", space)
            said = "" if value is None else str(value.text)
            found.append(texts[int(said)] if cell.get("t") == "s" else f"{Decimal(said or 0):.2f}#")
    return found


REPORTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("balance-sheet", {"fund": "pension", "period": "2021-07"}, "财政专户存款", "32000.50"),
    ("income-statement", {"fund": "pension", "period": "2021-07"}, "财政补贴收入", "39154.83"),
    ("general-ledger", {"fund": "pension", "period": "2021-07"}, "财政专户存款", "32000.50"),
    (
        "detail-ledger",
        {"fund": "pension", "account": "fiscal_deposit", "period": "2021-07"},
        "收入户划转财政专户",
        "32000.50",
    ),
    ("trial-balance", {"as_of": "2021-07-31", "book": "statutory"}, "财政专户存款", "32000.50"),
]


@pytest.mark.parametrize(("kind", "params", "name", "amount"), REPORTS)
async def test_files_say_what_the_json_says(
    ledger: Ledger, kind: str, params: dict[str, Any], name: str, amount: str
) -> None:
    workbook = await ledger.get(f"/v1/reports/{kind}", **params, format="xlsx")
    assert workbook.status_code == 200, workbook.text
    assert "attachment" in workbook.headers["content-disposition"]
    found = cells(workbook.content)
    assert f"{amount}#" in found  # a number, not a text
    assert any(name in cell for cell in found)
    text = await ledger.get(f"/v1/reports/{kind}", **params, format="csv")
    rows = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert any(amount in row for row in rows)
    assert any(name in "".join(row) for row in rows)
    page = await ledger.get(f"/v1/reports/{kind}", **params, format="html")
    assert name in page.text
    assert f"{fen(amount) // 100:,}.{amount[-2:]}" in page.text


async def test_texts_from_outside_are_no_formulas(ledger: Ledger) -> None:
    risky = '=HYPERLINK("http://x","y")'
    await post(ledger, receipt("3.00", summary=risky, book_date="2021-10-10"))
    asked: dict[str, Any] = {"fund": "pension", "account": "income_deposit", "period": "2021-10"}
    text = await ledger.get("/v1/reports/detail-ledger", **asked, format="csv")
    rows = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert any(f"'{risky}" in row for row in rows)
    workbook = await ledger.get("/v1/reports/detail-ledger", **asked, format="xlsx")
    assert risky in cells(workbook.content)


@pytest.mark.parametrize("period", ["2021-7", "1985", "20210", "2021-13", "", "2021-07-01"])
async def test_what_is_no_period(ledger: Ledger, period: str) -> None:
    answer = await ledger.get("/v1/reports/balance-sheet", fund="pension", period=period)
    assert answer.status_code == 422


async def test_unknown_funds_and_accounts_are_404(ledger: Ledger) -> None:
    for path in (
        "balance-sheet?fund=no_such&period=2021",
        "general-ledger?fund=no_such&period=2021",
        "detail-ledger?fund=pension&period=2021&account=no_such",
    ):
        assert (await follow(ledger, f"/v1/reports/{path}")).status_code == 404
