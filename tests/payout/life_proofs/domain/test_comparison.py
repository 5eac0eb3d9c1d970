"""Files of other offices: CSV and JSON lines, each fault with its record."""

from datetime import date

import pytest

from services.payout.life_proofs.domain.comparison import (
    ComparisonFormat,
    ComparisonRecord,
    first_suspended,
    read_file,
)
from shared.cn.identity_number import with_check_digit
from shared.period import Period

TODAY = date(2021, 8, 10)
NUMBER = with_check_digit("12010119500307123")
CSV, JSONL = ComparisonFormat.CSV, ComparisonFormat.JSONL


def codes(content: str | bytes, file_format: ComparisonFormat = CSV) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    return [fault.code for fault in read_file(raw, file_format, TODAY)[1]]


def test_both_formats_say_the_same() -> None:
    table = f"\ufeffidentity_number,event_on,note\r\n{NUMBER},2021-07-01,火化\r\n"
    lines = f'{{"identity_number": "{NUMBER}", "event_on": "2021-07-01", "note": "火化"}}\n\n'
    expected = ComparisonRecord(identity_number=NUMBER, event_on=date(2021, 7, 1), note="火化")
    for content, file_format in ((table, CSV), (lines, JSONL)):
        assert read_file(content.encode(), file_format, TODAY) == ([expected], [])


@pytest.mark.parametrize("day", ["2021/7/1", "20210701", "2021年7月1日", "２０２１-07-01", "44378"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_list_is_read_as_offices_save_it(day: str, encoding: str) -> None:
    number = "12010119500307004X"
    table = f"公民身份号码,死亡日期,备注,\r\n'{number.lower()} ,{day},火化,\r\n,,,\r\n\r\n"
    found = read_file(table.encode(encoding), CSV, TODAY)
    record = ComparisonRecord(identity_number=number, event_on=date(2021, 7, 1), note="火化")
    assert found == ([record], [])


@pytest.mark.parametrize(
    ("content", "file_format", "found"),
    [
        ("identity_number,event_on\n", CSV, ["RECORDS_COUNT"]),
        (b"\xff\xfe", CSV, ["FILE_UNREADABLE"]),
        ("[1]\n", JSONL, ["FILE_UNREADABLE"]),
        ("{", JSONL, ["FILE_UNREADABLE"]),
        ('{"a":' + "[" * 20_000, JSONL, ["FILE_UNREADABLE"]),
        ('{"note": "\\ud800"}', JSONL, ["FILE_UNREADABLE"]),
        (f"identity_number,event_on\n{NUMBER},2021-08-11\n", CSV, ["DATE_WRONG"]),
        (f"identity_number,event_on\n{NUMBER},1/8/2021\n", CSV, ["DATE_WRONG"]),
        (f"identity_number,event_on\n{NUMBER},#N/A\n", CSV, ["DATE_WRONG"]),
        (f"identity_number,day\n{NUMBER},2021-08-01\n", CSV, ["MEMBER_UNKNOWN", "DATE_WRONG"]),
        (f"identity_number,event_on\n{NUMBER},2021-08-01,x\n", CSV, ["MEMBER_UNKNOWN"]),
        ("identity_number,event_on\n,2021-08-01\n", CSV, ["MEMBER_MISSING"]),
        ("identity_number,event_on\n1,2021-08-01\n", CSV, ["IDENTITY_NUMBER_SHAPE"]),
        ('{"identity_number": 1, "event_on": 2}', JSONL, ["MEMBER_MISSING", "DATE_WRONG"]),
    ],
)
def test_every_fault_is_named(
    content: str | bytes, file_format: ComparisonFormat, found: list[str]
) -> None:
    assert [code for code in codes(content, file_format) if code in found] == found


def test_a_suspension_begins_after_the_event_unless_somebody_says_otherwise() -> None:
    assert first_suspended(date(2021, 7, 1), None) == Period(2021, 8)
    assert first_suspended(date(2021, 7, 1), Period(2021, 10)) == Period(2021, 10)
