"""The sandbox's memory: one SQLite file, so that a restart forgets nothing it has answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DDL = """
CREATE TABLE IF NOT EXISTS account (
    number      TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    own         INTEGER NOT NULL,
    balance_fen INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS movement (
    seq          INTEGER PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES account (number),
    serial       TEXT NOT NULL,
    day          TEXT NOT NULL,
    amount_fen   INTEGER NOT NULL,
    counterparty TEXT NOT NULL,
    summary      TEXT NOT NULL,
    UNIQUE (account, serial)
);
CREATE INDEX IF NOT EXISTS movement_day ON movement (account, day, seq);

CREATE TABLE IF NOT EXISTS transfer (
    reference  TEXT PRIMARY KEY,
    serial     TEXT NOT NULL UNIQUE,
    payer      TEXT NOT NULL,
    payee      TEXT NOT NULL,
    amount_fen INTEGER NOT NULL,
    day        TEXT NOT NULL,
    summary    TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS batch (
    purpose TEXT NOT NULL,
    id      TEXT NOT NULL,
    day     TEXT NOT NULL,
    PRIMARY KEY (purpose, id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS instruction (
    purpose      TEXT NOT NULL,
    batch        TEXT NOT NULL,
    line         INTEGER NOT NULL,
    reference    TEXT NOT NULL,
    serial       TEXT NOT NULL UNIQUE,
    amount_fen   INTEGER NOT NULL,
    account      TEXT NOT NULL,
    done         INTEGER NOT NULL,
    timing       TEXT NOT NULL,
    twice        INTEGER NOT NULL,
    value_date   TEXT NOT NULL,
    reason_code  TEXT,
    reason       TEXT,
    returned_on  TEXT,
    state        TEXT NOT NULL,
    PRIMARY KEY (purpose, batch, line)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS instruction_reference ON instruction (purpose, reference);
CREATE INDEX IF NOT EXISTS instruction_state ON instruction (purpose, state);

CREATE TABLE IF NOT EXISTS tax_payment (
    serial      TEXT PRIMARY KEY,
    payer       TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    period      TEXT NOT NULL,
    amount_fen  INTEGER NOT NULL,
    paid_on     TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tax_payment_payer ON tax_payment (payer, period);

-- Tickets as the bureau pushes them; one that is not pushed waits for an inquiry.
CREATE TABLE IF NOT EXISTS ticket (
    serial TEXT PRIMARY KEY,
    lines  TEXT NOT NULL,
    pushed INTEGER NOT NULL
) WITHOUT ROWID;

-- Mistakes in statements; the bank's own books (movement) have none.
CREATE TABLE IF NOT EXISTS entry_error (
    id           INTEGER PRIMARY KEY,
    account      TEXT NOT NULL,
    serial       TEXT NOT NULL,
    kind         TEXT NOT NULL,
    day          TEXT NOT NULL,
    amount_fen   INTEGER NOT NULL,
    corrected_on TEXT,
    UNIQUE (account, serial)
);

CREATE VIEW IF NOT EXISTS statement_line AS
SELECT moved.account, moved.seq * 4 AS seq, moved.serial,
       coalesce(transfer.reference, '') AS reference,
       CASE error.kind WHEN 'late' THEN error.day WHEN 'missing' THEN error.corrected_on
                       ELSE moved.day END AS day,
       moved.amount_fen, moved.counterparty, moved.summary
  FROM movement AS moved
  LEFT JOIN entry_error AS error
         ON error.account = moved.account AND error.serial = moved.serial
  LEFT JOIN transfer ON transfer.serial = moved.serial
 WHERE error.kind IS NOT 'missing' OR error.corrected_on IS NOT NULL
 UNION ALL
SELECT moved.account, moved.seq * 4 + 1, moved.serial || 'D', moved.serial, error.day,
       moved.amount_fen, moved.counterparty, moved.summary
  FROM entry_error AS error
  JOIN movement AS moved ON moved.account = error.account AND moved.serial = error.serial
 WHERE error.kind = 'twice'
 UNION ALL
SELECT account, 1000000000000 + id * 4, serial, '', day, amount_fen, 'unknown', 'extra'
  FROM entry_error
 WHERE kind = 'extra'
 UNION ALL
SELECT account, 1000000000001 + id * 4, serial || 'K', serial, corrected_on, -amount_fen,
       'unknown', 'correction'
  FROM entry_error
 WHERE kind IN ('twice', 'extra') AND corrected_on IS NOT NULL;

CREATE TABLE IF NOT EXISTS letter (
    id       INTEGER PRIMARY KEY,
    peer     TEXT NOT NULL,
    path     TEXT NOT NULL,
    idem_key TEXT NOT NULL UNIQUE,
    body     TEXT NOT NULL,
    answer   TEXT
);

CREATE TABLE IF NOT EXISTS note (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
) WITHOUT ROWID;

-- Files of earlier releases have other words for these states.
UPDATE instruction SET state = 'queried' WHERE state = 'asked';
UPDATE instruction SET state = 'to_query' WHERE state = 'asked_for';
"""


class Journal:
    """The file and its one connection. Work is short and local, so it runs on the event loop."""

    def __init__(self, path: Path | str) -> None:
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.executescript(_DDL)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction: all or nothing; never held across an await."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def note(self, name: str) -> str | None:
        """Return a small fact kept under a name."""
        row = self.connection.execute("SELECT text FROM note WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["text"])

    def keep(self, name: str, text: str) -> None:
        """Keep a small fact under a name."""
        self.connection.execute(
            "INSERT INTO note (name, text) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET text = excluded.text",
            (name, text),
        )

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
