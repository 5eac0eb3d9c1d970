"""Two languages: every text of the console is a pair, Chinese first."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

from nicegui import ui

Language = Literal["zh", "en"]
Text = tuple[str, str]
"""A text in Chinese and in English."""

_KEY: Final = "language"
_BOTH: Final = re.compile(
    r"(?P<zh>.*[\u4e00-\u9fff].*?) ?\((?P<en>[A-Za-z][^\u4e00-\u9fff]*)\)(?P<rest>.*)", re.DOTALL
)
_HALF_WIDTH: Final = re.compile(r"(?<=[\u4e00-\u9fff])[,:;?!]|[,:;?!](?=[\u4e00-\u9fff])")
_FULL_WIDTH: Final = str.maketrans(
    {",": "\uff0c", ":": "\uff1a", ";": "\uff1b", "?": "\uff1f", "!": "\uff01"}
)


def t(zh: str, en: str) -> str:
    """Return a text in the language of the page."""
    return en if language() == "en" else typeset(zh)


def tell(text: Text) -> str:
    """Return a declared text in the language of the page."""
    return t(*text)


@lru_cache(maxsize=4096)
def typeset(zh: str) -> str:
    """Return a Chinese sentence with the full-width stops that Chinese print has."""
    return _HALF_WIDTH.sub(lambda stop: stop[0].translate(_FULL_WIDTH), zh)


def language() -> Language:
    """Return the language of the page that is being built or acted on."""
    try:
        chosen = ui.context.client.storage.get(_KEY)
    except (RuntimeError, AssertionError):  # no page: a test, or work in the background
        return "zh"
    return "en" if chosen == "en" else "zh"


def speak(chosen: Language) -> None:
    """Set the language of the page that is being built."""
    ui.context.client.storage[_KEY] = chosen


def side_of(sentence: str) -> str:
    """Return one language of a sentence of the services: 中文 (English)."""
    parts = _BOTH.fullmatch(sentence)
    if parts is None:
        return sentence
    return t(parts["zh"] + parts["rest"], parts["en"] + parts["rest"])
