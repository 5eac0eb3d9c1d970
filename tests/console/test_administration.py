"""Changes of people and clients: exactly one way to approve, and a second factor that is taken once."""

from __future__ import annotations

from typing import Any

import pytest

from services.console.pages.administration.changes import LIST, PAPER, TAKE_FACTOR
from services.console.pages.home.waiting import WAITING, has_page
from services.console.pages.payout import entitlement_ends


def change(kind: str, of: str = "person", **other: Any) -> dict[str, Any]:
    content = {"kind": of} if kind == "add" else {}
    paper = {"kind": kind, "status": "proposed", "content": content, "alone": False}
    return {**paper, "factor_given_at": None, **other}


@pytest.mark.parametrize("kind", ["add", "assign", "enable", "reset", "rotate", "message_key"])
def test_a_waiting_change_is_approved_in_one_way_and_refused_in_one(kind: str) -> None:
    waiting = [action.title[1] for action in PAPER.actions if action.when(change(kind))]
    assert sorted(waiting) == ["Approve", "Refuse"]
    decided = change(kind, "client", status="refused")
    assert [action for action in PAPER.actions if action.when(decided)] == []


def test_a_second_factor_is_taken_for_people_and_once() -> None:
    approved = change("add", status="approved")
    assert TAKE_FACTOR.when(approved)
    assert TAKE_FACTOR.when(change("reset", status="approved"))
    assert not TAKE_FACTOR.when({**approved, "factor_given_at": "2026-12-01T00:00:00Z"})
    assert not TAKE_FACTOR.when({**approved, "alone": True})
    assert not TAKE_FACTOR.when(change("add", "client", status="approved"))
    assert not TAKE_FACTOR.when(change("rotate", status="approved"))


def test_what_waits_for_a_second_person_is_counted_and_opened() -> None:
    paths = {one.path for one in WAITING}
    assert {LIST.path, "/role-changes", entitlement_ends.LIST.path, "/bank-profiles"} <= paths
    assert all(has_page(path) for path in paths)
    paper = {"end": {"status": "proposed"}}
    assert [action.title[1] for action in entitlement_ends.PAPER.actions if action.when(paper)] == [
        "Approve",
        "Refuse",
    ]
