"""A month is not closed over a difference between business, books and statistics."""

from datetime import date
from uuid import UUID

import pytest

from services.ledger.closing.domain.closing import (
    Closing,
    ClosingAction,
    ClosingEvidence,
    ClosingProgress,
    ClosingStatus,
    ControlTotals,
    require_closable,
)
from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.rules.domain.closing_rule import Level, Rule, last_day
from shared.wire.control_item import ControlItem, ItemTotals

TODAY = date(2022, 3, 1)
RULES = frozenset({Rule.TOTALS_TIE})


def month(control: dict[str, ControlTotals] | None) -> Closing:
    return Closing(
        id=UUID(int=1),
        region="tianjin",
        action=ClosingAction.CLOSE,
        level=Level.MONTH,
        day=last_day(Level.MONTH, "2021-07"),
        reason="",
        control=control,
        status=ClosingStatus.PROPOSED,
        proposed_by="a",
    )


@pytest.mark.parametrize("item", list(ControlItem))
@pytest.mark.parametrize(
    ("business_fen", "books_fen", "statistics_fen", "code"),
    [
        (7, 7, 7, None),
        (-7, -7, -7, None),
        (8, 7, 7, "THREE_TOTALS_DIFFER"),
        (7, 8, 7, "THREE_TOTALS_DIFFER"),
        (7, 7, 8, "THREE_TOTALS_DIFFER"),
    ],
)
def test_each_of_three_totals_is_compared(
    item: ControlItem, business_fen: int, books_fen: int, statistics_fen: int, code: str | None
) -> None:
    totals = ItemTotals(business_fen, statistics_fen)
    paper = month({"pension": ControlTotals(items={item: totals})})
    seen = ClosingEvidence(items={"pension": {item: books_fen}})
    if code is None:
        require_closable(paper, ClosingProgress(), seen, RULES, TODAY)
        return
    with pytest.raises(LedgerRefusal) as caught:
        require_closable(paper, ClosingProgress(), seen, RULES, TODAY)
    [fault] = caught.value.faults
    assert (fault.code, fault.pointer) == (code, f"/control/funds/pension/items/{item}")
    for source in ("business", "books", "statistics"):
        assert f"{source}=0.0" in fault.message


@pytest.mark.parametrize(
    ("opening", "closing", "pointers"),
    [
        ((5, 5, 5), (7, 7, 7), []),
        ((4, 5, 5), (6, 7, 7), ["/opening"]),
        ((5, 4, 5), (7, 7, 7), ["/opening", ""]),
        ((5, 5, 4), (7, 7, 7), ["/opening", ""]),
        ((5, 5, 5), (7, 7, 6), [""]),
    ],
)
def test_a_change_of_an_earlier_month_does_not_hide(
    opening: tuple[int, int, int], closing: tuple[int, int, int], pointers: list[str]
) -> None:
    """Each is (business, books, statistics); what the month moved is the difference."""
    item = ControlItem.COLLECTED
    totals = ItemTotals(closing[0], closing[2], opening[0], opening[2])
    paper = month({"pension": ControlTotals(items={item: totals})})
    seen = ClosingEvidence(
        items={"pension": {item: closing[1]}}, opening={"pension": {item: opening[1]}}
    )
    if not pointers:
        require_closable(paper, ClosingProgress(), seen, RULES, TODAY)
        return
    with pytest.raises(LedgerRefusal) as caught:
        require_closable(paper, ClosingProgress(), seen, RULES, TODAY)
    assert [fault.pointer for fault in caught.value.faults] == [
        f"/control/funds/pension/items/{item}{one}" for one in pointers
    ]


@pytest.mark.parametrize("control", [None, {}, {"medical": ControlTotals()}])
def test_what_the_books_have_must_be_told(control: dict[str, ControlTotals] | None) -> None:
    seen = ClosingEvidence(
        items={"medical": {ControlItem.LEVIED: 5, ControlItem.SUSPENSE: 3, ControlItem.BENEFITS: 0}}
    )
    with pytest.raises(LedgerRefusal) as caught:
        require_closable(month(control), ClosingProgress(), seen, RULES, TODAY)
    assert [fault.code for fault in caught.value.faults] == ["CONTROL_TOTALS_EXPECTED"] * 2
