"""pain.002 and camt.054: only what ended an order is a result."""

from datetime import date
from io import BytesIO

import pytest

from shared.bank_files.iso20022.results import parse_acknowledgement
from shared.bank_files.protocol import BankFileInvalid
from shared.bank_files.values import BankOutcome, FileRefusal, OrderKind

PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001"
CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
FILE = "D20210728-aa"


def answer(*lines: str, group: str = "", payment: str = "", version: str = "12") -> bytes:
    status = "PmtInfSts"
    return (
        f'<Document xmlns="{PAIN}.{version}"><CstmrPmtStsRpt><GrpHdr><MsgId>ACK1</MsgId>'
        "<CreDtTm>2021-07-29T08:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{FILE}</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.08"
        f"</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{FILE}</OrgnlPmtInfId>"
        f"{f'<{status}>{payment}</{status}>' if payment else ''}{''.join(lines)}"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def line(number: int, status: str, *, reason: str = "", rest: str = "") -> str:
    why = (
        f"<StsRsnInf><Rsn>{reason}</Rsn><AddtlInf>余额不足</AddtlInf></StsRsnInf>" if reason else ""
    )
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{FILE}-{number}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"{why}{rest}</TxInfAndSts>"
    )


SETTLED = (
    "<AccptncDtTm>2021-07-28T10:00:00</AccptncDtTm><AcctSvcrRef>S1</AcctSvcrRef>"
    '<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">100.50</InstdAmt></Amt></OrgnlTxRef>'
)


@pytest.mark.parametrize("version", ["03", "12"])
def test_lines_of_an_acknowledgement_are_results(version: str) -> None:
    content = answer(
        line(1, "ACSC", rest=SETTLED),
        line(2, "RJCT", reason="<Cd>AM04</Cd>"),
        line(3, "RJCT", reason="<Prtry>RJ03</Prtry>"),
        line(4, "PDNG"),
        line(5, "ACSP"),
        version=version,
    )
    found = parse_acknowledgement(BytesIO(content), OrderKind.DEBIT)
    assert [(one.line_no, one.outcome) for one in found.results] == [
        (1, BankOutcome.SETTLED),
        (2, BankOutcome.REFUSED),
        (3, BankOutcome.REFUSED),
        (4, BankOutcome.UNKNOWN),
    ]
    first, second, third, _ = found.results
    assert (first.serial, first.amount_fen, first.value_date) == ("S1", 10_050, date(2021, 7, 28))
    assert (second.reason_code, second.reason, second.amount_fen) == ("AM04", "余额不足", None)
    assert (third.reason_code, third.value_date) == ("RJ03", date(2021, 7, 29))
    assert found.number == "ACK1"


def test_a_bank_refuses_a_file_whole() -> None:
    why = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>DUPL</Cd></Rsn></StsRsnInf>"
    found = parse_acknowledgement(BytesIO(answer(group=why)), OrderKind.DEBIT)
    assert found.results == ()
    assert found.refused_files == (FileRefusal(FILE, "DUPL", None),)


def test_an_answer_about_orders_of_others_is_refused() -> None:
    content = answer(line(1, "RJCT")).replace(b"D20210728-aa-1", b"NOTPROVIDED")
    with pytest.raises(BankFileInvalid):
        parse_acknowledgement(BytesIO(content), OrderKind.DEBIT)


def notice(direction: str, *, end_to_end: str = f"{FILE}-1", status: str = "BOOK") -> bytes:
    return (
        f'<Document xmlns="{CAMT}"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N1</MsgId>'
        "<CreDtTm>2021-07-29T08:00:00</CreDtTm></GrpHdr><Ntfctn><Id>1</Id>"
        "<Acct><Id><Othr><Id>1100</Id></Othr></Id></Acct>"
        f'<Ntry><Amt Ccy="CNY">100.50</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        f"<Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>2021-07-28</Dt></BookgDt>"
        "<AcctSvcrRef>E1</AcctSvcrRef><BkTxCd/>"
        f"<NtryDtls><TxDtls><Refs><AcctSvcrRef>S1</AcctSvcrRef><EndToEndId>{end_to_end}</EndToEndId>"
        "</Refs><RtrInf><Rsn><Prtry>RT02</Prtry></Rsn><AddtlInf>付款人异议</AddtlInf></RtrInf>"
        "</TxDtls></NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


@pytest.mark.parametrize(
    ("kind", "direction", "outcome"),
    [
        (OrderKind.DEBIT, "CRDT", BankOutcome.SETTLED),
        (OrderKind.DEBIT, "DBIT", BankOutcome.RETURNED),
        (OrderKind.PAYMENT, "DBIT", BankOutcome.SETTLED),
        (OrderKind.PAYMENT, "CRDT", BankOutcome.RETURNED),
    ],
)
def test_the_direction_of_the_money_tells_the_outcome(
    kind: OrderKind, direction: str, outcome: BankOutcome
) -> None:
    found = parse_acknowledgement(BytesIO(notice(direction)), kind)
    (result,) = found.results
    assert (result.outcome, result.serial, result.amount_fen) == (outcome, "S1", 10_050)
    assert (result.value_date, result.reason_code) == (date(2021, 7, 28), "RT02")


def test_a_collective_entry_is_read_one_transaction_at_a_time() -> None:
    first, _, rest = notice("CRDT").decode().partition("<TxDtls>")
    one, _, tail = rest.rpartition("</TxDtls>")
    many = "".join(f"<TxDtls>{one.replace('-1</End', f'-{n}</End')}</TxDtls>" for n in range(1, 4))
    found = parse_acknowledgement(BytesIO((first + many + tail).encode()), OrderKind.DEBIT)
    assert [one.line_no for one in found.results] == [1, 2, 3]
    assert {one.value_date for one in found.results} == {date(2021, 7, 28)}


def test_pending_movements_and_other_money_are_no_results() -> None:
    pending = parse_acknowledgement(BytesIO(notice("CRDT", status="PDNG")), OrderKind.DEBIT)
    other = parse_acknowledgement(BytesIO(notice("CRDT", end_to_end="X")), OrderKind.DEBIT)
    assert (pending.results, pending.others) == ((), 0)
    assert (other.results, other.others) == ((), 1)
