"""Rules of a push as a whole: its control totals and its dates. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.collection.common.domain.errors import ControlTotalsDiffer
from services.collection.tax.domain.line import TaxLine
from shared.errors import Fault, Faulty
from shared.money import format_yuan


def check(lines: Sequence[TaxLine], *, count: int, total_fen: int, collected_on: date) -> None:
    """Check a push against its own control totals and dates.

    Raises:
        ControlTotalsDiffer: the number or sum of the lines differs from the control totals.
        Faulty: lines are paid after the day of collection.
    """
    check_totals(
        len(lines), sum(line.amount_fen for line in lines), count=count, total_fen=total_fen
    )
    late = [
        Fault(
            f"/lines/{index}/paid_on",
            "PAID_AFTER_COLLECTION",
            "缴纳日晚于征收日 (paid after the day of collection)",
        )
        for index, line in enumerate(lines)
        if line.paid_on > collected_on
    ]
    if late:
        raise Faulty(faults=late[:1000], count=len(late))


def check_totals(found: int, found_fen: int, *, count: int, total_fen: int) -> None:
    """Compare lines and their sum with the control totals.

    Raises:
        ControlTotalsDiffer: one of them differs.
    """
    faults = []
    if count != found:
        faults.append(Fault("/control/count", "COUNT_DIFFERS", f"{count} ≠ {found}"))
    if total_fen != found_fen:
        control, summed = format_yuan(total_fen), format_yuan(found_fen)
        faults.append(Fault("/control/total", "TOTAL_DIFFERS", f"{control} ≠ {summed}"))
    if faults:
        raise ControlTotalsDiffer(faults=faults)
