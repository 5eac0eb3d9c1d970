"""Entries of the treasury (国库), ticket by ticket. Pure.

Money of a ticket goes from the tax bureau into the treasury (入库) and from there to the fiscal account
(划转). What was given back leaves the treasury again (退库): a negative entry of the refund's ticket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.collection.common.domain.errors import ControlTotalsDiffer
from services.collection.tax.domain.intake import LineResult, Outcome
from shared.errors import Fault
from shared.money import format_yuan

ENTRY_REUSED = "ENTRY_REUSED"
ENTRY_REUSED_MESSAGE = "该入库凭证号下此税票另有金额 (the entry has another amount for this ticket)"


class TreasuryStep(StrEnum):
    """The steps of money in the treasury."""

    RECEIVED = "received"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreasuryEntry:
    """An entry of the treasury's list, for one ticket."""

    entry_no: str
    step: TreasuryStep
    authority: str
    ticket: str
    amount_fen: int

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what names the entry within its treasury."""
        return self.entry_no, self.step.value, self.authority, self.ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class TreasuryList:
    """A treasury's list of a day, with its control totals."""

    treasury: str
    list_no: str
    day: date
    count: int
    total_fen: int
    entries: Sequence[TreasuryEntry]


def check(given: TreasuryList) -> None:
    """Check a list against its own control totals.

    Raises:
        ControlTotalsDiffer: the number or the sum differs.
    """
    faults = []
    found_fen = sum(entry.amount_fen for entry in given.entries)
    if given.count != len(given.entries):
        message = f"{given.count} ≠ {len(given.entries)}"
        faults.append(Fault("/control/count", "COUNT_DIFFERS", message))
    if given.total_fen != found_fen:
        message = f"{format_yuan(given.total_fen)} ≠ {format_yuan(found_fen)}"
        faults.append(Fault("/control/total", "TOTAL_DIFFERS", message))
    if faults:
        raise ControlTotalsDiffer(faults=faults)


def sort_entries(
    entries: Sequence[TreasuryEntry], known: Mapping[tuple[str, str, str, str], int]
) -> tuple[list[TreasuryEntry], list[LineResult]]:
    """Divide entries into new ones, and the results of repeats and contradictions."""
    seen, new, results = dict(known), [], []
    for entry in entries:
        before = seen.get(entry.key)
        if before is None:
            seen[entry.key] = entry.amount_fen
            new.append(entry)
        elif before == entry.amount_fen:
            results.append(LineResult(entry.ticket, 0, Outcome.REPLAYED))
        else:
            results.append(
                LineResult(entry.ticket, 0, Outcome.REJECTED, ENTRY_REUSED, ENTRY_REUSED_MESSAGE)
            )
    return new, results
