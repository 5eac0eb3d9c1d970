"""Results of orders: acknowledgements (pain.002), and notifications of bookings (camt.054)."""

from __future__ import annotations

from datetime import date
from sys import intern
from typing import IO, Final

from shared.bank_files.fields import read_amount, read_day, read_serial, read_text
from shared.bank_files.iso20022.entry import is_booked, reason_of, signed_amount
from shared.bank_files.iso20022.schema import schema_of
from shared.bank_files.protocol import Faults
from shared.bank_files.values import (
    Acknowledgement,
    BankOutcome,
    BankResult,
    FileRefusal,
    OrderKind,
    order_of,
)
from shared.bank_files.xml_reader import (
    Element,
    check_plain,
    child,
    child_text,
    read_elements,
    root_name,
)

_OUTCOMES: Final = {
    "ACSC": BankOutcome.SETTLED,
    "ACCC": BankOutcome.SETTLED,
    "RJCT": BankOutcome.REFUSED,
    "CANC": BankOutcome.REFUSED,
    "PDNG": BankOutcome.UNKNOWN,
}
"""Statuses that say how an order ended. All others say that the bank is still at work."""

_ANSWER: Final = {
    "CstmrPmtStsRpt": ("GrpHdr", "OrgnlGrpInfAndSts"),
    "OrgnlPmtInfAndSts": ("OrgnlPmtInfId", "PmtInfSts", "StsRsnInf", "TxInfAndSts"),
}
_NOTICE: Final = {
    "BkToCstmrDbtCdtNtfctn": ("GrpHdr",),
    "Ntfctn": ("Ntry",),
    "NtryDtls": ("TxDtls",),
}
"""A collective entry has all of its transactions: each is read and forgotten before the next."""


def parse_acknowledgement(source: IO[bytes], kind: OrderKind) -> Acknowledgement:
    """Read a pain.002 or a camt.054 file.

    Raises:
        BankFileInvalid: it is neither, or has faults.
    """
    check_plain(source)
    namespace, _ = root_name(source)
    message, schema = schema_of(namespace, "pain.002", "camt.054")
    if message.startswith("pain.002"):
        answer = _Answer()
        for name, element in read_elements(source, _ANSWER, schema):
            answer.take(name, element)
        answer.faults.refuse()
        return Acknowledgement(answer.number, tuple(answer.results), tuple(answer.refused))
    notice = _Notice(kind)
    for name, element in read_elements(source, _NOTICE, schema):
        notice.take(name, element)
    notice.faults.refuse()
    return Acknowledgement(notice.number, tuple(notice.results), others=notice.others)


class _Answer:
    """The pain.002 file that is being read."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.number = ""
        self.results: list[BankResult] = []
        self.refused: list[FileRefusal] = []
        self._day = date.min
        self._lines = 0
        self._payment = ("", "")
        """The file number of the payment information that is being read, and its status."""

    def take(self, name: str, element: Element) -> None:
        """Take one element."""
        match name:
            case "GrpHdr":
                self.number = child_text(element, "MsgId")
                self._day = read_day(child_text(element, "CreDtTm"), "GrpHdr/CreDtTm", self.faults)
            case "OrgnlGrpInfAndSts":
                if child_text(element, "GrpSts") == "RJCT":
                    self._refuse(child_text(element, "OrgnlMsgId"), child(element, "StsRsnInf"))
            case "OrgnlPmtInfId":
                self._payment = ((element.text or "").strip(), "")
            case "PmtInfSts":
                self._payment = (self._payment[0], (element.text or "").strip())
                if self._payment[1] == "RJCT":
                    self._refuse(self._payment[0], None)
            case "StsRsnInf":
                if self._payment[1] == "RJCT":
                    self._refuse(self._payment[0], element)
            case _:
                self._line(element)

    def _refuse(self, file_no: str, why: Element | None) -> None:
        code, reason = _why(why)
        others = [one for one in self.refused if one.file_no != file_no]
        self.refused = [*others, FileRefusal(file_no, code, reason)]

    def _line(self, element: Element) -> None:
        self._lines += 1
        at = f"line/{self._lines}"
        outcome = _OUTCOMES.get(child_text(element, "TxSts"))
        if outcome is None:
            return
        named = child_text(element, "OrgnlEndToEndId")
        order = order_of(named)
        if order is None:
            self.faults.add(at, "ORDER_UNKNOWN", "不是本系统的端到端标识 (not an order of ours)")
            return
        code, reason = _why(child(element, "StsRsnInf"))
        amount = child_text(element, "OrgnlTxRef/Amt/InstdAmt")
        day = child_text(element, "FctvIntrBkSttlmDt/Dt") or child_text(element, "AccptncDtTm")
        serial = child_text(element, "AcctSvcrRef") or child_text(element, "StsId") or named
        self.results.append(
            BankResult(
                file_no=intern(order[0]),
                line_no=order[1],
                outcome=outcome,
                serial=read_serial(serial, at, self.faults),
                amount_fen=read_amount(amount, at, self.faults) if amount else None,
                value_date=read_day(day, at, self.faults) if day else self._day,
                reason_code=read_serial(code, at, self.faults) or None if code else None,
                reason=reason,
            )
        )


def _why(element: Element | None) -> tuple[str | None, str | None]:
    if element is None:
        return None, None
    code = child_text(element, "Rsn/Prtry") or child_text(element, "Rsn/Cd")
    text = " ".join(child_text(element, "AddtlInf").split())
    return code or None, text[:200] or None


class _Notice:
    """The camt.054 file that is being read."""

    def __init__(self, kind: OrderKind) -> None:
        self.faults = Faults()
        self.number = ""
        self.results: list[BankResult] = []
        self.others = 0
        self._incoming = kind is OrderKind.DEBIT
        self._entries = 0

    def take(self, name: str, element: Element) -> None:
        """Take one element."""
        if name == "GrpHdr":
            self.number = child_text(element, "MsgId")
            return
        if name == "Ntry":
            self._entries += 1
            return
        # What a transaction needs of its entry stands before it; the schema says so.
        entry = element.getparent().getparent()
        if is_booked(entry):
            self._movement(entry, element, f"entry/{self._entries + 1}")

    def _movement(self, entry: Element, details: Element, at: str) -> None:
        order = order_of(child_text(details, "Refs/EndToEndId"))
        if order is None:
            self.others += 1
            return
        own = details if child(details, "Amt") is not None else entry
        amount = signed_amount(own, at, self.faults)
        direction = child_text(details, "CdtDbtInd") or child_text(entry, "CdtDbtInd")
        # Money of an order moves one way; the same order's money the other way was returned.
        settled = (direction == "CRDT") is self._incoming
        day = child_text(entry, "ValDt/Dt") or child_text(entry, "BookgDt/Dt")
        day = day or child_text(entry, "ValDt/DtTm") or child_text(entry, "BookgDt/DtTm")
        serial = child_text(details, "Refs/AcctSvcrRef") or child_text(entry, "AcctSvcrRef")
        code = reason_of(details)
        text = " ".join(child_text(details, "RtrInf/AddtlInf").split())[:200]
        self.results.append(
            BankResult(
                file_no=intern(order[0]),
                line_no=order[1],
                outcome=BankOutcome.SETTLED if settled else BankOutcome.RETURNED,
                serial=read_serial(serial, at, self.faults, required=True),
                amount_fen=abs(amount),
                value_date=read_day(day, at, self.faults),
                reason_code=read_serial(code, at, self.faults) or None,
                reason=read_text(text, at, self.faults) or None,
            )
        )
