"""Rows of plain formats (CSV, JSON, GBK XML): a row is a table of fields and texts.

A format only reads and writes rows; their meaning is here, once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from shared.bank_files.fields import read_amount, read_day, read_serial, read_text
from shared.bank_files.protocol import BankFileInvalid, Faults, balance_differs, check_balance
from shared.bank_files.values import (
    AccountStatement,
    Acknowledgement,
    BankOutcome,
    BankResult,
    FileRefusal,
    OrderFile,
    StatementEntry,
)
from shared.money import format_yuan

Row = Mapping[str, str]
ROWS_MAX: Final = 1_000_000
ORDER_FIELDS: Final = (
    "file_no",
    "line",
    "kind",
    "due_on",
    "account",
    "name",
    "bank",
    "bank_code",
    "amount",
    "mandate",
    "purpose",
)
WHOLE_FILE: Final = "0"
"""The line number under which a bank refuses a whole file."""
_OUTCOMES: Final = {
    "settled": BankOutcome.SETTLED,
    "paid": BankOutcome.SETTLED,
    "成功": BankOutcome.SETTLED,
    "refused": BankOutcome.REFUSED,
    "失败": BankOutcome.REFUSED,
    "returned": BankOutcome.RETURNED,
    "退回": BankOutcome.RETURNED,
    "unknown": BankOutcome.UNKNOWN,
    "不明": BankOutcome.UNKNOWN,
}


def order_cells(file: OrderFile) -> Iterator[tuple[str, ...]]:
    """Write the orders of a file, each as the cells of `ORDER_FIELDS`."""
    number, kind, due_on = file.number, file.kind.value, file.due_on.isoformat()
    for order in file.orders:
        account = order.account
        yield (
            number,
            str(order.line_no),
            kind,
            due_on,
            account.number,
            account.name,
            account.bank,
            account.bank_code,
            format_yuan(order.amount_fen),
            order.mandate,
            order.purpose,
        )


def order_rows(file: OrderFile) -> Iterator[dict[str, str]]:
    """Write the orders of a file as rows."""
    return (dict(zip(ORDER_FIELDS, cells, strict=True)) for cells in order_cells(file))


def acknowledgement_of(number: str, rows: Iterable[Row]) -> Acknowledgement:
    """Read the rows of an acknowledgement.

    Raises:
        BankFileInvalid: rows have faults, or there is none.
    """
    faults, results, refused = Faults(), list[BankResult](), list[FileRefusal]()
    for index, row in enumerate(_bounded(rows), 1):
        result = _result(row, f"line/{index}", faults)
        if result.line_no:
            results.append(result)
        else:
            refused.append(FileRefusal(result.file_no, result.reason_code, result.reason))
    if not results and not refused:
        faults.add("", "FILE_EMPTY", "文件中没有明细 (the file has no lines)")
    faults.refuse()
    return Acknowledgement(number, tuple(results), tuple(refused))


def _result(row: Row, at: str, faults: Faults) -> BankResult:
    line = row.get("line", "").strip()
    if not (line.isascii() and line.isdigit() and len(line) <= 8):
        faults.add(f"{at}/line", "LINE_INVALID", "行号无法识别 (not a line number)")
        line = WHOLE_FILE
    outcome = _OUTCOMES.get(row.get("outcome", "").strip().lower())
    if outcome is None or (line == WHOLE_FILE and outcome is not BankOutcome.REFUSED):
        faults.add(f"{at}/outcome", "OUTCOME_UNKNOWN", "结果无法识别 (not an outcome)")
        outcome = BankOutcome.UNKNOWN
    whole, day, amount = int(line) == 0, row.get("value_date", ""), row.get("amount", "")
    code, reason = row.get("reason_code", ""), row.get("reason", "")
    needs_amount = outcome is BankOutcome.SETTLED or outcome is BankOutcome.RETURNED
    return BankResult(
        file_no=read_text(row.get("file_no", ""), f"{at}/file_no", faults, required=True, limit=64),
        line_no=int(line),
        outcome=outcome,
        serial=read_serial(row.get("serial", ""), f"{at}/serial", faults, required=not whole),
        amount_fen=read_amount(amount, f"{at}/amount", faults)
        if amount.strip() or needs_amount
        else None,
        value_date=read_day(day, f"{at}/value_date", faults) if day.strip() else None,
        reason_code=read_serial(code, f"{at}/reason_code", faults) or None if code else None,
        reason=read_text(reason, f"{at}/reason", faults, limit=200) or None if reason else None,
    )


def statements_of(rows: Iterable[Row]) -> Sequence[AccountStatement]:
    """Read the rows of statements; consecutive rows of one account and number are one statement.

    Raises:
        BankFileInvalid: rows have faults, or there is none.
    """
    faults, found = Faults(), list[AccountStatement]()
    numbered = enumerate(_bounded(rows), 1)
    for (account, number), group in groupby(
        numbered, lambda one: (one[1].get("account", ""), one[1].get("statement", ""))
    ):
        found.append(_statement(account, number, list(group), faults))
        check_balance(found[-1], f"statement/{len(found)}", faults)
    if not found:
        faults.add("", "FILE_EMPTY", "文件中没有明细 (the file has no lines)")
    faults.refuse()
    return found


def entries_of(
    rows: Iterable[Row], *, balances: bool = False
) -> Generator[StatementEntry, None, None]:
    """Read the rows of statements one by one, as long as none has a fault.

    Args:
        balances: check the balances that the rows of a statement give.

    Raises:
        BankFileInvalid: at the end of the rows, with the faults of all of them.
    """
    faults, now, statements = Faults(), _RunningBalance(("", "")), 0
    for index, row in enumerate(_bounded(rows), 1):
        key = (row.get("account", ""), row.get("statement", ""))
        if balances and (key != now.key or not statements):
            now.check(f"statement/{statements}", faults)
            now, statements = _RunningBalance(key), statements + 1
        entry = _entry(row, index, faults)
        if balances:
            now.add(row, entry, index, faults)
        if not faults.count:
            yield entry
    now.check(f"statement/{statements}", faults)
    faults.refuse()


@dataclass(slots=True)
class _RunningBalance:
    """The balances that the rows of one statement give, and the sum of its entries so far."""

    key: tuple[str, str]
    opening_fen: int | None = None
    closing_fen: int | None = None
    total_fen: int = 0

    def add(self, row: Row, entry: StatementEntry, index: int, faults: Faults) -> None:
        """Add a row: the first balance that is given counts."""
        self.total_fen += entry.amount_fen
        if self.opening_fen is None:
            self.opening_fen = _balance([(index, row)], "opening", faults)
        if self.closing_fen is None:
            self.closing_fen = _balance([(index, row)], "closing", faults)

    def check(self, pointer: str, faults: Faults) -> None:
        """Add a fault where the entries do not lead from one balance to the other."""
        if self.opening_fen is None or self.closing_fen is None:
            return
        if self.opening_fen + self.total_fen != self.closing_fen:
            balance_differs(pointer, faults)


def _statement(
    account: str, number: str, rows: Sequence[tuple[int, Row]], faults: Faults
) -> AccountStatement:
    at = f"line/{rows[0][0]}"
    entries = tuple(_entry(row, index, faults) for index, row in rows)
    return AccountStatement(
        account=read_text(account, f"{at}/account", faults, required=True, limit=64),
        number=read_text(number, f"{at}/statement", faults, limit=64),
        first_day=min(entry.booked_on for entry in entries),
        last_day=max(entry.booked_on for entry in entries),
        opening_fen=_balance(rows, "opening", faults),
        closing_fen=_balance(rows, "closing", faults),
        entries=entries,
    )


def _balance(rows: Sequence[tuple[int, Row]], name: str, faults: Faults) -> int | None:
    """Read a balance of a statement: the first that a row gives; others must be the same."""
    given = {row.get(name, "").strip(): index for index, row in reversed(rows)}
    given.pop("", None)
    if not given:
        return None
    text, index = next(reversed(given.items()))
    if len(given) > 1:
        faults.add(
            f"line/{index}/{name}", "BALANCE_DIFFERS", "余额前后不一 (two balances are given)"
        )
    return read_amount(text, f"line/{index}/{name}", faults, signed=True)


def _entry(row: Row, index: int, faults: Faults) -> StatementEntry:
    at = f"line/{index}"
    day = row.get("value_date", "")

    def text(name: str, *, required: bool = False) -> str:
        return read_text(row.get(name, ""), f"{at}/{name}", faults, required=required)

    return StatementEntry(
        line_no=index,
        booked_on=read_day(row.get("booked_on", ""), f"{at}/booked_on", faults),
        amount_fen=read_amount(row.get("amount", ""), f"{at}/amount", faults, signed=True),
        serial=read_text(row.get("serial", ""), f"{at}/serial", faults, required=True, limit=64),
        reference=text("reference"),
        value_date=read_day(day, f"{at}/value_date", faults) if day.strip() else None,
        counter_account=text("counter_account"),
        counter_name=text("counter_name"),
        bank_code=text("bank_code"),
        text=text("text"),
        raw={name: value for name, value in row.items() if value},
    )


def _bounded(rows: Iterable[Row]) -> Iterator[Row]:
    for index, row in enumerate(rows, 1):
        if index > ROWS_MAX:
            faults = Faults()
            faults.add("", "FILE_TOO_LONG", f"超过 {ROWS_MAX} 行 (too many lines)")
            raise BankFileInvalid(faults=faults.found, count=1)
        yield row
