"""A new row replaces those of its days, or lets an earlier one end."""

from datetime import date
from uuid import UUID

import pytest

from services.payout.formulas.domain.row import FormulaRow
from services.payout.formulas.domain.version import RowCutsAnother, RowDraft, succession


def row(number: int, first: date, last: date | None) -> FormulaRow:
    return FormulaRow(
        id=UUID(int=number),
        rule="minimum_wage",
        place="tianjin",
        title="月最低工资标准",
        in_force_from=first,
        in_force_to=last,
        value={"amount": "2320.00"},
        source="s",
        certain=True,
    )


OLD = row(1, date(2023, 1, 1), date(2023, 12, 31))
OPEN = row(2, date(2024, 1, 1), None)


def test_an_open_row_ends_on_the_day_before_its_successor() -> None:
    changes = succession(row(3, date(2025, 7, 1), None), [OLD, OPEN])
    assert changes.replaced == ()
    assert changes.ended == ((OPEN.id, date(2025, 6, 30)),)


def test_a_correction_of_the_same_days_replaces() -> None:
    changes = succession(row(3, date(2023, 1, 1), None), [OLD, OPEN])
    assert changes.replaced == (OLD.id, OPEN.id)


def test_a_row_between_others_changes_none() -> None:
    changes = succession(row(3, date(2022, 1, 1), date(2022, 12, 31)), [OLD, OPEN])
    assert changes == succession(row(3, date(2022, 1, 1), date(2022, 12, 31)), [])


def test_a_row_may_not_cut_the_middle_out_of_another() -> None:
    with pytest.raises(RowCutsAnother):
        succession(row(3, date(2024, 3, 1), date(2024, 5, 31)), [OLD, OPEN])


def draft(rule: str, value: dict[str, object]) -> list[str]:
    proposed = RowDraft(
        rule=rule,
        place="tianjin",
        in_force_from=date(2025, 1, 1),
        in_force_to=date(2024, 1, 1),
        value=value,
        source="s",
        certain=True,
        note="n",
    )
    return sorted(f"{fault.pointer} {fault.code}" for fault in proposed.faults())


def test_every_fault_of_a_draft_is_named_at_once() -> None:
    assert draft("unknown", {}) == ["/in_force_to DAYS_REVERSED", "/rule RULE_UNKNOWN"]
    assert draft("minimum_wage", {"amount": 2320, "amout": "1.00"}) == [
        "/in_force_to DAYS_REVERSED",
        "/value/amount AMOUNT_MALFORMED",
        "/value/amout MEMBER_UNKNOWN",
    ]
    assert draft(
        "pension_parts", {"parts": [{"id": "basic", "name": "基础", "form": "guess"}]}
    ) == [
        "/in_force_to DAYS_REVERSED",
        "/value/parts/0/form WORD_UNKNOWN",
    ]
