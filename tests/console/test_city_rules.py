"""Differences of the city's own rules as people read them, and a document with one row changed."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from services.console.pages.policy.city_documents import (
    ROWS,
    RULES,
    limit_field,
    limit_read,
    limit_text,
)
from services.console.pages.policy.city_rules import differences, with_row
from services.console.widgets.field import Day, Money, Number, Words

DATA = Path(__file__).parents[2] / "services/collection/data"


def shipped(rule: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / f"{rule}.json").read_text())
    return found


@pytest.mark.parametrize("rule", RULES)
def test_every_row_of_a_shipped_document_is_shown_and_found_by_its_name(rule: str) -> None:
    content = shipped(rule)
    for rows in ROWS[rule]:
        for row in content[rows.member]:
            assert all(column.cell(row)["text"] for column in rows.columns)
            assert with_row(content, rows, row) == content
    assert differences(rule, content, deepcopy(content)) == []


def test_a_changed_row_and_a_new_one_are_told_value_by_value() -> None:
    (rows,) = ROWS["return_codes"]
    content = shipped("return_codes")
    first = content["codes"][0]
    changed = with_row(content, rows, {**first, "papers": ["declaration", "summary"]})
    assert differences("return_codes", content, changed) == [
        {
            "row": "FILE_INCOMPLETE",
            "member": "适用单据",
            "was": "申报",
            "becomes": "申报、汇总表",
        }
    ]
    added = with_row(content, rows, {**first, "code": "LOCAL"})
    assert {one["was"] for one in differences("return_codes", content, added)} == {"—"}
    assert len(added["codes"]) == len(content["codes"]) + 1


def test_what_no_column_shows_is_told_too() -> None:
    content = shipped("quality_checks")
    other = deepcopy(content)
    other["checks"][0]["subject"] = "covers"
    other["subjects"] = {}
    members = [one["member"] for one in differences("quality_checks", content, other)]
    assert members == ["subject", "subjects"]


@pytest.mark.parametrize(
    ("name", "value", "text", "kind"),
    [
        ("low_fen", 10000, "100.00", Money),
        ("placeholders_fen", [1, 100], "0.01、1.00", Words),
        ("times", 3, "3", Number),
        ("earliest", "1951-03-01", "1951-03-01", Day),
    ],
)
def test_a_limit_is_typed_in_yuan_and_kept_in_fen(
    name: str, value: Any, text: str, kind: type
) -> None:
    assert limit_text(name, value) == text
    assert type(limit_field(name, value)) is kind
    written = text.split("、") if isinstance(value, list) else text
    assert limit_read(name, written if name.endswith("_fen") else value) == value
    assert limit_read("low_fen", "about 100") == "about 100"
