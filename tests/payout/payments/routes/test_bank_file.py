"""Payment batches go out as pain.001 and other files, and the bank's answers come in as files."""

from typing import Any

import httpx
import pytest
from lxml import etree

from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim

PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"
CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
DAY = "2021-08-02"


async def file_of(office: Office, batch: str, file_format: str) -> httpx.Response:
    path = f"/v1/payment-batches/{batch}/file"
    return await office.ask("GET", path, role="bank_gateway", format=file_format)


async def send(
    office: Office, batch: str, content: bytes, file_format: str = "iso20022", key: str = ""
) -> httpx.Response:
    path = f"/v1/payment-batches/{batch}/result-files"
    headers = office.bearer("bank_gateway") | {"Idempotency-Key": key or f"pf-{hash(content)}"}
    return await office.client.post(
        path, content=content, headers=headers, params={"format": file_format}
    )


def acknowledgement(number: str, *lines: str) -> bytes:
    return (
        f'<Document xmlns="{PAIN}"><CstmrPmtStsRpt><GrpHdr><MsgId>A1</MsgId>'
        f"<CreDtTm>{DAY}T08:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{number}"
        "</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{number}</OrgnlPmtInfId>{''.join(lines)}"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def line(number: str, line_no: int, status: str, more: str = "") -> str:
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{number}-{line_no}</OrgnlEndToEndId>"
        f"<TxSts>{status}</TxSts>{more}</TxInfAndSts>"
    )


def entry(number: str, line_no: int, amount: str, direction: str, serial: str) -> str:
    return (
        f'<Ntry><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{DAY}</Dt></BookgDt><BkTxCd/><NtryDtls><TxDtls>"
        f"<Refs><AcctSvcrRef>{serial}</AcctSvcrRef><EndToEndId>{number}-{line_no}</EndToEndId>"
        "</Refs></TxDtls></NtryDtls></Ntry>"
    )


def notice(*entries: str) -> bytes:
    return (
        f'<Document xmlns="{CAMT}"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N1</MsgId>'
        f"<CreDtTm>{DAY}T08:00:00</CreDtTm></GrpHdr><Ntfctn><Id>1</Id>"
        f"<Acct><Id><Othr><Id>1100</Id></Othr></Id></Acct>{''.join(entries)}"
        "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


async def number_of(office: Office, batch: str) -> str:
    tree = etree.fromstring((await file_of(office, batch, "iso20022")).content)
    return str(next(tree.iter("{*}MsgId")).text)


async def test_orders_and_their_results_travel_as_iso_files(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("100.00", "20.00", "3.00"))
    shown = await office.get_batch(batch)
    found = await file_of(office, batch, "iso20022")
    assert found.status_code == 200, found.text
    tree = etree.fromstring(found.content)
    assert {one.text for one in tree.iter("{*}CtrlSum")} == {shown["control"]["total"]}
    lines = await office.lines(batch)
    amounts = {one["line"]: one["amount"] for one in lines}
    number = await number_of(office, batch)
    content = acknowledgement(
        number, line(number, 1, "ACSP"), line(number, 2, "RJCT"), line(number, 3, "PDNG")
    )
    heard = await send(office, batch, content)
    assert heard.status_code == 200, heard.text
    assert (heard.json()["refused"], heard.json()["unknown"]) == (1, 1)
    booked = notice(
        entry(number, 1, amounts[1], "DBIT", "B-1"), entry(number, 3, amounts[3], "DBIT", "B-3")
    )
    heard = await send(office, batch, booked)
    assert (heard.json()["paid"], heard.json()["batch_status"]) == (2, "closed")
    again = await send(office, batch, booked, key="again")
    assert (again.json()["paid"], again.json()["replayed"]) == (0, 2)
    back = await send(office, batch, notice(entry(number, 1, amounts[1], "CRDT", "B-1-R")))
    assert back.json()["returned"] == 1
    await office.deliver()
    assert (await office.get_batch(batch))["returned"] == amounts[1]


@pytest.mark.parametrize("file_format", ["csv", "json", "gbk_xml:icbc"])
async def test_orders_are_written_in_every_format(office: Office, file_format: str) -> None:
    batch = await office.ready_batch(hospital_claim("5.00", "6.00"))
    found = await file_of(office, batch, file_format)
    assert found.status_code == 200, found.text
    assert (await file_of(office, batch, file_format)).content == found.content


@pytest.mark.parametrize("file_format", ["csv", "gbk_xml:icbc"])
async def test_results_are_taken_in_other_formats(office: Office, file_format: str) -> None:
    batch = await office.ready_batch(hospital_claim("5.00"))
    number = await number_of(office, batch)
    content: Any = (
        f"file_no,line,outcome,serial,amount,value_date\n{number},1,paid,C-{number},5.00,{DAY}\n"
        if file_format == "csv"
        else f"<CMS><eb><pub/><out><OrifSeqno>{number}</OrifSeqno><rd><iSeqno>1</iSeqno>"
        f"<Result>7</Result><SerialNo>G-{number}</SerialNo><Amt>500</Amt><BankDate>"
        f"{DAY.replace('-', '')}</BankDate></rd></out></eb></CMS>"
    )
    heard = await send(office, batch, content.encode(), file_format)
    assert heard.json().get("paid") == 1, heard.text


async def test_files_that_are_false_are_refused_whole(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("5.00", "6.00"))
    number = await number_of(office, batch)
    before = await office.get_batch(batch)
    for content, code in (
        (b"", "BANK_FILE_INVALID"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "BANK_FILE_INVALID"),
        (b"<a>" * 1_000_000, "BANK_FILE_INVALID"),
        (acknowledgement(number, line(number, 1, "ACSP")), "BANK_FILE_INVALID"),
        (
            acknowledgement(number, line(number, 1, "RJCT"), line("P20210802-aa", 1, "RJCT")),
            "FILE_OF_ANOTHER_BATCH",
        ),
    ):
        refused = await send(office, batch, content)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    unknown = await send(office, batch, b"x", "swift")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "BANK_FORMAT_UNKNOWN")
    assert await office.get_batch(batch) == before
