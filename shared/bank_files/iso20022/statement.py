"""Statements of accounts (camt.053)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
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
from shared.bank_files.protocol import Faults, balance_differs
from shared.bank_files.values import AccountStatement, StatementEntry
from shared.bank_files.xml_reader import (
    Element,
    check_plain,
    child_text,
    read_elements,
    root_name,
)

_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)
_RECORDS: Final = {
    "Stmt": ("Id", "FrToDt", "Acct", "Bal", "Ntry"),
    "BkToCstmrStmt": ("Stmt",),
    "NtryDtls": ("TxDtls",),
}
"""A collective entry has all of its transactions: each is forgotten before the next."""


@dataclass(slots=True)
class _Open:
    """The statement that is being read, without its entries."""

    number: str = ""
    account: str = ""
    first_day: date | None = None
    last_day: date | None = None
    opening_fen: int | None = None
    closing_fen: int | None = None
    entries: int = 0
    total_fen: int = 0
    details: _Details | None = None
    """The first transaction of the entry that is being read."""


@dataclass(frozen=True, slots=True)
class _Details:
    """The facts that an entry takes from its first transaction."""

    serial: str
    reference: str
    text: str
    counter_name: str
    counter_account: str
    reason: str


_NO_DETAILS: Final = _Details("", "", "", "", "", "")


def parse_statement(source: IO[bytes]) -> Sequence[AccountStatement]:
    """Read the booked entries of every statement in a camt.053 file.

    Raises:
        BankFileInvalid: it is no camt.053 file, or its balances do not fit its entries.
    """
    faults, found, entries = Faults(), list[AccountStatement](), list[StatementEntry]()
    for one in _read(source, faults):
        if isinstance(one, StatementEntry):
            entries.append(one)
        else:
            found.append(_closed(one, entries))
            entries = []
    faults.refuse()
    return found


def stream_entries(source: IO[bytes]) -> Generator[StatementEntry, None, None]:
    """Read the booked entries of a camt.053 file one by one, as long as there is no fault.

    Raises:
        BankFileInvalid: at the latest at its end: it is no camt.053 file, or has faults.
    """
    faults = Faults()
    for one in _read(source, faults):
        if isinstance(one, StatementEntry) and not faults.count:
            yield one
    faults.refuse()


def _read(source: IO[bytes], faults: Faults) -> Iterator[StatementEntry | _Open]:
    """Read every entry, and after the entries of a statement the statement itself."""
    check_plain(source)
    namespace, _ = root_name(source)
    _, schema = schema_of(namespace, "camt.053")
    now, statements = _Open(), 0
    for name, element in read_elements(source, _RECORDS, schema):
        if name == "Stmt":
            statements += 1
            _check_balance(now, f"statement/{statements}", faults)
            yield now
            now = _Open()
        elif name == "Ntry":
            if is_booked(element):
                now.entries += 1
                entry = _entry(element, now.entries, now.details or _NO_DETAILS, faults)
                now.total_fen += entry.amount_fen
                yield entry
            now.details = None
        else:
            _take(now, name, element, faults)


def _check_balance(now: _Open, pointer: str, faults: Faults) -> None:
    if now.opening_fen is None or now.closing_fen is None:
        return
    if now.opening_fen + now.total_fen != now.closing_fen:
        balance_differs(pointer, faults)


def _closed(now: _Open, entries: Sequence[StatementEntry]) -> AccountStatement:
    days = [entry.booked_on for entry in entries]
    return AccountStatement(
        account=now.account,
        number=now.number,
        first_day=now.first_day or min(days, default=None),
        last_day=now.last_day or max(days, default=None),
        opening_fen=now.opening_fen,
        closing_fen=now.closing_fen,
        entries=tuple(entries),
    )


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
            now.details = now.details or _details(element)


def _details(element: Element) -> _Details:
    """Read a transaction. Its entry's direction stands before it; the schema says so."""
    entry = element.getparent().getparent()
    # The counterparty is the payer of money that came in, and the payee of money that went out.
    side = "Cdtr" if child_text(entry, "CdtDbtInd") == "DBIT" else "Dbtr"
    name, account = party(element, side)
    return _Details(
        serial=child_text(element, "Refs/AcctSvcrRef"),
        reference=reference_of(element),
        text=child_text(element, "AddtlTxInf"),
        counter_name=name,
        counter_account=account,
        reason=reason_of(element),
    )


def _take_balance(now: _Open, element: Element, faults: Faults) -> None:
    code = child_text(element, "Tp/CdOrPrtry/Cd")
    amount = signed_amount(element, "Stmt/Bal", faults)
    if code in _OPENING and now.opening_fen is None:
        now.opening_fen = amount
    elif code in _CLOSING:
        now.closing_fen = amount


def _entry(element: Element, line_no: int, details: _Details, faults: Faults) -> StatementEntry:
    pointer = f"entry/{line_no}"
    booked_on = child_text(element, "BookgDt/Dt") or child_text(element, "BookgDt/DtTm")
    value_date = child_text(element, "ValDt/Dt") or child_text(element, "ValDt/DtTm")
    serial = child_text(element, "AcctSvcrRef") or child_text(element, "NtryRef")
    text = details.text or child_text(element, "AddtlNtryInf")
    return StatementEntry(
        line_no=line_no,
        booked_on=read_day(booked_on or value_date, pointer, faults),
        value_date=read_day(value_date, pointer, faults) if value_date else None,
        amount_fen=signed_amount(element, pointer, faults),
        serial=read_text(serial or details.serial, pointer, faults, required=True, limit=64),
        reference=read_text(details.reference, pointer, faults),
        counter_account=read_text(details.counter_account, pointer, faults),
        counter_name=read_text(details.counter_name, pointer, faults),
        bank_code=bank_code_of(element),
        text=read_text(text, pointer, faults),
        raw={"reason": details.reason},
    )
