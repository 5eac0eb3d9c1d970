"""Every format: orders go out whole, results and statements come in as they were meant."""

from datetime import UTC, date, datetime
from io import BytesIO

import orjson
import pytest
from lxml import etree

from shared.bank_files.formats import BankFormatUnknown, bank_format, format_names
from shared.bank_files.protocol import BankFileInvalid
from shared.bank_files.values import (
    BankAccount,
    BankOrder,
    BankOutcome,
    OrderFile,
    OrderKind,
    order_id,
    order_of,
)

PAYER = BankAccount("6222 0000-1111", "北京市<一>机械厂&分厂", "中国工商银行", "102100000030")
OWN = BankAccount("1100", "北京市社会保险基金收入户", "中国农业银行", "103100000026")
GBK = bank_format("gbk_xml:icbc")
NUMBER = "D20210728-0a1b2c3d4e5f"


def orders(kind: OrderKind, *, name: str = PAYER.name) -> OrderFile:
    lines = tuple(
        BankOrder(
            line_no=number,
            account=BankAccount(PAYER.number, name, PAYER.bank, PAYER.bank_code),
            amount_fen=fen,
            purpose="社会保险费 2021-07",
            mandate="dba-000123",
            signed_on=date(2021, 1, 5),
        )
        for number, fen in enumerate((10_050, 1), 1)
    )
    return OrderFile(
        kind=kind,
        number=NUMBER,
        created_at=datetime(2021, 7, 27, 16, 30, tzinfo=UTC),
        due_on=date(2021, 7, 28),
        own=OWN,
        own_id="12110000400777123X",
        orders=lines,
    )


def tree_texts(content: bytes, name: str) -> list[str]:
    return [one.text for one in etree.fromstring(content).iter(f"{{*}}{name}")]


def test_an_order_is_named_by_its_file_and_line() -> None:
    assert order_of(order_id(NUMBER, 12)) == (NUMBER, 12)
    for other in ("", "NOTPROVIDED", "x-", "-1", "x-١", "x-123456789"):
        assert order_of(other) is None


@pytest.mark.parametrize("kind", OrderKind)
def test_iso_orders_pass_their_schema_and_tell_all(kind: OrderKind) -> None:
    content = bank_format("iso20022").build_batch(orders(kind))
    assert tree_texts(content, "EndToEndId") == [f"{NUMBER}-1", f"{NUMBER}-2"]
    assert tree_texts(content, "InstdAmt") == ["100.50", "0.01"]
    assert tree_texts(content, "CtrlSum") == ["100.51", "100.51"]
    assert PAYER.name in tree_texts(content, "Nm")
    assert tree_texts(content, "MndtId") == (["dba-000123"] * 2 if kind is OrderKind.DEBIT else [])


def test_an_account_number_is_never_cut() -> None:
    file = orders(OrderKind.DEBIT)
    long = BankAccount("6" * 35, "x")
    order = BankOrder(line_no=1, account=long, amount_fen=1)
    bad = OrderFile(
        kind=file.kind,
        number=file.number,
        created_at=file.created_at,
        due_on=file.due_on,
        own=OWN,
        own_id="1",
        orders=(order,),
    )
    with pytest.raises(AssertionError):
        bank_format("iso20022").build_batch(bad)


def test_gbk_orders_carry_control_totals_in_fen() -> None:
    content = GBK.build_batch(orders(OrderKind.DEBIT, name="㐂人人𠮷店"))
    assert content.startswith(b'<?xml version="1.0" encoding="GBK"?>')
    assert tree_texts(content, "TotalNum") + tree_texts(content, "TotalAmt") == ["2", "10051"]
    assert tree_texts(content, "Amt") == ["10050", "1"]
    assert tree_texts(content, "AccName")[1:] == ["㐂人人𠮷店"] * 2
    assert tree_texts(content, "DueDate") == ["20210728"]


def test_json_orders_carry_control_totals() -> None:
    body = orjson.loads(bank_format("json").build_batch(orders(OrderKind.PAYMENT)))
    assert body["control"] == {"lines": 2, "total": "100.51"}
    assert [one["amount"] for one in body["lines"]] == ["100.50", "0.01"]


GBK_RESULTS = f"""<?xml version="1.0" encoding="GBK"?>
<CMS><eb><pub><TransCode>QPERDIS</TransCode><fSeqno>B77</fSeqno></pub><out>
<OrifSeqno>{NUMBER}</OrifSeqno><RetCode>0</RetCode>
<rd><iSeqno>1</iSeqno><Result>7</Result><SerialNo>S1</SerialNo><Amt>10050</Amt>
<BankDate>20210728</BankDate></rd>
<rd><iSeqno>2</iSeqno><Result>8</Result><SerialNo>S2</SerialNo><Amt>1</Amt>
<RetCode>RJ03</RetCode><RetMsg>余额不足</RetMsg></rd></out></eb></CMS>"""

