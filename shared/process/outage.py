"""Outages in true words: the part of the installation that is ill, read off an error.

An outage is nobody's fault in the request: it is answered 503 with a code that names the part, and
the same request may be sent again. An error that is no outage is a bug.
"""

from __future__ import annotations

import errno
import socket
from enum import StrEnum
from typing import Final

import asyncpg
import httpx
import sqlalchemy.exc
from sqlalchemy.exc import DBAPIError

from shared.db import sqlstate
from shared.web.client import RETRIED_STATUS, PeerError


class Outage(StrEnum):
    """The part that is ill, as the code of the problem."""

    DATABASE_BUSY = "DATABASE_BUSY"
    DATABASE_UNREACHABLE = "DATABASE_UNREACHABLE"
    DATABASE_TIMEOUT = "DATABASE_TIMEOUT"
    DATABASE_FULL = "DATABASE_FULL"
    DATABASE_READ_ONLY = "DATABASE_READ_ONLY"
    DISK_FULL = "DISK_FULL"
    FILES_EXHAUSTED = "FILES_EXHAUSTED"
    PEER_UNREACHABLE = "PEER_UNREACHABLE"
    PEER_BUSY = "PEER_BUSY"


SENTENCES: Final = {
    Outage.DATABASE_BUSY: "数据库繁忙或重启中,请稍后重试 (database busy; try again)",
    Outage.DATABASE_UNREACHABLE: "无法连接数据库 (the database cannot be reached)",
    Outage.DATABASE_TIMEOUT: "数据库未在限时内应答 (the database does not answer in time)",
    Outage.DATABASE_FULL: "数据库磁盘已满 (the disk of the database is full)",
    Outage.DATABASE_READ_ONLY: "数据库只读,可能连到了备机 (the database is read-only: a standby?)",
    Outage.DISK_FULL: "本机磁盘已满 (the disk of this service is full)",
    Outage.FILES_EXHAUSTED: "本机打开的文件过多 (this service has too many open files)",
    Outage.PEER_UNREACHABLE: "无法连接对方服务 (another service cannot be reached)",
    Outage.PEER_BUSY: "对方服务繁忙 (another service is busy)",
}
RETRY_SECONDS: Final = {Outage.DATABASE_BUSY: 1, Outage.PEER_BUSY: 1}
"""Seconds after which to try again; other outages take longer than a moment."""
RETRY_SECONDS_OTHERWISE: Final = 5

_STATES: Final = {
    "25006": Outage.DATABASE_READ_ONLY,
    "40001": Outage.DATABASE_BUSY,
    "40P01": Outage.DATABASE_BUSY,
    "53100": Outage.DATABASE_FULL,
    "53200": Outage.DATABASE_BUSY,  # out of memory
    "53300": Outage.DATABASE_BUSY,  # too many connections
    "55P03": Outage.DATABASE_BUSY,
    "57014": Outage.DATABASE_BUSY,
    "57P01": Outage.DATABASE_BUSY,
    "57P02": Outage.DATABASE_BUSY,
    "57P03": Outage.DATABASE_BUSY,
    "57P05": Outage.DATABASE_BUSY,
    "58030": Outage.DATABASE_FULL,  # its disk gives an input or output error
}
_ERRNO: Final = {
    errno.ENOSPC: Outage.DISK_FULL,
    errno.EDQUOT: Outage.DISK_FULL,
    errno.EMFILE: Outage.FILES_EXHAUSTED,
    errno.ENFILE: Outage.FILES_EXHAUSTED,
}
OUTAGES: Final[tuple[type[Exception], ...]] = (
    sqlalchemy.exc.TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    httpx.TransportError,
    PeerError,
    OSError,
)
"""The kinds of errors among which outages are."""


def outage_of(error: BaseException) -> Outage | None:
    """Read off an error which part is ill; None where the error is a bug."""
    if isinstance(error, DBAPIError):
        known = of_state(sqlstate(error))
        return known or (Outage.DATABASE_BUSY if error.connection_invalidated else None)
    if isinstance(error, sqlalchemy.exc.TimeoutError):  # no free connection in the pool
        return Outage.DATABASE_BUSY
    if isinstance(error, asyncpg.PostgresError):  # while connecting, before SQLAlchemy wraps it
        return of_state(sqlstate(error))
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return Outage.DATABASE_BUSY
    if isinstance(error, httpx.TransportError):
        return Outage.PEER_UNREACHABLE
    if isinstance(error, PeerError):
        return Outage.PEER_BUSY if error.status in RETRIED_STATUS else None
    return _of_system(error) if isinstance(error, OSError) else None


def of_state(state: str | None) -> Outage | None:
    """Read off an SQLSTATE which part is ill."""
    if state is None:
        return None
    if state.startswith(("08", "28")):
        return _STATES.get(state, Outage.DATABASE_UNREACHABLE)
    return _STATES.get(state)


def _of_system(error: OSError) -> Outage | None:
    if isinstance(error, TimeoutError):
        return Outage.DATABASE_TIMEOUT
    if isinstance(error, ConnectionError | socket.gaierror):
        return Outage.DATABASE_UNREACHABLE
    # asyncio raises one plain OSError when every address of a host failed.
    if "Multiple exceptions" in str(error) or "Connect call failed" in str(error):
        return Outage.DATABASE_UNREACHABLE
    return _ERRNO.get(error.errno or 0)
