"""Papers of a month add up, whatever the chain; which of them a correction restates."""

from collections import defaultdict
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.billing.domain.bill import BillItem, net_items, split_by_sign
from services.collection.common.domain.errors import CorrectionUnfinished, NotBilledYet
from services.collection.filing.domain.late import ExistingDeclaration
from services.collection.filing.domain.records import LineRow
from services.collection.filing.domain.restatement import (
    CORRECTED,
    corrected_lines,
    correction_plan,
    net_by_party,
    own_lines,
    restated,
)

Key = tuple[str, str, str, str]

own = st.lists(
    st.builds(
        LineRow,
        line_no=st.just(0),
        level=st.sampled_from(["people", "unit"]),
        insurance=st.sampled_from(["pension", "medical", "maternity"]),
        party=st.sampled_from(["unit", "personal"]),
        account=st.sampled_from(["pooled", "personal_account"]),
        fund=st.sampled_from(["pension", "medical"]),
        rule=st.sampled_from(["r1", "r2"]),
        base_fen=st.integers(0, 10**12),
        amount_fen=st.integers(0, 10**12),
    ),
    max_size=12,
)


def summed(lines: list[LineRow]) -> dict[Key, int]:
    sums: dict[Key, int] = defaultdict(int)
    for line in lines:
        sums[line.insurance, line.party, line.account, line.fund] += line.amount_fen
    return {key: fen for key, fen in sums.items() if fen}


def chain(months: list[list[LineRow]]) -> list[list[LineRow]]:
    papers: list[list[LineRow]] = []
    for month in months:
        papers.append(restated(month, papers[-1] if papers else []))
    return papers


@given(st.lists(own, min_size=1, max_size=6))
def test_all_lines_of_a_month_sum_to_what_its_last_paper_levies(
    months: list[list[LineRow]],
) -> None:
    papers = chain(months)
    assert summed([line for paper in papers for line in paper]) == summed(months[-1])
    net = net_by_party([line for paper in papers for line in paper])
    assert sum(net.values()) == sum(line.amount_fen for line in months[-1])


@given(st.lists(own, min_size=1, max_size=6))
def test_what_is_billed_less_what_is_credited_is_what_the_last_paper_levies(
    months: list[list[LineRow]],
) -> None:
    issued: dict[Key, int] = defaultdict(int)
    for paper in chain(months):
        levied = [
            BillItem(
                insurance=line.insurance,
                party=line.party,
                account=line.account,
                fund=line.fund,
                amount_fen=line.amount_fen,
            )
            for line in paper
        ]
        more, less = split_by_sign(net_items(levied))
        assert all(line.amount_fen > 0 for line in (*more, *less))
        for sign, lines in ((1, more), (-1, less)):
            for line in lines:
                key = (line.insurance, line.party, line.account, line.fund)
                issued[key] += sign * line.amount_fen
    assert {key: fen for key, fen in issued.items() if fen} == summed(months[-1])


@given(own, own)
def test_a_corrected_line_is_its_line_with_the_opposite_sign(
    first: list[LineRow], second: list[LineRow]
) -> None:
    paper = restated(first, restated(second, []))
    taken_back = [line for line in paper if line.level == CORRECTED]
    assert own_lines(paper) == first
    assert [(line.rule, -line.base_fen, -line.amount_fen) for line in taken_back] == [
        (line.rule, line.base_fen, line.amount_fen) for line in second
    ]
    numbers = [line.line_no for line in taken_back]
    assert numbers == list(range(len(first) + 1, len(first) + len(second) + 1))


def test_what_a_paper_took_back_is_not_taken_back_again() -> None:
    line = LineRow(
        line_no=1,
        level="people",
        insurance="pension",
        party="unit",
        account="pooled",
        fund="pension",
        rule="r",
        base_fen=100,
        amount_fen=16,
    )
    second = restated([line], [line])
    assert [one.level for one in second] == ["people", CORRECTED]
    assert [one.level for one in corrected_lines(second, 1)] == [CORRECTED]


def paper(number: int, kind: str, status: str, corrects: int | None = None) -> ExistingDeclaration:
    return ExistingDeclaration(
        unit_id=7,
        id=UUID(int=number),
        kind=kind,
        status=status,
        round=1,
        corrects=None if corrects is None else UUID(int=corrects),
        in_summary=False,
    )


@pytest.mark.parametrize("status", ["billed", "settled"])
def test_the_last_billed_paper_is_restated(status: str) -> None:
    first, second = paper(1, "monthly", "settled"), paper(2, "adjustment", status, 1)
    assert correction_plan([second, first]).corrects == second
    assert correction_plan([paper(1, "default", status)]).corrects == paper(1, "default", status)


@pytest.mark.parametrize("status", ["submitted", "accepted", "reviewed", "audited", "returned"])
def test_what_is_not_billed_is_not_restated(status: str) -> None:
    with pytest.raises(NotBilledYet):
        correction_plan([paper(1, "monthly", status)])


@pytest.mark.parametrize("status", ["submitted", "accepted", "reviewed", "audited"])
def test_an_unfinished_correction_comes_first(status: str) -> None:
    with pytest.raises(CorrectionUnfinished):
        correction_plan([paper(1, "monthly", "billed"), paper(2, "adjustment", status, 1)])


def test_a_returned_correction_is_submitted_again_over_the_same_paper() -> None:
    first, returned = paper(1, "monthly", "billed"), paper(2, "adjustment", "returned", 1)
    plan = correction_plan([first, returned])
    assert (plan.again, plan.corrects) == (returned, first)
