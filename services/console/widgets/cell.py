"""Columns and fields: one declaration for a list's column and a paper's field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from services.console import names
from services.console.widgets import text
from services.console.words import Text, tell


class Kind(StrEnum):
    """The kind of a value, which decides how it is written and where it stands."""

    TEXT = "text"
    CODE = "code"
    """References, credit codes, hashes: never cut, with a button to copy."""
    MONEY = "money"
    NUMBER = "number"
    DAY = "day"
    TIME = "time"
    PERCENT = "percent"
    STATUS = "status"
    DISTRICT = "district"
    FUND = "fund"
    ROLE = "role"
    YES = "yes"
    FIGURE = "figure"
    """A figure that comes written, with its unit."""


_WRITTEN: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: text.plain,
    Kind.CODE: text.plain,
    Kind.MONEY: text.money,
    Kind.NUMBER: text.number,
    Kind.DAY: text.plain,
    Kind.TIME: text.moment,
    Kind.PERCENT: text.percent,
    Kind.STATUS: lambda value: names.status_name(str(value)) if value else text.NOTHING,
    Kind.DISTRICT: lambda value: names.district_name(str(value)) if value else text.NOTHING,
    Kind.FUND: lambda value: names.fund_name(str(value)) if value else text.NOTHING,
    Kind.ROLE: lambda value: names.role_name(str(value)) if value else text.NOTHING,
    Kind.YES: text.yes,
    Kind.FIGURE: text.plain,
}
LINE = 26
"""Characters after which a text in a table goes on in a second line; nothing is cut."""
SHORT = 10
"""Characters up to which a word or a name stays in one line."""
RIGHT_ALIGNED = frozenset({Kind.MONEY, Kind.NUMBER, Kind.PERCENT, Kind.FIGURE})


@dataclass(frozen=True, slots=True)
class Column:
    """A member of a row and how it is shown.

    `member` is the member's name; a dot leads into an object: "payer.name". `link` is the address
    of a page with members in braces: "/bills/{id}"; `address` makes it where that is not enough.
    `names` translates codes. `of` takes the value from the row where no member has it.
    """

    member: str
    title: Text
    kind: Kind = Kind.TEXT
    link: str | None = None
    names: Mapping[str, Text] | None = None
    of: Callable[[Mapping[str, Any]], Any] | None = None
    address: Callable[[Mapping[str, Any]], str | None] | None = None

    @property
    def is_right(self) -> bool:
        """Return whether the value stands at the right: amounts and counts."""
        return self.kind in RIGHT_ALIGNED

    def value(self, row: Mapping[str, Any]) -> Any:
        """Return the value of a row."""
        return self.of(row) if self.of else member_of(row, self.member)

    def _look(self, written: str) -> str:
        if self.kind is Kind.CODE:
            return "wx-long" if len(written) > LINE else ""
        wraps = self.kind in {Kind.TEXT, Kind.FUND, Kind.ROLE} and len(written) > SHORT
        return "wx-text" if wraps else ""

    def cell(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the browser shows of a row: text, look, address, tone, copying."""
        value = self.value(row)
        known = self.names.get(str(value)) if self.names else None
        href = self.address(row) if self.address else filled(self.link, row)
        written = tell(known) if known else _WRITTEN[self.kind](value)
        return {
            "text": written,
            "look": self._look(written),
            "href": href if value not in (None, "") else None,
            "tone": names.status_tone(str(value)).value if self.kind is Kind.STATUS else None,
            "copy": self.kind is Kind.CODE and value not in (None, ""),
        }


def member_of(row: Mapping[str, Any], member: str) -> Any:
    """Return a member of a row, or of an object within it."""
    found: Any = row
    for part in member.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


PLACE: Final = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
"""A member of a row in an address or a sentence: {id}, or {control.total} of an object within."""


def filled(
    pattern: str | None, row: Mapping[str, Any], write: Callable[[Any], str] = str
) -> str | None:
    """Return an address with a row's members in it; None where one is absent."""
    if pattern is None:
        return None
    values = [member_of(row, name) for name in PLACE.findall(pattern)]
    if any(value is None for value in values):
        return None
    return PLACE.sub(lambda place: write(member_of(row, place[1])), pattern)


def door_of(pattern: str, values: Mapping[str, Any]) -> str:
    """Return a door with the values of the address in it.

    Anybody can write a link: a value stays one segment of the path, and leads to no other door.
    """
    found = filled(pattern, values, _segment)
    assert found is not None, f"{pattern} needs more than {', '.join(values)}"
    return found


def _segment(value: Any) -> str:
    written = quote(str(value), safe="")
    # A client takes "." and ".." out of a path.
    return written if written.strip(".") else written.replace(".", "%2E")
