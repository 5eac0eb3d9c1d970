"""Batches go out as files, and the answers of banks come in as files, whole or not at all."""

from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from shared.clock import today
from shared.money import format_yuan
from tests.collection.debits.routes.conftest import DebitDesk
from tests.collection.support.money import TOTAL_FEN, owe, state

TOTAL = format_yuan(TOTAL_FEN)
PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"
FILES = "/v1/bank-files?bank={bank}"


async def batch(desk: DebitDesk, period: str, bank: str, count: int = 3) -> Any:
    owed = await owe(desk.url, count=count, collector="bank_debit", period=period, bank=False)
    for number, one in enumerate(owed):
        await desk.agree(one.credit_code, bank=bank, number=f"SF-{period}-{number}")
    return await desk.batch(period, bank=bank)


async def file_of(desk: DebitDesk, made: Any) -> Any:
    path = f"/v1/debit-batches/{made['id']}/file"
    return await desk.client.get(path, headers=desk.bearer("bank_gateway"))


async def statuses(desk: DebitDesk, made: Any) -> list[str]:
    lines = await desk.get("bank_gateway", f"/v1/debit-batches/{made['id']}/lines", limit=500)
    return [one["status"] for one in lines["items"]]


def answer(made: Any, *lines: str) -> bytes:
    number = made["file_no"]
    return (
        f'<Document xmlns="{PAIN}"><CstmrPmtStsRpt><GrpHdr><MsgId>ACK1</MsgId>'
        f"<CreDtTm>{made['debit_date']}T08:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
        f"<OrgnlMsgId>{number}</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId>"
        f"</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{number}</OrgnlPmtInfId>"
        f"{''.join(lines)}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def line(made: Any, number: int, status: str, code: str = "") -> str:
    why = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    settled = (
        f"<AcctSvcrRef>S-{made['file_no']}-{number}</AcctSvcrRef>"
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{TOTAL}</InstdAmt></Amt></OrgnlTxRef>'
    )
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{made['file_no']}-{number}</OrgnlEndToEndId>"
        f"<TxSts>{status}</TxSts>{why}{settled if status == 'ACSC' else ''}</TxInfAndSts>"
    )


async def test_a_file_is_complete_and_the_same_every_time(desk: DebitDesk) -> None:
    made = await batch(desk, "2022-03", "ccb")
    found = await file_of(desk, made)
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/xml"
    assert f"{made['file_no']}.ccb.xml" in found.headers["content-disposition"]
    tree = etree.fromstring(found.content)
    assert [one.text for one in tree.iter("{*}MsgId")] == [made["file_no"]]
    assert [one.text for one in tree.iter("{*}CtrlSum")] == [made["control"]["total"]] * 2
    assert [one.text for one in tree.iter("{*}MndtId")] == [f"SF-2022-03-{n}" for n in range(3)]
    assert (await file_of(desk, made)).content == found.content
    forbidden = await desk.client.get(
        f"/v1/debit-batches/{made['id']}/file", headers=desk.bearer("supervisor")
    )
    assert forbidden.status_code == 403, "whole account numbers are for the bank alone"


async def test_an_answer_in_parts_settles_what_it_tells_of(desk: DebitDesk) -> None:
    made = await batch(desk, "2022-04", "ccb")
    first = answer(
        made, line(made, 1, "ACSC"), line(made, 2, "RJCT", "AM04"), line(made, 3, "PDNG")
    )
    path = FILES.format(bank="ccb")
    heard = await desk.done("bank_gateway", path, first, key="part-1")
    assert (heard["settled"], heard["refused"], heard["unknown"]) == (1, 1, 1)
    assert heard["batches"] == [made["id"]]
    assert await statuses(desk, made) == ["settled", "refused", "unknown"]
    lines = await desk.get("bank_gateway", f"/v1/debit-batches/{made['id']}/lines", limit=500)
    assert lines["items"][1]["reason_class"] == "insufficient_funds"
    again = await desk.send("bank_gateway", path, first, key="part-1")
    assert again.json() == heard
    assert again.headers["Idempotent-Replayed"] == "true"
    repeat = await desk.done("bank_gateway", path, first)
    assert (repeat["settled"], repeat["replayed"]) == (0, 3)
    last = await desk.done("bank_gateway", path, answer(made, line(made, 3, "ACSC")))
    assert last["settled"] == 1
    assert (await desk.get("supervisor", f"/v1/debit-batches/{made['id']}"))["status"] == "closed"


