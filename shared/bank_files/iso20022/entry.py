"""Reading of entries and transactions, which camt.053 and camt.054 share."""

from __future__ import annotations

from shared.bank_files.fields import read_amount
from shared.bank_files.protocol import Faults
from shared.bank_files.xml_reader import Element, child, child_text


def is_booked(entry: Element) -> bool:
    """Tell whether an entry is booked: a pending or informative one moved no money."""
    return (child_text(entry, "Sts/Cd") or child_text(entry, "Sts")) == "BOOK"


def signed_amount(element: Element, pointer: str, faults: Faults) -> int:
    """Read the amount of an entry or a balance, negative when it is a debit."""
    amount = child(element, "Amt")
    if amount is None or amount.get("Ccy") != "CNY":
        faults.add(pointer, "CURRENCY_UNKNOWN", "只收人民币 (only CNY is read)")
        return 0
    fen = read_amount(amount.text or "", pointer, faults)
    return -fen if child_text(element, "CdtDbtInd") == "DBIT" else fen


def account_number(account: Element) -> str:
    """Return the number of an account."""
    return child_text(account, "Id/Othr/Id") or child_text(account, "Id/IBAN")


def party(details: Element, side: str) -> tuple[str, str]:
    """Return the name and account of a party of a transaction; `side` is Dbtr or Cdtr."""
    name = child_text(details, f"RltdPties/{side}/Pty/Nm") or child_text(
        details, f"RltdPties/{side}/Nm"
    )
    account = child(details, f"RltdPties/{side}Acct")
    return name, "" if account is None else account_number(account)


def reference_of(details: Element) -> str:
    """Return what a transaction refers to: the order's identifier, or the payer's words."""
    end_to_end = child_text(details, "Refs/EndToEndId")
    if end_to_end and end_to_end != "NOTPROVIDED":
        return end_to_end
    return child_text(details, "RmtInf/Ustrd") or child_text(details, "RmtInf/Strd/CdtrRefInf/Ref")


def reason_of(details: Element) -> str:
    """Return the code of the reason of a return."""
    return child_text(details, "RtrInf/Rsn/Cd") or child_text(details, "RtrInf/Rsn/Prtry")


def bank_code_of(entry: Element) -> str:
    """Return the bank's own transaction code, or the family of the ISO one."""
    return child_text(entry, "BkTxCd/Prtry/Cd") or "/".join(
        filter(
            None,
            (
                child_text(entry, "BkTxCd/Domn/Cd"),
                child_text(entry, "BkTxCd/Domn/Fmly/Cd"),
                child_text(entry, "BkTxCd/Domn/Fmly/SubFmlyCd"),
            ),
        )
    )
