"""ISO 20022 as a format of bank files."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import IO

from shared.bank_files.iso20022.orders import build_batch
from shared.bank_files.iso20022.results import parse_acknowledgement
from shared.bank_files.iso20022.statement import parse_statement, stream_entries
from shared.bank_files.values import (
    AccountStatement,
    Acknowledgement,
    OrderFile,
    OrderKind,
    StatementEntry,
)


class Iso20022Format:
    """Messages of ISO 20022: pain.008 and pain.001 out; pain.002, camt.054 and camt.053 in."""

    name = "iso20022"
    media_type = "application/xml"
    suffix = "xml"

    def build_batch(self, file: OrderFile) -> bytes:
        """Build the file of orders."""
        return build_batch(file)

    def parse_acknowledgement(self, source: IO[bytes], kind: OrderKind) -> Acknowledgement:
        """Read the bank's results of orders of a kind."""
        return parse_acknowledgement(source, kind)

    def parse_statement(self, source: IO[bytes]) -> Sequence[AccountStatement]:
        """Read the statements of accounts."""
        return parse_statement(source)

    def stream_entries(self, source: IO[bytes]) -> Generator[StatementEntry, None, None]:
        """Read the entries of statements one by one."""
        return stream_entries(source)
