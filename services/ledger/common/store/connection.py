"""Errors of the database driver, sorted by their effect on the work."""

from __future__ import annotations

from enum import Enum

import asyncpg
from sqlalchemy.exc import DBAPIError

from shared.db import sqlstate


class FailureKind(Enum):
    """Effect of an error on the work: whether it may be committed, and whether a retry helps."""

    LOST = "lost"
    """The connection broke or the server goes: the work may have been committed or not."""
    BUSY = "busy"
    """Nothing was done; the server asks to try again."""
    REFUSED = "refused"
    """Nothing was done; the data itself was refused."""
    BUG = "bug"
    """Nothing was done; the statement or the grants are wrong."""


_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what the driver says when it is cut off between two states
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.DatabaseDroppedError,
    OSError,
)


def failure_kind(error: BaseException) -> FailureKind:
    """Sort an error of the driver."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or sqlstate(error) is None:
            return FailureKind.LOST
        return _of_state(sqlstate(error) or "")
    if isinstance(error, _LOST):
        return FailureKind.LOST
    if isinstance(error, asyncpg.PostgresError):
        return _of_state(sqlstate(error) or "")
    return FailureKind.BUG


def _of_state(state: str) -> FailureKind:
    if state in {"57P01", "57P02", "57P03"} or state.startswith("08"):
        return FailureKind.LOST
    if state[:2] in {"40", "53", "55", "57", "58"}:
        return FailureKind.BUSY
    return FailureKind.REFUSED if state[:2] in {"22", "23"} else FailureKind.BUG
