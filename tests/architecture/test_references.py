"""The table of references: one prefix for one kind, each with a door, and no prefix elsewhere."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from shared.ids import Ref
from shared.references import Reference

ROOT = Path(__file__).parents[2]
LITERAL = re.compile("^(" + "|".join(Reference) + r")_(…|[0-9(\[]|$)")


@cache
def routes() -> set[str]:
    files = (ROOT / "openapi").glob("*.json")
    return {path for file in files for path in json.loads(file.read_text())["paths"]}


def test_a_prefix_is_three_letters_and_belongs_to_one_kind() -> None:
    prefixes = [kind.value for kind in Reference.__members__.values()]
    assert len(prefixes) == len(set(prefixes))
    assert all(re.fullmatch("[a-z]{3}", prefix) for prefix in prefixes)


@pytest.mark.parametrize("kind", Reference)
def test_a_kind_has_a_name_in_both_languages_and_a_door(kind: Reference) -> None:
    assert kind.chinese
    assert kind.english
    assert kind.route in routes()


@pytest.mark.parametrize("kind", Reference)
def test_an_example_is_a_reference_of_its_kind(kind: Reference) -> None:
    assert re.match(kind.pattern, kind.example)
    if kind is not Reference.VOUCHER:
        assert Ref.parse(kind, kind.example).text(kind) == kind.example


def test_no_prefix_is_written_out_in_the_source() -> None:
    found = []
    for path in sorted([*(ROOT / "services").rglob("*.py"), *(ROOT / "shared").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and LITERAL.match(node.value):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.value!r}")
    assert not found
