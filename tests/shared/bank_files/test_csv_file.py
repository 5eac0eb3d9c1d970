"""CSV: both encodings, both kinds of headings, all faults of a file at once."""

from datetime import UTC, date, datetime
from io import BytesIO

import pytest

from shared.bank_files.csv_file import CsvFormat
from shared.bank_files.protocol import BankFileInvalid
from shared.bank_files.values import (
    BankAccount,
    BankOrder,
    BankOutcome,
    BankResult,
    OrderFile,
    OrderKind,
)

CSV = CsvFormat()
RESULTS = """文件号,行号,结果,银行流水号,金额,入账日期,原因码,原因
D1,1,成功,S1,100.50,2021-07-28,,
D1,2,失败,S2,7.00,20210728,RJ03,余额不足
"""
STATEMENT = """account,booked_on,amount,serial,reference,counter_name,opening,closing
income,2021-07-28,"1,000.50",S1,bil_1,市一机械厂,0.00,
income,2021-07-29,-0.50,S2,,,,1000.00
fiscal,2021-07-29,1.00,S3,,,,
"""


def codes(content: str) -> list[tuple[str, str]]:
    with pytest.raises(BankFileInvalid) as caught:
        CSV.parse_acknowledgement(BytesIO(content.encode()), OrderKind.DEBIT)
    return [(one.pointer, one.code) for one in caught.value.faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_results_are_read_in_either_encoding(encoding: str) -> None:
    found = CSV.parse_acknowledgement(BytesIO(RESULTS.encode(encoding)), OrderKind.DEBIT)
    day = date(2021, 7, 28)
    assert found.results == (
        BankResult(
            file_no="D1",
            line_no=1,
            outcome=BankOutcome.SETTLED,
            serial="S1",
            amount_fen=10_050,
            value_date=day,
        ),
        BankResult(
            file_no="D1",
            line_no=2,
            outcome=BankOutcome.REFUSED,
            serial="S2",
            amount_fen=700,
            value_date=day,
            reason_code="RJ03",
            reason="余额不足",
        ),
    )


def test_every_fault_of_a_file_is_listed() -> None:
    content = "file_no,line,outcome,serial,amount\nD1,x,settled,S1,1.00\nD1,2,?,S 2,1.005\n"
    assert set(codes(content)) == {
        ("line/1/line", "LINE_INVALID"),
        ("line/1/outcome", "OUTCOME_UNKNOWN"),
        ("line/2/outcome", "OUTCOME_UNKNOWN"),
        ("line/2/serial", "SERIAL_INVALID"),
        ("line/2/amount", "AMOUNT_BELOW_FEN"),
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "COLUMN_MISSING"),
        ("file_no,line,outcome,serial,amount\n", "FILE_EMPTY"),
        ("file_no,line,outcome,serial,amount\nD1,1\n", "COLUMNS_DIFFER"),
        ("file_no,line,outcome,serial,amount,行号\n", "COLUMN_TWICE"),
        ('file_no,line,outcome,serial,amount\n"D1,1', "CSV_INVALID"),
    ],
)
def test_a_file_of_another_form_is_refused(content: str, code: str) -> None:
    assert [one[1] for one in codes(content)] == [code]


def test_a_bank_may_refuse_a_file_whole() -> None:
    content = "file_no,line,outcome,serial,amount,reason_code\nD1,0,refused,,,RJ90\n"
    found = CSV.parse_acknowledgement(BytesIO(content.encode()), OrderKind.DEBIT)
    assert found.results == ()
    assert [(one.file_no, one.reason_code) for one in found.refused_files] == [("D1", "RJ90")]


def test_statements_are_parted_by_account() -> None:
    first, second = CSV.parse_statement(BytesIO(STATEMENT.encode()))
    assert (first.account, first.opening_fen, first.closing_fen) == ("income", 0, 100_000)
    assert [one.amount_fen for one in first.entries] == [100_050, -50]
    assert (first.first_day, first.last_day) == (date(2021, 7, 28), date(2021, 7, 29))
    assert (second.account, second.opening_fen, second.total_fen) == ("fiscal", None, 100)


def test_a_statement_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(BankFileInvalid) as caught:
        CSV.parse_statement(BytesIO(STATEMENT.replace("1000.00", "999.00").encode()))
    assert [one.code for one in caught.value.faults] == ["BALANCE_DIFFERS"]


def test_orders_are_written_with_their_headings() -> None:
    order = BankOrder(
        line_no=1, account=BankAccount("6222", "市一,机械厂", "icbc"), amount_fen=10_050
    )
    file = OrderFile(
        kind=OrderKind.DEBIT,
        number="D1",
        created_at=datetime(2021, 7, 28, tzinfo=UTC),
        due_on=date(2021, 7, 28),
        own=BankAccount("1", "社保中心"),
        own_id="1",
        orders=(order,),
    )
    lines = CSV.build_batch(file).decode("utf-8-sig").splitlines()
    assert lines[1] == 'D1,1,debit,2021-07-28,6222,"市一,机械厂",icbc,,100.50,,'


@pytest.mark.parametrize("day", ["2021/7/28", "2021-7-28", "2021年7月28日", "2021.07.28"])
def test_a_day_is_read_as_spreadsheets_save_it(day: str) -> None:
    saved = RESULTS.replace("2021-07-28", day).replace("银行流水号", "流水号")
    found = CSV.parse_acknowledgement(BytesIO(saved.encode("gb18030")), OrderKind.DEBIT)
    assert found == CSV.parse_acknowledgement(BytesIO(RESULTS.encode()), OrderKind.DEBIT)


def test_a_day_or_an_amount_with_two_readings_is_refused() -> None:
    assert codes(RESULTS.replace("2021-07-28", "7/8/2021")) == [
        ("line/1/value_date", "DAY_INVALID")
    ]
    assert codes(RESULTS.replace("100.50", '"1,00"')) == [("line/1/amount", "AMOUNT_INVALID")]
