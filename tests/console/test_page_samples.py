"""The declarations on docs/console.md are built as they are printed: every name and member exists."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import pytest

from tests.samples import samples

PAGE: Final = "docs/console.md"
ROOMS: Final = (
    "typing",
    "shared.roles",
    "services.console.names",
    "services.console.page",
    "services.console.pages.work.imports",
    "services.console.words",
    "services.console.widgets.action",
    "services.console.widgets.cell",
    "services.console.widgets.fault",
    "services.console.widgets.field",
    "services.console.widgets.file_form",
    "services.console.widgets.listing",
    "services.console.widgets.paper",
    "services.console.widgets.table",
    "services.console.widgets.title",
)
"""Modules whose names a page of the console uses."""
BLOCKS: Final = [one.text for one in samples() if (one.page, one.language) == (PAGE, "python")]


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.split("(")[0].strip())
def test_a_declaration_is_built(code: str) -> None:
    names: dict[str, Any] = {}
    for room in ROOMS:
        names |= vars(import_module(room))
    whole = code.replace("(…)", "()").replace(", …)", ",)")
    exec(compile(whole, PAGE, "exec"), names)
