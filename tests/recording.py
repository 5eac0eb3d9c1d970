"""Watches what the services say to the database in every test: ready to be sharded, or the run fails.

Every statement of a service is read once (tests/keyed_sql.py): a keyed table is met under its key, or
the statement stands in tests/across_keys.toml with a reason. And one transaction touches one key value,
unless the flow stands there too. Each worker of a run watches its own; the run as a whole fails.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from asyncpg.connection import Connection
from asyncpg.prepared_stmt import PreparedStatement

from services.collection.common.store.tables import KEYS as COLLECTION
from services.collection.common.store.tables import VIEWS as COLLECTION_VIEWS
from services.ledger.common.store.tables import KEYS as LEDGER
from services.ledger.common.store.tables import VIEWS as LEDGER_VIEWS
from services.payout.common.store import KEYS as PAYOUT
from shared.db import lock_rows
from tests.keyed_sql import Reading, read
from tests.places import WHOLE

ROOT = Path(__file__).parents[1]
KEYS = {
    "collection": COLLECTION | COLLECTION_VIEWS,
    "ledger": LEDGER | LEDGER_VIEWS,
    "payout": PAYOUT,
}
ALLOWED = ROOT / "tests/across_keys.toml"
HINT = "give it its key, or put it into tests/across_keys.toml with a reason"
_SHELL = {"shared/db.py", "shared/door.py", "shared/page.py"}
_ROOMS = {"store", "flows", "jobs"}
_BOUNDS = ("BEGIN", "COMMIT", "ROLLBACK")


@dataclass
class Transaction:
    """The key values that one transaction has met, and where from."""

    values: dict[str, str] = field(default_factory=dict)
    is_judged: bool = False


@dataclass
class Recording:
    """The findings of one process: faults, and everything it met."""

    allowed: dict[str, dict[str, dict[str, str]]]
    readings: dict[tuple[str, str], tuple[Reading, str] | None] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """Entries of the list that were needed."""
    transactions: dict[int, Transaction] = field(default_factory=dict)

    def bound(self, connection: Any, sql: str) -> None:
        """A transaction begins or ends (savepoints do neither)."""
        if sql.startswith(_BOUNDS) and " TO " not in sql:
            self.transactions.pop(id(connection), None)

    def statement(self, connection: Any, sql: str, rows: list[Any]) -> None:
        """A statement goes to the database with these rows of arguments."""
        name = connection._params.server_settings or {}
        service = str(name.get("application_name", "")).removeprefix("wuxian-")
        if service not in KEYS:
            return
        found = self.readings.get((service, sql), False)
        if found is False:
            found = self._first(service, sql)
        if not found:
            return
        reading, where = found  # type: ignore[misc]
        transaction = self.transactions.get(id(connection))
        if not connection._protocol.is_in_transaction() or transaction is None:
            transaction = self.transactions[id(connection)] = Transaction()
        for atom in reading.keys:
            for arguments in rows:
                value = atom[1] if atom[0] == "constant" else str(arguments[atom[1] - 1])
                transaction.values.setdefault(value, where)
        if len(transaction.values) > 1 and not transaction.is_judged:
            transaction.is_judged = True
            self._many(service, transaction)

    def _first(self, service: str, sql: str) -> tuple[Reading, str] | None:
        found = None
        caller = _caller(("store", "shared"))
        if caller and sql.startswith("SET plan_cache_mode"):
            fault = "Citus plans a statement for its key's server, not for any: ask for Citus first"
            self.faults[f"{service} {caller}: {fault}"] = sql
        if caller and not sql.lstrip().upper().startswith(("SET ", "SHOW ")):
            reading = read(sql, KEYS[service], WHOLE[service])
            if reading.refused and _is_key_by_key():
                one = read(sql, KEYS[service], WHOLE[service], key_by_key=True)
                reading.refused = one.refused
            found = (reading, caller)
            self._judge(service, sql, *found)
        self.readings[service, sql] = found
        return found

    def _judge(self, service: str, sql: str, reading: Reading, where: str) -> None:
        faults = list(reading.problems)
        if reading.unkeyed and not self._may(service, "statements", where):
            faults.append(f"meets {', '.join(reading.unkeyed)} without the key")
        if reading.locks_unkeyed and not self._may(service, "locks", where):
            faults.append("locks rows without their key")
        may = any(self._may(service, kind, where) for kind in ("refused", "one_server"))
        if reading.refused and not may:
            faults += [f"Citus refuses: {fault}" for fault in reading.refused]
        for fault in faults:
            text = " ".join(sql.split())[:300]
            self.faults[f"{service} {where}: {fault}"] = text

    def _many(self, service: str, transaction: Transaction) -> None:
        flow = _caller(("flows", "worker", "jobs"), outermost=True) or _caller(("store",)) or "?"
        if self._may(service, "transactions", flow):
            return
        met = ", ".join(sorted(set(transaction.values.values())))
        self.faults[f"{service} {flow}: one transaction meets several keys"] = met

    def _may(self, service: str, kind: str, where: str) -> bool:
        reason = self.allowed.get(service, {}).get(kind, {}).get(where)
        if reason:
            self.used.add(f"{service}.{kind}.{where}")
        return bool(reason)


def _caller(rooms: tuple[str, ...], *, outermost: bool = False) -> str | None:
    """The innermost (or outermost) function of these rooms that is at work: "billing.bill.page"."""
    frame: FrameType | None = sys._getframe(2)
    found: str | None = None
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(str(ROOT)):
            parts = Path(file).relative_to(ROOT).parts
            is_room = parts[0] == "shared" and "shared" in rooms
            names = [Path(part).stem for part in parts[2:]]
            is_room |= parts[0] == "services" and any(name in rooms for name in names[:2])
            if is_room and "/".join(parts) not in _SHELL:
                found = f"{place_of(parts)}.{_function(frame)}"
                if not outermost:
                    return found
        frame = frame.f_back
    return found


def _is_key_by_key() -> bool:
    """Tell whether `lock_rows` is at work: a distributed database is sent one key at a time."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code is not lock_rows.__code__:
        frame = frame.f_back
    return frame is not None


