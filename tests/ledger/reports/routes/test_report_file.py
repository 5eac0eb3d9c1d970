"""Reports as CSV, XLSX and HTML files, and printed vouchers."""

import csv
import io
import zipfile
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.reversing import reverse
from tests.ledger.support.year import post


def fen(amount: str) -> int:
    return int(amount.replace(".", ""))


def cells(content: bytes) -> list[str]:
    """Read the cells of a workbook without the library that wrote it."""
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
            content = "" if value is None else str(value.text)
            found.append(
                texts[int(content)] if cell.get("t") == "s" else f"{Decimal(content or 0):.2f}#"
            )
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
async def test_files_show_the_same_figures_as_json(
    year: Ledger, kind: str, params: dict[str, Any], name: str, amount: str
) -> None:
    workbook = await year.get(f"/v1/reports/{kind}", **params, format="xlsx")
    assert workbook.status_code == 200, workbook.text
    assert "attachment" in workbook.headers["content-disposition"]
    found = cells(workbook.content)
    assert f"{amount}#" in found  # a number, not a text
    assert any(name in cell for cell in found)
    text = await year.get(f"/v1/reports/{kind}", **params, format="csv")
    rows = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert any(amount in row for row in rows)
    assert any(name in "".join(row) for row in rows)
    page = await year.get(f"/v1/reports/{kind}", **params, format="html")
    assert name in page.text
    assert f"{fen(amount) // 100:,}.{amount[-2:]}" in page.text


async def test_texts_from_users_do_not_become_formulas(year: Ledger) -> None:
    risky = '=HYPERLINK("http://x","y")'
    await post(year, receipt("3.00", summary=risky, book_date="2021-10-10"))
    parameters: dict[str, Any] = {
        "fund": "pension",
        "account": "income_deposit",
        "period": "2021-10",
    }
    text = await year.get("/v1/reports/detail-ledger", **parameters, format="csv")
    rows = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert any(f"'{risky}" in row for row in rows)
    workbook = await year.get("/v1/reports/detail-ledger", **parameters, format="xlsx")
    assert risky in cells(workbook.content)


async def test_a_voucher_is_printed_in_chinese_and_red_when_reversed(year: Ledger) -> None:
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
    posted = await post(year, body)
    printed = (await year.get(f"/v1/vouchers/{posted['id']}/print")).json()
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
    page = await year.get(f"/v1/vouchers/{posted['id']}/print", format="html")
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src" not in page.text
    assert "<script>" not in page.text
    assert "到账 &lt;b&gt;&amp;" in page.text
    red = (await reverse(year, posted["id"], book_date="2021-09-02")).json()["reversal"]
    printed = (await year.get(f"/v1/vouchers/{red}/print")).json()
    assert (printed["title"], printed["reverses"]) == ("记账凭证(红字冲销)", posted["id"])
    assert printed["pages"][0]["in_words"] == "负壹仟贰佰元零伍分"
    html = (await year.get(f"/v1/vouchers/{red}/print", format="html")).text
    assert '<td class="n red">-1,200.05</td>' in html
