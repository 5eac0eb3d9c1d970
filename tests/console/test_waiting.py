"""Every list that the inbox counts can be asked for what waits, and leads to a page."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from services.console.pages.home.waiting import WAITING, WaitingList, has_page

ROOT = Path(__file__).parents[2]


@cache
def document(service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / f"openapi/{service}.json").read_text())
    return found


def schema_of(service: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema behind its reference; of null and another, the other."""
    parts = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    one = parts[0] if parts else schema
    name = one.get("$ref", "").rpartition("/")[2]
    return document(service)["components"]["schemas"][name] if name else one


@pytest.mark.parametrize("waiting", WAITING, ids=lambda one: f"{one.title[1]}")
def test_a_list_is_asked_for_what_waits_and_has_a_page(waiting: WaitingList) -> None:
    service, _, path = waiting.door.partition(":")
    operation = document(service)["paths"][path]["get"]
    known = {one["name"]: one["schema"] for one in operation.get("parameters", ())}
    for name, value in waiting.query.items():
        values = schema_of(service, known[name])
        assert value in values.get("enum", [value])
    assert waiting.is_paged == ("limit" in known)
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    members = schema_of(service, answer)["properties"]
    row = schema_of(service, members[waiting.items]["items"])
    for name, value in waiting.only.items():
        values = schema_of(service, row["properties"][name])
        assert value in values.get("enum", [value])
    assert has_page(waiting.path)
