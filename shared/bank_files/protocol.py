"""The protocol that every bank format keeps, and the refusals of files that do not."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import IO, Final, Protocol

from shared.bank_files.values import (
    AccountStatement,
    Acknowledgement,
    OrderFile,
    OrderKind,
    StatementEntry,
)
from shared.errors import Fault, Kind, Refusal

FAULTS_MAX: Final = 1000
"""The most faults of a file that an answer lists."""


class BankFileInvalid(Refusal):
    """银行文件有误,整份不收 (the bank file has faults; nothing of it is taken)"""

    kind = Kind.INVALID
    code = "BANK_FILE_INVALID"


class BankFileUnsigned(Refusal):
    """该行文件须签名,文件未签名,整份不收 (this bank signs its files; the file has no signature)"""

    kind = Kind.INVALID
    code = "BANK_FILE_UNSIGNED"


class BankFileSignatureWrong(Refusal):
    """银行文件签名不符,整份不收 (the signature is not one of this bank over this file)"""

    kind = Kind.INVALID
    code = "BANK_FILE_SIGNATURE_WRONG"


class BankFormat(Protocol):
    """A format of files to and from a bank.

    Parsers read a whole file and raise `BankFileInvalid` with every fault, or return all of it;
    the file itself is a stream, and only its results are held. `stream_entries` holds nothing.
    They take seconds for a large file: call them in a worker thread.
    """

    name: str
    media_type: str
    suffix: str

    def build_batch(self, file: OrderFile) -> bytes:
        """Build the file of orders."""
        ...

    def parse_acknowledgement(self, source: IO[bytes], kind: OrderKind) -> Acknowledgement:
        """Read the bank's results of orders of a kind."""
        ...

    def parse_statement(self, source: IO[bytes]) -> Sequence[AccountStatement]:
        """Read the statements of accounts."""
        ...

    def stream_entries(self, source: IO[bytes]) -> Generator[StatementEntry, None, None]:
        """Read the entries of statements one by one; refuse at the end where there was a fault."""
        ...


class Faults:
    """The faults found in a file so far."""

    def __init__(self) -> None:
        self.found: list[Fault] = []
        self.count = 0

    def add(self, pointer: str, code: str, message: str) -> None:
        """Add a fault; those beyond the limit are counted only."""
        self.count += 1
        if len(self.found) < FAULTS_MAX:
            self.found.append(Fault(pointer, code, message))

    def refuse(self) -> None:
        """Refuse the file if there is any fault.

        Raises:
            BankFileInvalid: with the faults.
        """
        if self.count:
            raise BankFileInvalid(faults=self.found, count=self.count)


def check_balance(statement: AccountStatement, pointer: str, faults: Faults) -> None:
    """Add a fault when the movements do not lead from the opening to the closing balance."""
    if statement.opening_fen is None or statement.closing_fen is None:
        return
    expected = statement.opening_fen + statement.total_fen
    if expected != statement.closing_fen:
        balance_differs(pointer, faults)


def balance_differs(pointer: str, faults: Faults) -> None:
    """Add the fault of a statement whose balances do not fit its movements."""
    faults.add(
        pointer,
        "BALANCE_DIFFERS",
        "期初余额加发生额不等于期末余额 (opening balance plus movements is not the closing balance)",
    )


def refuse(pointer: str, code: str, message: str) -> BankFileInvalid:
    """Build the refusal of a file for one fault."""
    return BankFileInvalid(faults=[Fault(pointer, code, message)], count=1)
