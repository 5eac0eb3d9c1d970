"""The statutory reports of a small year, added up by hand, and traced to their entries."""

from typing import Any

import pytest

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.year import follow

PERIODS = ("2020", "2020-11", "2020-12", "2021-01", "2021-07", "2021-08", "2021-12", "2021")


def fen(amount: str) -> int:
    return int(amount.replace(".", ""))


async def report(year: Ledger, kind: str, **params: Any) -> dict[str, Any]:
    answer = await year.get(f"/v1/reports/{kind}", **params)
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


async def sums_behind(year: Ledger, links: list[str]) -> tuple[int, int]:
    """Sum debits and credits of the entries behind some links, page by page."""
    debit = credit = 0
    for link in links:
        cursor = ""
        while True:
            answer = await follow(year, f"{link}&limit=3{cursor}")
            assert answer.status_code == 200, answer.text
            for item in answer.json()["items"]:
                debit += fen(item["amount"]) if item["side"] == "debit" else 0
                credit += fen(item["amount"]) if item["side"] == "credit" else 0
            if not answer.json()["has_more"]:
                break
            cursor = f"&cursor={answer.json()['next_cursor']}"
    return debit, credit


async def test_the_balance_sheet_of_july_by_hand(year: Ledger) -> None:
    sheet = await report(year, "balance-sheet", fund="pension", period="2021-07")
    assert lines_of(sheet["assets"]) == [
        ("1002", "收入户存款", "0.00", "0.00"),
        ("1003", "财政专户存款", "500.00", "32000.50"),
        ("1004", "支出户存款", "0.00", "7654.33"),
    ]
    assert sheet["liabilities"]["lines"] == []
    assert lines_of(sheet["net_assets"]) == [("", "本年收支结余(未结转)", "500.00", "39654.83")]
    assert (sheet["assets"]["closing"], sheet["net_assets"]["closing"]) == ("39654.83",) * 2
    assert sheet["balanced"] is True


async def test_the_income_statement_of_july_by_hand(year: Ledger) -> None:
    statement = await report(year, "income-statement", fund="pension", period="2021-07")
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
    august = await report(year, "income-statement", fund="pension", period="2021-08")
    assert (august["expense"]["amount"], august["expense"]["year_to_date"]) == (
        "-45.67",
        "12300.00",
    )
    assert august["of_period"]["opening"] == "39654.83"
    assert august["of_year"]["opening"] == "500.00"


async def test_the_year_end_by_hand(closed_year: Ledger) -> None:
    sheet = await report(closed_year, "balance-sheet", fund="pension", period="2021")
    assert lines_of(sheet["assets"]) == [
        ("1002", "收入户存款", "0.00", "0.00"),
        ("1003", "财政专户存款", "500.00", "32100.00"),
        ("1004", "支出户存款", "0.00", "7700.00"),
    ]
    assert lines_of(sheet["liabilities"]) == [("2001", "暂收款", "0.00", "0.00")]
    assert lines_of(sheet["net_assets"]) == [("3001", "一般基金结余", "500.00", "39800.00")]
    statement = await report(closed_year, "income-statement", fund="pension", period="2021")
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


@pytest.mark.parametrize("which", ["year", "closed_year"])
@pytest.mark.parametrize("fund", ["pension", "medical"])
async def test_totals_foot_and_cross_foot(
    which: str, fund: str, year: Ledger, closed_year: Ledger
) -> None:
    books = {"year": year, "closed_year": closed_year}[which]
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


@pytest.mark.parametrize("which", ["year", "closed_year"])
async def test_every_line_equals_the_entries_it_links_to(
    which: str, year: Ledger, closed_year: Ledger
) -> None:
    books = {"year": year, "closed_year": closed_year}[which]
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


async def test_the_detail_ledger_runs_from_opening_to_closing_across_pages(year: Ledger) -> None:
    parameters: dict[str, Any] = {"fund": "pension", "account": "fiscal_deposit", "period": "2021"}
    whole = await report(year, "detail-ledger", **parameters)
    assert (whole["opening"], whole["closing"]) == ("500.00", "32100.00")
    assert [(i["book_date"], i["debit"], i["credit"], i["balance"]) for i in whole["items"]] == [
        ("2021-07-20", "50000.00", "0.00", "50500.00"),
        ("2021-07-21", "0.00", "20000.00", "30500.00"),
        ("2021-07-28", "1500.50", "0.00", "32000.50"),
        ("2021-08-28", "99.50", "0.00", "32100.00"),
    ]
    for account in ("fiscal_deposit", "income_deposit", "contribution_income.pooled"):
        parameters = {"fund": "pension", "account": account, "period": "2021"}
        whole = await report(year, "detail-ledger", **parameters)
        items, cursor, balance = [], None, whole["opening"]
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            page = await report(year, "detail-ledger", limit=1, **parameters, **more)
            assert page["opening"] == balance  # a page begins where the last one ended
            items += page["items"]
            balance, cursor = page["closing"], page["next_cursor"]
            if cursor is None:
                break
        assert items == whole["items"]
        assert balance == whole["closing"]
    bad = await year.get("/v1/reports/detail-ledger", **parameters, cursor="AAAA")
    assert (bad.status_code, bad.json()["code"]) == (422, "CURSOR_INVALID")


async def test_a_district_sees_its_own_detail_and_not_the_citys_statements(year: Ledger) -> None:
    parameters: dict[str, Any] = {
        "fund": "pension",
        "account": "contribution_income.pooled",
        "period": "2021",
    }
    answer = await year.get(
        "/v1/reports/detail-ledger", Role.DISTRICT_CLERK, "nankai", **parameters
    )
    assert (answer.status_code, answer.json()["items"]) == (200, [])
    for path in ("balance-sheet?fund=pension&period=2021", "trial-balance"):
        refused = await follow(year, f"/v1/reports/{path}", Role.DISTRICT_CLERK, "nankai")
        assert refused.status_code == 403


@pytest.mark.parametrize("period", ["2021-7", "1985", "20210", "2021-13", "", "2021-07-01"])
async def test_a_malformed_period_is_refused(year: Ledger, period: str) -> None:
    answer = await year.get("/v1/reports/balance-sheet", fund="pension", period=period)
    assert answer.status_code == 422


async def test_what_nobody_knows_is_refused_and_is_not_zero(year: Ledger) -> None:
    for path, code in (
        ("balance-sheet?fund=no_such&period=2021", "FUND_UNKNOWN"),
        ("general-ledger?fund=no_such&period=2021", "FUND_UNKNOWN"),
        ("general-ledger?fund=pension&period=2021&district=atlantis", "DISTRICT_UNKNOWN"),
        ("detail-ledger?fund=pension&period=2021&account=no_such", "ACCOUNT_UNKNOWN"),
        ("general-ledger?fund=pension&period=2021&distrct=heping", "PARAMETER_UNKNOWN"),
        ("general-ledger?fund=pension&fund=medical&period=2021", "PARAMETER_REPEATED"),
    ):
        answer = await follow(year, f"/v1/reports/{path}")
        assert answer.status_code == 422
        assert [fault["code"] for fault in answer.json()["errors"]] == [code]
