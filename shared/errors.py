"""Refusals: what the product says no to, as values with a stable code. No HTTP in here.

A refusal's docstring is its message, so text and type cannot drift. `shared.web.problem` alone knows which
status number a kind becomes. A bug is an assertion, never a refusal.
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
    INVALID = "invalid"
    PRECONDITION_FAILED = "precondition_failed"
    PRECONDITION_REQUIRED = "precondition_required"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in one place: a JSON pointer (or "line/12/amount" in a file), a code, a sentence."""

    pointer: str
    code: str
    message: str


class Refusal(Exception):
    """请求被拒绝 (the request is refused)"""

    kind: ClassVar[Kind] = Kind.INVALID
    code: ClassVar[str] = "REFUSED"

    def __init__(self, *, faults: Iterable[Fault] = (), **facts: Any) -> None:
        self.faults = tuple(faults)
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The class's own sentence, followed by the facts of this case."""
        said = (self.__doc__ or "").strip()
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{said}: {facts}" if facts else said


class Faulty(Refusal):
    """内容有误,逐项列出 (the content has faults, each of which is named)"""

    kind = Kind.INVALID
    code = "VALIDATION_FAILED"


class NotFound(Refusal):
    """未找到 (not found)"""

    kind = Kind.NOT_FOUND
    code = "NOT_FOUND"


class Forbidden(Refusal):
    """无权办理 (this identity may not do this)"""

    kind = Kind.FORBIDDEN
    code = "FORBIDDEN"


class StateConflict(Refusal):
    """当前状态不允许此操作 (the present state does not allow this)"""

    kind = Kind.CONFLICT
    code = "STATE_CONFLICT"


class SamePersonTwice(Refusal):
    """同一人不得办理同一单据的两个环节 (no person takes two steps on one paper)"""

    kind = Kind.CONFLICT
    code = "SAME_PERSON_TWICE"