async def test_gbk_answers_are_taken(desk: DebitDesk) -> None:
    made = await batch(desk, "2022-05", "icbc", count=1)
    content = (await file_of(desk, made)).content
    assert content.startswith(b'<?xml version="1.0" encoding="GBK"?>')
    heard = await desk.done(
        "bank_gateway",
        FILES.format(bank="icbc"),
        (
            f'<?xml version="1.0" encoding="GBK"?><CMS><eb><pub/><out>'
            f"<OrifSeqno>{made['file_no']}</OrifSeqno><rd><iSeqno>1</iSeqno><Result>8</Result>"
            "<SerialNo>G-1</SerialNo><RetCode>RJ01</RetCode><RetMsg>账号不存在</RetMsg></rd>"
            "</out></eb></CMS>"
        ).encode("gbk"),
    )
    assert heard["refused"] == 1


async def test_a_bank_refuses_a_whole_file(desk: DebitDesk) -> None:
    made = await batch(desk, "2022-06", "ccb", count=2)
    why = b"<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>"
    content = answer(made, line(made, 1, "ACSP")).replace(
        b"</OrgnlGrpInfAndSts>", why + b"</OrgnlGrpInfAndSts>"
    )
    heard = await desk.done("bank_gateway", FILES.format(bank="ccb"), content)
    assert heard["refused"] == 2
    assert await statuses(desk, made) == ["refused", "refused"]


HOSTILE = {
    "entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "bomb": b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><a>&b;</a>',
    "a million": b"<a>" * 1_000_000,
    "empty": b"",
    "noise": b"\x00\xff\xfe",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_files_change_nothing(desk: DebitDesk, content: bytes) -> None:
    before = await state(desk.url)
    refused = await desk.send("bank_gateway", FILES.format(bank="ccb"), content)
    assert (refused.status_code, refused.json()["code"]) == (422, "BANK_FILE_INVALID")
    assert await state(desk.url) == before


async def test_a_day_that_cannot_be_booked_refuses_the_whole_file(desk: DebitDesk) -> None:
    made = await batch(desk, "2022-08", "ccb", count=2)
    before = await state(desk.url)
    tomorrow = f"{today() + timedelta(2)}T08:00:00"
    late = line(made, 2, "ACSC").replace(
        "<AcctSvcrRef>", f"<AccptncDtTm>{tomorrow}</AccptncDtTm><AcctSvcrRef>"
    )
    content = answer(made, line(made, 1, "ACSC"), late)
    refused = await desk.send("bank_gateway", FILES.format(bank="ccb"), content)
    assert (refused.status_code, refused.json()["code"]) == (422, "BANK_FILE_INVALID")
    assert await state(desk.url) == before


async def test_files_of_no_batch_are_refused_whole(desk: DebitDesk) -> None:
    made = await batch(desk, "2022-07", "ccb", count=1)
    before = await state(desk.url)
    good = line(made, 1, "ACSC")
    stranger = good.replace(made["file_no"], "D20220728-ffffffffffff")
    refused = await desk.send(
        "bank_gateway", FILES.format(bank="ccb"), answer(made, good, stranger)
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "FILE_OF_NO_BATCH")
    of_another = await desk.send("bank_gateway", FILES.format(bank="city"), answer(made, good))
    assert of_another.status_code == 422
    unknown = await desk.send("bank_gateway", FILES.format(bank="nobank"), answer(made, good))
    assert unknown.status_code == 404
    assert await state(desk.url) == before
