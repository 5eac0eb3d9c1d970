"""The simulated bank's statements, and the mistakes in them.

The bank's own books are right; a statement may leave an entry out, bring it days late, have it twice,
or have an entry of another's money. What is asked about is corrected: the missing entry comes, and
what was too much is taken out by an entry below zero that refers to it.
"""

from __future__ import annotations

import csv
import io
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from services.sandbox.journal import Journal
from services.sandbox.script import Draw, Script
from shared.errors import NotFound
from shared.money import format_yuan

_HEADINGS: Final = (
    *("账号", "记账日期", "金额", "银行流水号", "附言", "对方账号", "摘要"),
    *("期初余额", "期末余额"),
)
_LATE_DAYS: Final = 3
_EXTRA_FEN_MAX: Final = 1_000_000


class EntryError(StrEnum):
    """Kinds of mistakes in a statement. `NONE`: the bank finds none and has no such entry."""

    MISSING = "missing"
    LATE = "late"
    TWICE = "twice"
    EXTRA = "extra"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a statement; the amount is positive when money came in."""

    seq: int
    serial: str
    day: date
    amount_fen: int
    reference: str
    counterparty: str
    summary: str


@dataclass(frozen=True, slots=True)
class Statement:
    """An account between two days: balances are those of the whole span, lines those of a page."""

    account: str
    name: str
    opening_fen: int
    received_fen: int
    paid_fen: int
    count: int
    lines: tuple[Movement, ...]

    @property
    def closing_fen(self) -> int:
        """Return the balance at the end of the last day."""
        return self.opening_fen + self.received_fen - self.paid_fen


class Statements:
    """Statements of the bank's accounts."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def read(
        self, account: str, first: date, last: date, *, after: int = 0, limit: int = 500
    ) -> Statement:
        """Return the statement of an account from `first` to `last`, lines after the seq `after`.

        Raises:
            NotFound: no such account.
        """
        read = self._journal.connection
        found = read.execute("SELECT name FROM account WHERE number = ?", (account,)).fetchone()
        if found is None:
            raise NotFound(account=account[:4] + "…")
        span = (account, first.isoformat(), last.isoformat())
        opening = read.execute(
            "SELECT COALESCE(SUM(amount_fen), 0) AS total FROM statement_line"
            " WHERE account = ? AND day < ?",
            span[:2],
        ).fetchone()
        sums = read.execute(
            "SELECT COUNT(*) AS lines,"
            "       COALESCE(SUM(CASE WHEN amount_fen > 0 THEN amount_fen END), 0) AS received,"
            "       COALESCE(SUM(CASE WHEN amount_fen < 0 THEN -amount_fen END), 0) AS paid"
            "  FROM statement_line WHERE account = ? AND day BETWEEN ? AND ?",
            span,
        ).fetchone()
        rows = read.execute(
            "SELECT seq, serial, day, amount_fen, reference, counterparty, summary FROM statement_line"
            " WHERE account = ? AND day BETWEEN ? AND ? AND seq > ? ORDER BY seq LIMIT ?",
            (*span, after, limit),
        )
        lines = tuple(
            Movement(
                row["seq"],
                row["serial"],
                date.fromisoformat(row["day"]),
                row["amount_fen"],
                row["reference"],
                row["counterparty"],
                row["summary"],
            )
            for row in rows
        )
        return Statement(
            account,
            found["name"],
            opening["total"],
            sums["received"],
            sums["paid"],
            sums["lines"],
            lines,
        )

    def file(self, account: str, first: date, last: date) -> bytes:
        """Write the statement of an account as the bank's CSV file, in GB18030 as most banks do.

        Raises:
            NotFound: no such account.
        """
        found = self.read(account, first, last, limit=-1)
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(_HEADINGS)
        for line in found.lines:
            writer.writerow(
                (
                    account,
                    line.day.isoformat(),
                    format_yuan(line.amount_fen),
                    line.serial,
                    line.reference,
                    line.counterparty,
                    line.summary,
                    format_yuan(found.opening_fen),
                    format_yuan(found.closing_fen),
                )
            )
        return out.getvalue().encode("gb18030")

    def err(self, script: Script, account: str, first: date, last: date) -> dict[str, int]:
        """Make mistakes in what came in on the days from `first` to `last`; how many of each kind."""
        made = dict.fromkeys((one.value for one in EntryError if one is not EntryError.NONE), 0)
        with self._journal.transaction() as tx:
            rows = tx.execute(
                "SELECT serial, day, amount_fen FROM movement"
                " WHERE account = ? AND day BETWEEN ? AND ? AND amount_fen > 0 ORDER BY serial",
                (account, first.isoformat(), last.isoformat()),
            ).fetchall()
            for row in rows:
                for error in _errors(script, account, row, last):
                    made[error.kind] += _write(tx, error)
        return made

    def correct(self, account: str, serial: str, day: date) -> EntryError:
        """Find the mistake about a serial and correct it on a day; a repeat changes nothing."""
        with self._journal.transaction() as tx:
            row = tx.execute(
                "SELECT kind FROM entry_error WHERE account = ? AND serial = ?", (account, serial)
            ).fetchone()
            tx.execute(
                "UPDATE entry_error SET corrected_on = ?"
                " WHERE account = ? AND serial = ? AND corrected_on IS NULL",
                (day.isoformat(), account, serial),
            )
        return EntryError(row["kind"]) if row else EntryError.NONE


@dataclass(frozen=True, slots=True)
class _Mistake:
    account: str
    serial: str
    kind: EntryError
    day: date
    amount_fen: int


def _errors(script: Script, account: str, row: sqlite3.Row, last: date) -> list[_Mistake]:
    """Decide what goes wrong about one movement."""
    rates = script.statement
    draw = Draw(script.seed, "statement", f"{account}/{row['serial']}", 0)
    day, serial = date.fromisoformat(row["day"]), row["serial"]
    found = []
    if draw.happens("missing", rates.missing):
        found.append(_Mistake(account, serial, EntryError.MISSING, day, row["amount_fen"]))
    elif draw.happens("late", rates.late):
        day_late = min(day + timedelta(days=_LATE_DAYS), last)
        found.append(_Mistake(account, serial, EntryError.LATE, day_late, row["amount_fen"]))
    elif draw.happens("twice", rates.twice):
        found.append(_Mistake(account, serial, EntryError.TWICE, day, row["amount_fen"]))
    if draw.happens("extra", rates.extra):
        fen = 1 + draw.number("extra amount") % _EXTRA_FEN_MAX
        found.append(_Mistake(account, draw.serial(), EntryError.EXTRA, day, fen))
    return found


def _write(tx: sqlite3.Connection, error: _Mistake) -> int:
    done = tx.execute(
        "INSERT INTO entry_error (account, serial, kind, day, amount_fen) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (account, serial) DO NOTHING",
        (error.account, error.serial, error.kind, error.day.isoformat(), error.amount_fen),
    )
    return done.rowcount
