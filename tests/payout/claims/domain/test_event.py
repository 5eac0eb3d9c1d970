"""Events by the key that the row of their kind names."""

from dataclasses import replace
from datetime import date

import pytest

from services.payout.benefits.domain import Once
from services.payout.claims.domain.claim import ClaimLine
from services.payout.claims.domain.event import (
    ClaimedEvent,
    EventSource,
    PaperKey,
    births_of,
    events_of,
    readable_papers,
    same_event,
    sibling_events,
)
from shared.ids import Ref
from shared.period import Period

PERIOD = Period(2021, 7)
LINE = ClaimLine(
    line_no=1,
    payee_name=b"n",
    bank="b",
    bank_number=b"1",
    bank_holder=b"h",
    amount_fen=1,
    reference="ZY - 1",
    person_id=77,
    event_on=date(2021, 6, 5),
)
PAPERS = {1: [PaperKey("k", "k:n:zy-1", 5, "abc")]}


def source(once: Once) -> EventSource:
    return EventSource(kind="k", once=once, period=PERIOD, credit_code="91120101MA00000006")


@pytest.mark.parametrize(
    ("once", "texts"),
    [
        (Once.NONE, []),
        (Once.PERSON, ["k"]),
        (Once.BIRTH, ["k:2021-06"]),
        (Once.EVENT_DAY, ["k:day:2021-06-05"]),
        (Once.MONTH, ["k:month:2021-07"]),
        (Once.PAPER, ["k#abc", "k:person:zy-1"]),
        (Once.UNIT_YEAR, ["k:unit:91120101MA00000006:2021"]),
    ],
)
def test_a_line_claims_the_event_of_its_kind(once: Once, texts: list[str]) -> None:
    events = events_of(source(once), [LINE], PAPERS)
    assert [event.text for event in events] == texts
    if once in {Once.PERSON, Once.BIRTH, Once.EVENT_DAY, Once.MONTH}:
        assert {event.key for event in events} == {77}


def test_the_year_of_an_employer_has_one_key_in_every_claim() -> None:
    first = events_of(source(Once.UNIT_YEAR), [LINE], {})
    again = replace(source(Once.UNIT_YEAR), period=Period(2021, 12))
    assert events_of(again, [replace(LINE, person_id=None)], {}) == first


def test_a_group_is_a_second_name_and_siblings_are_looked_for() -> None:
    of_group = replace(source(Once.PAPER), group="bill", siblings=("j",))
    papers = {1: [PaperKey(name, f"{name}:n:zy-1", 5, "abc") for name in ("k", "group.bill", "j")]}
    assert [event.text for event in events_of(of_group, [LINE], papers)] == [
        *("k#abc", "k:person:zy-1"),
        *("group.bill#abc", "group.bill:person:zy-1"),
    ]
    looked_for = [event.text for event in sibling_events(of_group, [LINE], papers)]
    assert looked_for == ["j#abc", "j:person:zy-1"]
    assert not sibling_events(source(Once.PERSON), [LINE], {})


def test_births_of_two_kinds_and_months_are_not_one_birth() -> None:
    def claimed(text: str) -> ClaimedEvent:
        return ClaimedEvent(key=1, text=text, period=PERIOD, claim=Ref(1, Ref.new(1).id), line_no=1)

    assert same_event(claimed("allowance:2021-06"), claimed("allowance:2021-07"))
    assert same_event(claimed("allowance:"), claimed("allowance:2021-07"))
    assert not same_event(claimed("allowance:2021-06"), claimed("other:2021-06"))
    assert not same_event(claimed("k:month:2021-06"), claimed("k:month:2021-07"))


def test_a_paper_that_looks_the_same_is_the_same() -> None:
    first = readable_papers("k", "阿依·古丽", "ZY-1")[0]
    for name, number in (
        ("阿依・古丽", "ZY-1"),
        ("阿依\u200b·古丽", "zy\u00ad–1"),
        ("阿依•古丽\ufe00", "ZY－1"),
    ):
        assert readable_papers("k", name, number)[0] == first
    assert readable_papers("k", "阿依·古丽", "ZY-1")[1] == "k:阿依·古丽:zy-1", "the key of before"
    assert readable_papers("k", "古丽", "ZY-1") == ["k:古丽:zy-1"]


def test_only_births_are_compared_as_births() -> None:
    def claimed(text: str) -> ClaimedEvent:
        return ClaimedEvent(key=7, text=text, period=PERIOD, claim=Ref.new(1), line_no=1)

    births = [claimed("k:2021-07"), claimed("k:")]
    others = [claimed("k:person:zy-1"), claimed("k:month:2021-07"), claimed("k:day:2021-07-01")]
    assert births_of([*births, *others]) == births
