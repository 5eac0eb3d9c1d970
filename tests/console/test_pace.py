"""Signatures of NiceGUI's methods, remembered, are those that NiceGUI finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from nicegui import helpers

from services.console.pace import remember_signatures


class Handlers:
    def silent(self) -> None: ...

    def told(self, event: object) -> None: ...


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (Handlers().silent, False),
        (Handlers().told, True),
        (lambda: None, False),
        (lambda event: None, True),
        (lambda event=None: None, False),
    ],
)
def test_a_handler_is_known_by_its_signature(
    handler: Callable[..., Any], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert helpers.expects_arguments(handler) is expected
    monkeypatch.setattr(helpers, "expects_arguments", helpers.expects_arguments)  # put back later
    remember_signatures()
    assert [helpers.expects_arguments(handler) for _ in range(2)] == [expected] * 2
