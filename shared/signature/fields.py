"""The part of structured fields (RFC 8941) that signatures use, strictly read and written.

A dictionary whose members are inner lists of strings, or byte sequences, each with parameters. What
this form does not know is refused, so a sender cannot mean something else than was verified.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Bare = str | int | bool | bytes
"""A bare item: string, integer, boolean or byte sequence."""

FIELD_CHARS_MAX: Final = 4096
MEMBERS_MAX: Final = 16
_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]*")
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
_STRING: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BYTES: Final = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_TOKEN: Final = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")


class FieldMalformed(ValueError):
    """A field that is no structured field of this form."""


class Token(str):
    """A token: a word without quotation marks."""


@dataclass(frozen=True, slots=True)
class Item:
    """A bare item with its parameters."""

    value: Bare
    params: Mapping[str, Bare] = field(default_factory=dict)

    def __str__(self) -> str:
        """Write the item as RFC 8941 serialises it."""
        return written(self.value) + _params_text(self.params)


@dataclass(frozen=True, slots=True)
class InnerList:
    """Items in parentheses, with the parameters of the list."""

    items: Sequence[Item]
    params: Mapping[str, Bare]

    def __str__(self) -> str:
        """Write the list as RFC 8941 serialises it."""
        return f"({' '.join(map(str, self.items))}){_params_text(self.params)}"


def written(value: Bare) -> str:
    """Write a bare item as RFC 8941 serialises it."""
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode()}:"
    if isinstance(value, Token):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def dictionary(text: str) -> dict[str, Item | InnerList]:
    """Read a dictionary.

    Raises:
        FieldMalformed: it is none, or it names a member twice.
    """
    if len(text) > FIELD_CHARS_MAX or not text.isascii():
        raise FieldMalformed
    return _Reader(text.strip(" ")).dictionary()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def dictionary(self) -> dict[str, Item | InnerList]:
        found: dict[str, Item | InnerList] = {}
        while True:
            key = self._match(_KEY)
            if key in found or len(found) >= MEMBERS_MAX:
                raise FieldMalformed
            if self._take("="):
                found[key] = self._inner_list() if self._take("(") else self._item()
            else:
                found[key] = Item(True, self._params())
            self._skip(" \t")
            if self.at == len(self.text):
                return found
            self._must(",")
            self._skip(" \t")

    def _inner_list(self) -> InnerList:
        items: list[Item] = []
        while True:
            self._skip(" ")
            if self._take(")"):
                return InnerList(items, self._params())
            if (items and self.text[self.at - 1] != " ") or len(items) >= MEMBERS_MAX:
                raise FieldMalformed
            items.append(self._item())

    def _item(self) -> Item:
        return Item(self._bare(), self._params())

    def _params(self) -> dict[str, Bare]:
        found: dict[str, Bare] = {}
        while self._take(";"):
            self._skip(" ")
            key = self._match(_KEY)
            if key in found or len(found) >= MEMBERS_MAX:
                raise FieldMalformed
            found[key] = self._bare() if self._take("=") else True
        return found

    def _bare(self) -> Bare:
        first = self.text[self.at : self.at + 1]
        if first == '"':
            return re.sub(r'\\(["\\])', r"\1", self._match(_STRING, 1))
        if first == ":":
            try:
                return base64.b64decode(self._match(_BYTES, 1), validate=True)
            except binascii.Error:
                raise FieldMalformed from None
        if first == "?":
            self._must("?")
            return self._match(re.compile("[01]")) == "1"
        if first and first in "-0123456789":
            return int(self._match(_INTEGER))
        return Token(self._match(_TOKEN))

    def _match(self, pattern: re.Pattern[str], group: int = 0) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise FieldMalformed
        self.at = found.end()
        return found[group]

    def _take(self, character: str) -> bool:
        if self.text.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def _must(self, character: str) -> None:
        if not self._take(character):
            raise FieldMalformed

    def _skip(self, characters: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in characters:
            self.at += 1


def _params_text(params: Mapping[str, Bare]) -> str:
    return "".join(
        f";{name}" if value is True else f";{name}={written(value)}"
        for name, value in params.items()
    )
