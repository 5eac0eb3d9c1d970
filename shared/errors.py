"""Refusals: errors of a request as values with a stable code. Nothing here knows HTTP.

A refusal's docstring is its message, so that text and type cannot differ. Only
`shared.web.problem` maps a kind to a status number. A bug is an assertion, never a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """The kind of a refusal."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    GONE = "gone"
    INVALID = "invalid"
    PRECONDITION_FAILED = "precondition_failed"
    PRECONDITION_REQUIRED = "precondition_required"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNSUPPORTED = "unsupported"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in one place: a JSON pointer (or "line/12/amount" in a file), a code, a sentence."""

    pointer: str
    code: str
    message: str


class Refusal(Exception):
    """请求被拒绝 (the request is refused)"""

    kind: ClassVar[Kind] = Kind.INVALID
    code: ClassVar[str] = "REFUSED"
    retry_after: int = 1
    """Seconds to wait, where the kind says that trying again may help."""

    def __init__(self, *, faults: Iterable[Fault] = (), **facts: Any) -> None:
        self.faults = tuple(faults)
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """Return the class's sentence on one line, followed by the facts of this case."""
        sentence = " ".join((self.__doc__ or "").split())
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{sentence}: {facts}" if facts else sentence


class Faulty(Refusal):
    """内容有误,逐项列出 (the content has faults; every one is listed)"""

    kind = Kind.INVALID
    code = "VALIDATION_FAILED"


class NotFound(Refusal):
    """未找到 (not found)"""

    kind = Kind.NOT_FOUND
    code = "NOT_FOUND"


class Forbidden(Refusal):
    """无权办理 (this identity has no right to do this)"""

    kind = Kind.FORBIDDEN
    code = "FORBIDDEN"


class StateConflict(Refusal):
    """当前状态不允许此操作 (the current state does not allow this)"""

    kind = Kind.CONFLICT
    code = "STATE_CONFLICT"


class SamePersonTwice(Refusal):
    """同一人不得办理同一单据的两个环节 (one person may not take two steps on the same document)"""

    kind = Kind.CONFLICT
    code = "SAME_PERSON_TWICE"