JSON_RESULTS = orjson.dumps(
    {
        "number": "B77",
        "results": [
            {
                "file_no": NUMBER,
                "line": 1,
                "outcome": "settled",
                "serial": "S1",
                "amount": "100.50",
                "value_date": "2021-07-28",
            },
            {
                "file_no": NUMBER,
                "line": 2,
                "outcome": "refused",
                "serial": "S2",
                "amount": "0.01",
                "reason_code": "RJ03",
                "reason": "余额不足",
            },
        ],
    }
)


@pytest.mark.parametrize(
    ("name", "content"),
    [("gbk_xml:icbc", GBK_RESULTS.encode("gbk")), ("json", JSON_RESULTS)],
)
def test_results_are_read(name: str, content: bytes) -> None:
    found = bank_format(name).parse_acknowledgement(BytesIO(content), OrderKind.DEBIT)
    assert found.number == "B77"
    first, second = found.results
    assert (first.file_no, first.line_no, first.outcome) == (NUMBER, 1, BankOutcome.SETTLED)
    assert (first.serial, first.amount_fen, first.value_date) == ("S1", 10_050, date(2021, 7, 28))
    assert (second.outcome, second.reason_code, second.reason) == (
        BankOutcome.REFUSED,
        "RJ03",
        "余额不足",
    )


def test_a_gbk_answer_may_refuse_the_file() -> None:
    content = (
        f"<CMS><eb><pub/><out><OrifSeqno>{NUMBER}</OrifSeqno><RetCode>B001</RetCode>"
        "<RetMsg>bad file</RetMsg></out></eb></CMS>"
    ).encode()
    found = GBK.parse_acknowledgement(BytesIO(content), OrderKind.DEBIT)
    assert [(one.file_no, one.reason_code) for one in found.refused_files] == [(NUMBER, "B001")]


GBK_STATEMENT = """<?xml version="1.0" encoding="GB18030"?>
<CMS><eb><pub><TransCode>QHISD</TransCode></pub><out><AccNo>1100</AccNo>
<OpenBal>100</OpenBal><CloseBal>{closing}</CloseBal>
<rd><BankDate>20210728</BankDate><Drcrf>2</Drcrf><Amt>500</Amt><SerialNo>S1</SerialNo>
<Ref>{number}-1</Ref><OppAccName>市一厂</OppAccName></rd>
<rd><BankDate>20210729</BankDate><Drcrf>1</Drcrf><Amt>200</Amt><SerialNo>S2</SerialNo></rd>
</out></eb></CMS>"""


def test_gbk_statements_are_read_with_their_direction() -> None:
    content = GBK_STATEMENT.format(closing=400, number=NUMBER).encode("gb18030")
    (statement,) = GBK.parse_statement(BytesIO(content))
    assert (statement.account, statement.opening_fen, statement.closing_fen) == ("1100", 100, 400)
    assert [one.amount_fen for one in statement.entries] == [500, -200]
    assert statement.entries[0].counter_name == "市一厂"
    assert statement.entries[0].reference == f"{NUMBER}-1"
    assert tuple(GBK.stream_entries(BytesIO(content))) == statement.entries


@pytest.mark.parametrize(
    "content",
    [
        GBK_STATEMENT.format(closing=401, number=NUMBER).encode("gb18030"),
        GBK_STATEMENT.format(closing=400, number=NUMBER)
        .replace("<Drcrf>2", "<Drcrf>3")
        .encode("gb18030"),
        b"<CMX/>",
        b'<?xml version="1.0" encoding="GBK"?><!DOCTYPE CMS [<!ENTITY a "b">]><CMS>&a;</CMS>',
        b"<CMS>" * 100_000,
        b"<CMS><eb><out><rd>" + b"<a/>" * 2_000 + b"</rd></out></eb></CMS>",
        b"<CMS><eb>" + b"<a/>" * 2_000 + b"</eb></CMS>",
    ],
)
def test_gbk_statements_that_are_false_are_refused(content: bytes) -> None:
    with pytest.raises(BankFileInvalid):
        GBK.parse_statement(BytesIO(content))
    with pytest.raises(BankFileInvalid):
        list(GBK.stream_entries(BytesIO(content)))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"results": [1]}', b'{"results": []}'])
def test_json_of_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(BankFileInvalid):
        bank_format("json").parse_acknowledgement(BytesIO(content), OrderKind.DEBIT)


def test_money_in_json_is_a_text() -> None:
    line = {"file_no": "D1", "line": 1, "outcome": "settled", "serial": "S", "amount": 100.5}
    content = BytesIO(orjson.dumps({"results": [line]}))
    with pytest.raises(BankFileInvalid) as caught:
        bank_format("json").parse_acknowledgement(content, OrderKind.DEBIT)
    assert [one.code for one in caught.value.faults] == ["AMOUNT_INVALID"]


def test_formats_are_found_by_name() -> None:
    assert format_names() == ["csv", "iso20022", "json", "gbk_xml:icbc"]
    for name in format_names():
        assert name.startswith(bank_format(name).name)
    for name in ("", "gbk_xml", "gbk_xml:../x", "swift"):
        with pytest.raises(BankFormatUnknown):
            bank_format(name)
