"""A notice cites the law of its own day."""

import string
from datetime import date
from itertools import pairwise

import pytest

from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from services.collection.notice import store as notice_store
from services.collection.notice.domain import NoticeText, sentence_of

TEXTS = notice_store.texts_from(city_rule_store.shipped(CityRule.NOTICE_TEXTS))
NAMES = {
    "bill": set(),
    "charge": set(),
    "dunning": {"day", "oldest"},
    "certificate": {"as_of", "period_from", "period_to"},
    "inspection": {"document", "until"},
    "project_certificate": {"as_of", "starts_on", "ends_on"},
}


def test_a_dunning_notice_cites_the_regulations_before_the_law_was_in_force() -> None:
    texts = TEXTS
    facts = {"day": "某日", "oldest": "某月"}
    old = sentence_of("dunning", date(2011, 6, 30), texts, **facts)
    new = sentence_of("dunning", date(2011, 7, 1), texts, **facts)
    assert old is not None
    assert new is not None
    assert "征缴暂行条例" in old
    assert "社会保险法》第八十六条" in new
    assert "截至某日" in new
    assert sentence_of("dunning", date(1990, 1, 1), texts, **facts) is None


@pytest.mark.parametrize("text", TEXTS, ids=lambda row: row.notice)
def test_every_sentence_has_a_source_and_asks_only_for_what_is_given(text: NoticeText) -> None:
    placeholders = {
        name for _, name, _, _ in string.Formatter().parse(text.text) if name is not None
    }
    assert placeholders <= NAMES[text.notice]
    assert text.source


@pytest.mark.parametrize("notice", NAMES)
def test_every_notice_has_one_sentence_on_each_day(notice: str) -> None:
    rows = [row for row in TEXTS if row.notice == notice]
    for earlier, later in pairwise(rows):
        assert earlier.in_force_to is not None
        assert (later.in_force_from - earlier.in_force_to).days == 1
    assert rows[-1].in_force_to is None
