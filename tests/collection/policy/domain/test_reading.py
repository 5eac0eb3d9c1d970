"""Packs compared row by row, as text, and linted as they are written."""

from typing import Any

import pytest

from services.collection.common.store import shipped as common_shipped_store
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain.diff import PackChange, changes
from services.collection.policy.domain.text import markdown, percent
from services.collection.policy.schemas.lint import doubts_of, faults_of
from services.collection.policy.schemas.policy import PackIn
from tests.collection.support import packs

ALL = [*common_shipped_store.packs(), *common_shipped_store.templates()]


def test_the_shipped_packs_and_the_template_are_there() -> None:
    assert [content["pack"] for content in common_shipped_store.packs()] == [
        "beijing-2021",
        "tianjin-2008",
        "tianjin-2021",
    ]
    assert [content["pack"] for content in common_shipped_store.templates()] == ["tianjin-2025"]


@pytest.mark.parametrize("content", ALL, ids=lambda content: content["pack"])
def test_whatever_is_shipped_is_sound_and_stored_as_it_is_written(content: dict[str, Any]) -> None:
    assert faults_of(content) == []
    assert PackIn.model_validate(content).content() == content


@pytest.mark.parametrize("content", ALL, ids=lambda content: content["pack"])
def test_every_row_of_a_policy_is_read_with_its_source_and_its_doubts(
    content: dict[str, Any],
) -> None:
    text = markdown(packs.read(content))
    for row in content["sources"]:
        assert row["text"] in text
        assert (f"{row['text']}〔待核〕" in text) == (not row["certain"])
    assert text.count("\n| 工伤保险 | 单位 |") == sum(
        rate["insurance"] == "work_injury" for rate in content["rates"]
    )


def test_the_templates_limits_follow_from_an_average_that_is_not_certain() -> None:
    (content,) = common_shipped_store.templates()
    limit = pack_rules.read(content).limit_of("pension")
    assert (limit.floor_fen, limit.ceiling_fen) == (5013_00, 25065_00)
    certain = {row["id"]: row["certain"] for row in content["sources"]}
    assert [certain[row["source"]] for row in (*content["averages"], *content["limits"])] == [
        False,
        False,
    ]
    assert len(doubts_of(content)) > 10


def test_changes_between_two_packs_are_listed_row_by_row() -> None:
    before = packs.sound_pack()
    after = packs.sound_pack() | {"pack": "sound-2022", "in_force_from": "2022-01-01"}
    after["rates"][0]["rate"] = "0.19"
    removed = after["rates"].pop(3)
    after["limits"][0]["floor"] = "4000.00"
    after["calendar"]["due_day"] = 15
    steps = [{"id": "up", "factor": "1.2", "source": "s"}]
    after["injury_floating"] = {"insurance": "work_injury", "steps": steps}
    assert changes(before, after) == [
        PackChange(row="rates pension.unit", member="rate", was="0.16", now="0.19"),
        PackChange(row="rates work_injury.2", member=None, was=removed, now=None),
        PackChange(row="limits limit.*", member="floor", was="3364.00", now="4000.00"),
        PackChange(row="calendar", member="due_day", was=25, now=15),
        PackChange(row="injury_floating", member=None, was=None, now=after["injury_floating"]),
    ]
    again = packs.sound_pack() | {
        "injury_floating": {"insurance": "work_injury", "steps": [steps[0] | {"factor": "1.5"}]}
    }
    assert changes(after | {"pack": "x"}, after) == []
    assert PackChange(
        row="injury_floating steps up", member="factor", was="1.2", now="1.5"
    ) in changes(after, again)


def test_the_shape_is_linted_too() -> None:
    content = packs.sound_pack()
    del content["calendar"]
    content["rates"][0]["colour"] = "red"
    found = {fault.pointer: fault.code for fault in faults_of(content)}
    assert found == {"/calendar": "MISSING", "/rates/0/colour": "EXTRA_FORBIDDEN"}
    assert [fault.code for fault in faults_of([])] == ["PACK_MALFORMED"]
    content = packs.sound_pack()
    content["rates"][0]["source"] = "hearsay"
    assert [fault.code for fault in faults_of(content)] == ["SOURCE_UNKNOWN"]


@pytest.mark.parametrize(
    ("ppm", "text"), [(160_000, "16%"), (5_000, "0.5%"), (69_000, "6.9%"), (1_100_000, "110%")]
)
def test_a_rate_is_written_in_per_cent(ppm: int, text: str) -> None:
    assert percent(ppm) == text
