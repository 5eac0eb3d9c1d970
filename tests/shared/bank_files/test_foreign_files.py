"""Files that other people's generators made are read; `files/README.md` names the generators."""

from datetime import date
from pathlib import Path

import pytest

from shared.bank_files.formats import bank_format
from shared.bank_files.values import BankOutcome, OrderKind

FILES = Path(__file__).parent / "files"
ISO = bank_format("iso20022")
NUMBER = "D20210728-0a1b2c3d4e5f"


@pytest.mark.parametrize("version", ["03", "12"])
def test_an_acknowledgement_of_pain001_is_read(version: str) -> None:
    with (FILES / f"pain001-pain.002.001.{version}.xml").open("rb") as source:
        found = ISO.parse_acknowledgement(source, OrderKind.DEBIT)
    assert [(one.file_no, one.line_no, one.outcome) for one in found.results] == [
        (NUMBER, 1, BankOutcome.SETTLED),
        (NUMBER, 2, BankOutcome.REFUSED),
        (NUMBER, 3, BankOutcome.UNKNOWN),
    ]
    assert found.results[1].reason_code == "AM04"


def test_a_statement_of_camt053_is_read() -> None:
    with (FILES / "camt053-camt.053.001.08.xml").open("rb") as source:
        (statement,) = ISO.parse_statement(source)
    assert (statement.account, statement.closing_fen) == ("1100", 89_950)
    (entry,) = statement.entries
    assert (entry.booked_on, entry.amount_fen) == (date(2021, 7, 28), -10_050)
    assert (entry.serial, entry.reference) == ("REV-1", f"{NUMBER}-1")
    assert entry.raw["reason"] == "AC04"