def place_of(parts: tuple[str, ...]) -> str:
    """Dotted name of a file without its room: "billing.bill", "bases", "shared.outbox"."""
    names = parts if parts[0] == "shared" else parts[2:]
    return ".".join(name for name in (Path(part).stem for part in names) if name not in _ROOMS)


def _function(frame: FrameType) -> str:
    return next(
        part for part in reversed(frame.f_code.co_qualname.split(".")) if not part.startswith("<")
    )


def watch(recording: Recording) -> Callable[[], None]:
    """Listen to the driver; what is given back stops it."""
    kept: list[tuple[type, str, Any]] = []

    def wrap(owner: type, name: str, before: Callable[..., None]) -> None:
        inner = getattr(owner, name)
        kept.append((owner, name, inner))

        def outer(self: Any, *args: Any, **named: Any) -> Any:
            before(self, *args)
            return inner(self, *args, **named)

        setattr(owner, name, outer)

    def simple(connection: Any, query: str, *args: Any) -> None:
        recording.bound(connection, query)
        if not args:
            recording.statement(connection, query, [()])

    def extended(connection: Any, query: str, args: Any, *_: Any) -> None:
        recording.statement(connection, query, [args])

    def many(connection: Any, query: str, args: Any, *_: Any) -> None:
        recording.statement(connection, query, list(args))

    def prepared(statement: Any, args: Any, *_: Any) -> None:
        recording.statement(statement._connection, statement._query, [args])

    wrap(Connection, "execute", simple)
    wrap(Connection, "_execute", extended)
    wrap(Connection, "_executemany", many)
    wrap(PreparedStatement, "_PreparedStatement__bind_execute", prepared)

    def stop() -> None:
        for owner, name, inner in kept:
            setattr(owner, name, inner)

    return stop


class StatementsAreKeyed:
    """The plugin: one recording a process, gathered where the run is steered from."""

    def __init__(self) -> None:
        self.recording = Recording(tomllib.loads(ALLOWED.read_text()))
        self.faults: dict[str, str] = {}
        self.met = 0
        self.stop = watch(self.recording)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.stop()
        self.faults |= self.recording.faults
        self.met += sum(found is not None for found in self.recording.readings.values())
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["wuxian_statements"] = (self.met, self.faults)
        elif self.faults and not hasattr(session.config, "workerinput"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        met, faults = getattr(node, "workeroutput", {}).get("wuxian_statements", (0, {}))
        self.met += met
        self.faults |= faults

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.met:
            terminalreporter.write_line(f"{self.met} statements of the services were read")
        if self.faults:
            terminalreporter.section("not ready to be sharded", red=True)
            for fault, text in sorted(self.faults.items()):
                terminalreporter.write_line(f"{fault}\n    {text}")
            terminalreporter.write_line(HINT)
