"""NiceGUI's answers that it looks up anew for every element, remembered."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import MethodType
from typing import Any, Final

from nicegui import helpers

_ASK: Final = helpers.expects_arguments


def remember_signatures() -> None:
    """Read the signatures of NiceGUI's own methods once.

    An element makes three watched collections, for props, classes and style, each with a method to
    call. What that method takes is read from its signature every time: a sixth of a page's time.
    """
    helpers.expects_arguments = _expects_arguments


def _expects_arguments(func: Callable[..., Any]) -> bool:
    """Return what NiceGUI's own function does; methods are remembered, closures come and go."""
    if isinstance(func, MethodType):
        return _of_method(func.__func__)
    return _ASK(func)


@lru_cache(maxsize=1024)
def _of_method(function: Callable[..., Any]) -> bool:
    return _ASK(MethodType(function, object()))
