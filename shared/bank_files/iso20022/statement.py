"""Statements of accounts (camt.053)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Final

from shared.bank_files.fields import read_day, read_text
from shared.bank_files.iso20022.entry import (
    account_number,
    bank_code_of,
    is_booked,
    party,
    reason_of,
    reference_of,
    signed_amount,
)
from shared.bank_files.iso20022.schema import schema_of
from shared.bank_files.protocol import Faults, check_balance
from shared.bank_files.values import AccountStatement, StatementEntry
from shared.bank_files.xml_reader import (
    Element,
    check_plain,
    child,
    child_text,
    read_elements,
    root_name,
)

_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)
_RECORDS: Final = {
    "Stmt": ("Id", "FrToDt", "Acct", "Bal", "Ntry"),
    "BkToCstmrStmt": ("Stmt",),
}


@dataclass(slots=True)
class _Open:
    """The statement that is being read."""

    number: str = ""
    account: str = ""
    first_day: date | None = None
    last_day: date | None = None
    opening_fen: int | None = None
    closing_fen: int | None = None
    entries: list[StatementEntry] = field(default_factory=list)

    def close(self) -> AccountStatement:
        days = [entry.booked_on for entry in self.entries]
        return AccountStatement(
            account=self.account,
            number=self.number,
            first_day=self.first_day or min(days, default=None),
            last_day=self.last_day or max(days, default=None),
            opening_fen=self.opening_fen,
            closing_fen=self.closing_fen,
            entries=tuple(self.entries),
        )


def parse_statement(source: IO[bytes]) -> Sequence[AccountStatement]:
    """Read the booked entries of every statement in a camt.053 file.

    Raises:
        BankFileInvalid: it is no camt.053 file, or its balances do not fit its entries.
    """
    check_plain(source)
    namespace, _ = root_name(source)
    _, schema = schema_of(namespace, "camt.053")
    faults, found, now = Faults(), list[AccountStatement](), _Open()
    for name, element in read_elements(source, _RECORDS, schema):
        if name == "Stmt":
            statement = now.close()
            check_balance(statement, f"statement/{len(found) + 1}", faults)
            found.append(statement)
            now = _Open()
        else:
            _take(now, name, element, faults)
    faults.refuse()
    return found


def _take(now: _Open, name: str, element: Element, faults: Faults) -> None:
    match name:
        case "Id":
            now.number = read_text(element.text or "", "Stmt/Id", faults, required=True)
        case "FrToDt":
            now.first_day = read_day(child_text(element, "FrDtTm"), "Stmt/FrToDt", faults)
            now.last_day = read_day(child_text(element, "ToDtTm"), "Stmt/FrToDt", faults)
        case "Acct":
            now.account = account_number(element)
        case "Bal":
            _take_balance(now, element, faults)
        case _:
            if is_booked(element):
                line_no = len(now.entries) + 1
                now.entries.append(_entry(element, line_no, faults))


def _take_balance(now: _Open, element: Element, faults: Faults) -> None:
    code = child_text(element, "Tp/CdOrPrtry/Cd")
    amount = signed_amount(element, "Stmt/Bal", faults)
    if code in _OPENING and now.opening_fen is None:
        now.opening_fen = amount
    elif code in _CLOSING:
        now.closing_fen = amount


def _entry(element: Element, line_no: int, faults: Faults) -> StatementEntry:
    pointer = f"entry/{line_no}"
    details = child(element, "NtryDtls/TxDtls")
    amount = signed_amount(element, pointer, faults)
    # The counterparty is the payer of money that came in, and the payee of money that went out.
    side = "Dbtr" if amount > 0 else "Cdtr"
    booked_on = child_text(element, "BookgDt/Dt") or child_text(element, "BookgDt/DtTm")
    value_date = child_text(element, "ValDt/Dt") or child_text(element, "ValDt/DtTm")
    serial = child_text(element, "AcctSvcrRef") or child_text(element, "NtryRef")
    reference = text = counter_account = counter_name = ""
    if details is not None:
        serial = serial or child_text(details, "Refs/AcctSvcrRef")
        reference = reference_of(details)
        text = child_text(details, "AddtlTxInf")
        counter_name, counter_account = party(details, side)
    return StatementEntry(
        line_no=line_no,
        booked_on=read_day(booked_on or value_date, pointer, faults),
        value_date=read_day(value_date, pointer, faults) if value_date else None,
        amount_fen=amount,
        serial=read_text(serial, pointer, faults, required=True, limit=64),
        reference=read_text(reference, pointer, faults),
        counter_account=read_text(counter_account, pointer, faults),
        counter_name=read_text(counter_name, pointer, faults),
        bank_code=bank_code_of(element),
        text=read_text(text or child_text(element, "AddtlNtryInf"), pointer, faults),
        raw={"reason": reason_of(details) if details is not None else ""},
    )
