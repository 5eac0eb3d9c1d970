"""Published examples of every benefit but the pension, exact to the fen from rows alone."""

from typing import Any

import pytest

from services.payout.formulas.domain.rules import RULES, value_faults
from services.payout.formulas.store import shipped as shipped_formula_store
from shared.effective import overlaps
from shared.money import format_yuan
from tests.payout.support.formulas import examples, quoted

FILES = ("unemployment", "maternity", "hospital", "stable_job", "injury", "death")
CASES = [
    pytest.param(example, case, id=f"{name} {example['source']['title']} {case['name']}")
    for name in FILES
    for example in examples(name)
    for case in example["cases"]
]


@pytest.mark.parametrize(("example", "case"), CASES)
def test_a_published_example_is_met_to_the_fen(
    example: dict[str, Any], case: dict[str, Any]
) -> None:
    quote = quoted(example["rows"], case["on"], case["benefit"])
    assert {line.id: format_yuan(line.amount_fen) for line in quote.lines} == case["lines"]
    if "total" in case:
        assert format_yuan(quote.total_fen) == case["total"]
    facts = {fact.id: fact.value for fact in quote.facts}
    assert facts | case.get("facts", {}) == facts
    assert quote.eligible is case.get("eligible", True)


@pytest.mark.parametrize(
    ("names", "least"),
    [
        (("unemployment",), 5),
        (("maternity",), 4),
        (("hospital",), 3),
        (("stable_job",), 4),
        (FILES, 20),
    ],
)
def test_the_sources_are_many_and_named(names: tuple[str, ...], least: int) -> None:
    sources = {example["source"]["address"] for name in names for example in examples(name)}
    assert len(sources) >= least


def test_every_shipped_row_is_faultless_and_has_a_source() -> None:
    rows = shipped_formula_store.rows()
    assert [
        (row.rule, row.place, faults)
        for row in rows
        if (faults := value_faults(row.rule, row.value))
    ] == []
    assert all(row.source for row in rows)
    for rule in RULES:
        for place in ("china", "tianjin"):
            assert overlaps([r for r in rows if (r.rule, r.place) == (rule, place)]) == []
