"""A pack is read as it was written, with the line of each place; what cannot be read says where."""

import json
from pathlib import Path

import pytest

from shared.wire.pack_file import PackFile, Unreadable, read_pack

SHIPPED = Path(__file__).parents[3] / "services/collection/data/policies/tianjin-2021.json"
YAML = """\
pack: mine
rates:
  - id: a
    rate: 0.16
    injury_class: 3
  - {id: b, rate: "0.020", certain: true}
in_force_from: 2021-01-01
in_force_to:
"""


def test_a_rate_stays_the_text_that_was_written() -> None:
    assert read_pack(YAML).content == {
        "pack": "mine",
        "rates": [
            {"id": "a", "rate": "0.16", "injury_class": 3},
            {"id": "b", "rate": "0.020", "certain": True},
        ],
        "in_force_from": "2021-01-01",
        "in_force_to": None,
    }


def test_json_is_read_as_it_is() -> None:
    text = SHIPPED.read_text()
    assert read_pack(text).content == json.loads(text)


@pytest.mark.parametrize(
    ("pointer", "line"),
    [("", 1), ("/rates/0/rate", 4), ("/rates/1/rate", 6), ("/rates/0/nothing", 3), ("/x/y", 1)],
)
def test_a_fault_stands_on_the_line_of_its_place_or_around_it(pointer: str, line: int) -> None:
    assert read_pack(YAML).line_of(pointer) == line
    assert PackFile(content={}, lines={}).line_of(pointer) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2", 2),
        ("a: &x [1]\nb: *x", 2),
        ("a: 1\nb: [", 2),
        ("a: 1\n{", 2),
        ("[" * 5000, 1),
        ("x" * 600_000, 1),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as error:
        read_pack(text)
    assert error.value.line >= line - 1
