"""Business, books and statistics side by side: the opening, and what the month moved."""

from shared.wire.three_totals import three_totals

CONTROL = {
    "pension": {
        "items": {
            "levied": {
                "business": "9.00",
                "statistics": "8.00",
                "opening": {"business": "5.00", "statistics": "5.00"},
            }
        }
    }
}


def test_the_month_is_what_came_after_the_opening() -> None:
    books = {
        "funds": {"pension": {"levied": "9.00"}, "medical": {"benefits": "1.00"}},
        "opening": {"pension": {"levied": "4.00"}},
    }
    found = {
        (one.fund, one.item, one.is_opening): (one.sums, one.apart_fen)
        for one in three_totals(CONTROL, books)
        if one.is_reported
    }
    assert found == {
        ("medical", "benefits", False): ((0, 100, 0), 100),
        ("pension", "levied", True): ((500, 400, 500), 100),
        ("pension", "levied", False): ((400, 500, 300), 200),
    }
