"""Calls: an operation with its arguments, ready to be sent by either client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

T = TypeVar("T")
Service = Literal["collection", "ledger", "payout"]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a service's OpenAPI document."""

    service: Service
    name: str
    """Its operationId."""
    method: str
    path: str
    query: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """A file to upload: its bytes or its path, its media type, and its detached signature if any.

    A path is read anew at every attempt.
    """

    content: bytes | Path
    media_type: str
    signature: str | None = None

    def read(self) -> bytes:
        """Return its bytes."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that describe it."""
        signed = {} if self.signature is None else {"file-signature": self.signature}
        return {"content-type": self.media_type} | signed


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """An operation with its arguments; `answer` is the type of its answer."""

    operation: Operation
    answer: Any
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    file: File | None = None
    """A file that is sent instead of a JSON body."""

    @property
    def target(self) -> str:
        """Return the path with its arguments."""
        return self.operation.path.format(
            **{name: quote(value, safe="") for name, value in self.path.items()}
        )

    @property
    def parameters(self) -> dict[str, str]:
        """Return the query parameters that are given."""
        return {name: str(one) for name, one in self.query.items() if one is not None}


@dataclass(frozen=True, slots=True)
class Pages(Generic[T]):
    """A call whose answer is one page of a list of `item`."""

    call: Call[Any]
    item: Any

    def after(self, cursor: str | None) -> Call[Any]:
        """Return the call of the page after a cursor."""
        call = self.call
        query = dict(call.query) if cursor is None else {**call.query, "cursor": cursor}
        return Call(call.operation, Any, call.path, query, call.body)


OPERATIONS: list[Operation] = []
"""Every operation that this package offers."""


def operation(service: Service, name: str, method: str, path: str, *query: str) -> Operation:
    """Declare an operation."""
    made = Operation(service, name, method, path, query)
    OPERATIONS.append(made)
    return made
