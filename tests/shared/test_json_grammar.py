"""A JSON text that could be read in two ways is refused, whatever it holds."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.wire.json_grammar import (
    JSON_NOT_STANDARD,
    MEMBER_REPEATED,
    NUL_IN_REQUEST,
    faults_in,
    has_repeated_member,
)

LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(':"\\{},a国', max_size=6)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(':"\\ab', max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_a_clear_text_has_no_faults(value: Any, spaced: bool) -> None:
    text = json.dumps(value, indent=2 if spaced else None, ensure_ascii=False).encode()
    assert faults_in(text) == []


@given(VALUES, VALUES, st.booleans())
def test_a_repeated_member_is_found_at_any_depth(first: Any, second: Any, escaped: bool) -> None:
    one, two = (json.dumps(value, ensure_ascii=escaped) for value in (first, second))
    text = f'[{{"x": {{"a:b" : {one}, "c": 1, "a:b":{two}}}}}]'.encode()
    assert has_repeated_member(text, orjson.loads(text))
    assert "/0/x/a:b" in {fault.pointer for fault in faults_in(text)}


def test_a_repeated_member_cannot_hide_behind_an_escape() -> None:
    text = b'{"amount":"1.00","\\u0061mount":"2.00"}'
    assert [(fault.pointer, fault.code) for fault in faults_in(text)] == [
        ("/amount", MEMBER_REPEATED)
    ]


def test_a_nul_is_named_by_its_place_and_a_text_about_one_is_not() -> None:
    value = {"people": [{"na/me": "a\x00b", "x\x00": 1}, "\x00"], "note": "\\u0000"}
    assert [(fault.pointer, fault.code) for fault in faults_in(json.dumps(value).encode())] == [
        ("/people/0/na~1me", NUL_IN_REQUEST),
        ("/people/0/x", NUL_IN_REQUEST),
        ("/people/1", NUL_IN_REQUEST),
    ]
    assert faults_in(json.dumps({"note": "\\u0000"}).encode()) == []


@pytest.mark.parametrize(
    "text", [b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":"\\ud800"}', b"[" * 5000]
)
def test_what_json_does_not_have_is_named(text: bytes) -> None:
    assert [fault.code for fault in faults_in(text)] == [JSON_NOT_STANDARD]


@pytest.mark.parametrize("depth", [300, 960, 1020, 5000])
@pytest.mark.parametrize("leaf", [b'"\\u0000"', b'"\\u003a"', b'"x"'])
def test_a_deeply_nested_text_is_judged_and_never_an_error(depth: int, leaf: bytes) -> None:
    text = b'{"a":' * depth + leaf + b"}" * depth
    assert all(fault.code in {JSON_NOT_STANDARD, NUL_IN_REQUEST} for fault in faults_in(text))
