"""The bank's answers as files, in the format of each bank: what a bank writes, not what we write."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

import orjson

_PAIN: Final = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"
_CAMT: Final = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
_STATUS: Final = {"settled": "ACSC", "paid": "ACSC", "refused": "RJCT", "unknown": "PDNG"}
_GBK: Final = {"settled": "7", "paid": "7", "refused": "8", "unknown": "9", "returned": "4"}
_SIDE_OF_RETURN: Final = {"pain.008.001.08": "DBIT", "pain.001.001.09": "CRDT"}
_FIELDS: Final = (
    *("file_no", "line", "outcome", "serial", "amount", "value_date", "reason_code", "reason"),
)


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file with its media type."""

    media_type: str
    text: str


def answer_files(
    order: str, file_format: str, file_no: str, results: Sequence[dict[str, Any]]
) -> Iterator[AnswerFile]:
    """Write results of one batch as files of a format: ISO 20022 tells of returns in a file apart.

    `order` is the message that the batch came in.
    """
    match file_format.partition(":")[0]:
        case "iso20022":
            told = [one for one in results if one["outcome"] != "returned"]
            returned = [one for one in results if one["outcome"] == "returned"]
            if told:
                yield AnswerFile("application/xml", _pain(order, file_no, told))
            if returned:
                yield AnswerFile("application/xml", _camt(order, file_no, returned))
        case "gbk_xml":
            yield AnswerFile("application/xml", _gbk(file_no, results))
        case "csv":
            yield AnswerFile("text/csv", _csv(file_no, results))
        case _:
            rows = [_row(file_no, one) for one in results]
            yield AnswerFile("application/json", orjson.dumps({"results": rows}).decode())


def _row(file_no: str, result: dict[str, Any]) -> dict[str, Any]:
    return {
        "file_no": file_no,
        "line": result["line"],
        "outcome": result["outcome"],
        "serial": result["bank_serial"],
        "amount": result["amount"],
        "value_date": result["value_date"],
        "reason_code": result.get("reason_code", ""),
        "reason": result.get("reason", ""),
    }


def _csv(file_no: str, results: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, _FIELDS)
    writer.writeheader()
    writer.writerows(_row(file_no, one) for one in results)
    return out.getvalue()


def _gbk(file_no: str, results: Sequence[dict[str, Any]]) -> str:
    lines = "".join(
        f"<rd><iSeqno>{one['line']}</iSeqno><Result>{_GBK[one['outcome']]}</Result>"
        f"<SerialNo>{one['bank_serial']}</SerialNo>"
        f"<Amt>{one['amount'].replace('.', '').lstrip('0')}</Amt>"
        f"<BankDate>{one['value_date'].replace('-', '')}</BankDate>"
        f"<RetCode>{one.get('reason_code', '')}</RetCode>"
        f"<RetMsg>{escape(one.get('reason', ''))}</RetMsg></rd>"
        for one in results
    )
    return (
        "<CMS><eb><pub><TransCode>QPERDIS</TransCode></pub><out>"
        f"<OrifSeqno>{file_no}</OrifSeqno><RetCode>0</RetCode>{lines}</out></eb></CMS>"
    )


def _pain(order: str, file_no: str, results: Sequence[dict[str, Any]]) -> str:
    lines = "".join(_pain_line(file_no, one) for one in results)
    return (
        f'<Document xmlns="{_PAIN}"><CstmrPmtStsRpt><GrpHdr><MsgId>A{file_no}</MsgId>'
        f"<CreDtTm>{results[0]['value_date']}T18:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
        f"<OrgnlMsgId>{file_no}</OrgnlMsgId><OrgnlMsgNmId>{order}</OrgnlMsgNmId>"
        f"</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{file_no}</OrgnlPmtInfId>{lines}"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )


def _pain_line(file_no: str, result: dict[str, Any]) -> str:
    why = ""
    if result.get("reason_code"):
        why = (
            f"<StsRsnInf><Rsn><Prtry>{result['reason_code']}</Prtry></Rsn>"
            f"<AddtlInf>{escape(result['reason'])}</AddtlInf></StsRsnInf>"
        )
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{file_no}-{result['line']}</OrgnlEndToEndId>"
        f"<TxSts>{_STATUS[result['outcome']]}</TxSts>{why}"
        f"<AccptncDtTm>{result['value_date']}T18:00:00</AccptncDtTm>"
        f"<AcctSvcrRef>{result['bank_serial']}</AcctSvcrRef><OrgnlTxRef><Amt>"
        f'<InstdAmt Ccy="CNY">{result["amount"]}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
    )


def _camt(order: str, file_no: str, results: Sequence[dict[str, Any]]) -> str:
    entries = "".join(
        f'<Ntry><Amt Ccy="CNY">{one["amount"]}</Amt><CdtDbtInd>{_SIDE_OF_RETURN[order]}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{one['value_date']}</Dt></BookgDt><BkTxCd/>"
        f"<NtryDtls><TxDtls><Refs><AcctSvcrRef>{one['bank_serial']}</AcctSvcrRef>"
        f"<EndToEndId>{file_no}-{one['line']}</EndToEndId></Refs><RtrInf><Rsn>"
        f"<Prtry>{one.get('reason_code', '')}</Prtry></Rsn>"
        f"<AddtlInf>{escape(one.get('reason', ''))}</AddtlInf></RtrInf></TxDtls></NtryDtls></Ntry>"
        for one in results
    )
    return (
        f'<Document xmlns="{_CAMT}"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N{file_no}</MsgId>'
        f"<CreDtTm>{results[0]['value_date']}T18:00:00</CreDtTm></GrpHdr><Ntfctn><Id>1</Id>"
        f"<Acct><Id><Othr><Id>sandbox</Id></Othr></Id></Acct>{entries}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )
