"""camt.053: what is booked is read, whole; what is hostile or false is refused, whole."""

from datetime import date
from io import BytesIO
from time import perf_counter

import pytest

from shared.bank_files.iso20022.statement import parse_statement, stream_entries
from shared.bank_files.protocol import BankFileInvalid

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
BALANCE = """<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{amount}</Amt>
  <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2021-07-28</Dt></Dt></Bal>"""
ENTRY = """<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>
  <Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>2021-07-28</Dt></BookgDt>
  <AcctSvcrRef>{serial}</AcctSvcrRef><BkTxCd><Prtry><Cd>代发</Cd></Prtry></BkTxCd>
  <NtryDtls><TxDtls><Refs><EndToEndId>D20210728-1</EndToEndId></Refs>
  <RltdPties><Dbtr><Pty><Nm>市一机械厂</Nm></Pty></Dbtr>
  <DbtrAcct><Id><Othr><Id>6222000011112222</Id></Othr></Id></DbtrAcct></RltdPties>
  </TxDtls></NtryDtls></Ntry>"""


def entry(amount: str = "100.50", sign: str = "CRDT", **other: str) -> str:
    given = {"currency": "CNY", "status": "BOOK", "serial": "S1"} | other
    return ENTRY.format(amount=amount, sign=sign, **given)


def document(*entries: str, closing: str = "1100.50") -> bytes:
    balances = BALANCE.format(code="OPBD", amount="1000.00") + BALANCE.format(
        code="CLBD", amount=closing
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NAMESPACE}"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2021-07-29T08:00:00</CreDtTm></GrpHdr>"
        "<Stmt><Id>209</Id><Acct><Id><Othr><Id>income</Id></Othr></Id></Acct>"
        f"{balances}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def refusal(content: bytes) -> BankFileInvalid:
    with pytest.raises(BankFileInvalid) as caught:
        parse_statement(BytesIO(content))
    return caught.value


def test_a_booked_entry_is_read_with_its_counterparty() -> None:
    (statement,) = parse_statement(BytesIO(document(entry())))
    assert (statement.account, statement.number) == ("income", "209")
    assert (statement.opening_fen, statement.closing_fen) == (100_000, 110_050)
    (read,) = statement.entries
    assert read.booked_on == date(2021, 7, 28)
    assert (read.amount_fen, read.serial, read.reference) == (10_050, "S1", "D20210728-1")
    assert (read.counter_account, read.counter_name) == ("6222000011112222", "市一机械厂")
    assert read.bank_code == "代发"
    assert tuple(stream_entries(BytesIO(document(entry())))) == statement.entries


def test_money_that_went_out_is_negative_and_pending_entries_are_left_out() -> None:
    content = document(entry("0.50", "DBIT"), entry("7.00", status="PDNG"), closing="999.50")
    (statement,) = parse_statement(BytesIO(content))
    assert [one.amount_fen for one in statement.entries] == [-50]


def test_balances_that_do_not_fit_the_entries_refuse_the_file() -> None:
    content = document(entry(), closing="1100.51")
    assert [one.code for one in refusal(content).faults] == ["BALANCE_DIFFERS"]
    with pytest.raises(BankFileInvalid):
        list(stream_entries(BytesIO(content)))


def test_another_currency_is_refused() -> None:
    codes = {one.code for one in refusal(document(entry(currency="EUR"))).faults}
    assert "CURRENCY_UNKNOWN" in codes


def test_faults_of_the_schema_are_named_with_their_lines() -> None:
    content = document(entry()).replace(b"<CdtDbtInd>CRDT</CdtDbtInd>\n  <Sts>", b"<Sts>")
    faults = refusal(content).faults
    assert faults
    assert all(one.code == "XML_INVALID" and one.pointer.startswith("line/") for one in faults)


def test_other_messages_are_refused_by_name() -> None:
    content = document(entry()).replace(b"camt.053.001.08", b"camt.053.001.99")
    assert [one.code for one in refusal(content).faults] == ["MESSAGE_UNKNOWN"]


def _laughs() -> bytes:
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    return f"<!DOCTYPE Document [{entities}]><Document>&j;</Document>".encode()


HOSTILE = {
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "billion laughs": _laughs(),
    "late document type": b"<?xml version='1.0'?>" + b" " * 2_000_000 + b"<!DOCTYPE a><a/>",
    "utf-16": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?><a/>',
    "a million deep": b"<a>" * 1_000_000,
    "a million wide": f'<Document xmlns="{NAMESPACE}">'.encode() + b"<a/>" * 1_000_000,
    "no xml": b"hello",
    "empty": b"",
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_quickly(content: bytes) -> None:
    start = perf_counter()
    assert refusal(content).faults
    assert perf_counter() - start < 20
