"""The sandbox's letters: written down before they are sent, so that a crash repeats and loses none.

A letter carries its idempotency key; sending it again is what the receivers are tested against.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.sandbox.journal import Journal
from services.sandbox.script import Draw, script_of
from shared.errors import Kind, Refusal
from shared.web.client import Peer


class AnswerDiffers(Refusal):
    """同一请求重发,所得应答不同 (the same message was answered in two ways)"""

    kind = Kind.CONFLICT
    code = "ANSWER_DIFFERS"


@dataclass(slots=True)
class Tally:
    """The receivers' answers: counts by outcome, and everything they rejected."""

    letters: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def add(self, answer: Mapping[str, Any]) -> None:
        """Count one answer in."""
        self.letters += 1
        for name, value in answer.items():
            if isinstance(value, int):
                self.counts[name] += value
        self.rejected += list(answer.get("rejected", []))


_FILE = "file"


def file_body(media_type: str, text: str) -> dict[str, Any]:
    """Return the body of a letter that brings a file."""
    return {"media_type": media_type, _FILE: text}


def write(tx: sqlite3.Connection, *, peer: str, path: str, key: str, body: dict[str, Any]) -> None:
    """Put a letter into the box, once per key."""
    tx.execute(
        "INSERT INTO letter (peer, path, idem_key, body) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (idem_key) DO NOTHING",
        (peer, path, key, json.dumps(body, ensure_ascii=False)),
    )


class Courier:
    """Delivers letters to collection and payout."""

    def __init__(self, journal: Journal, peers: Mapping[str, Peer]) -> None:
        self._journal = journal
        self._peers = peers

    async def deliver(self) -> Tally:
        """Send every unanswered message, in the order written but for those that are overtaken.

        Where an answer is lost on the way, the message is sent again as it is.
        """
        tally = Tally()
        rows = self._journal.connection.execute(
            "SELECT id, peer, path, idem_key, body FROM letter WHERE answer IS NULL ORDER BY id"
        ).fetchall()
        for row in sorted(rows, key=lambda one: self._happens(one, "reordered")):
            answer = await self._send(row, row["idem_key"])
            if self._happens(row, "lost_replies"):
                again = await self._send(row, row["idem_key"])
                if again != answer:
                    raise AnswerDiffers(path=row["path"])
            self._journal.connection.execute(
                "UPDATE letter SET answer = ? WHERE id = ?", (json.dumps(answer), row["id"])
            )
            tally.add(answer)
        return tally

    async def repeat_all(self) -> Tally:
        """Send every answered letter again under a new key, as a confused sender would."""
        tally = Tally()
        again = int(self._journal.note("repeats") or "0") + 1
        self._journal.keep("repeats", str(again))
        rows = self._journal.connection.execute(
            "SELECT peer, path, idem_key, body FROM letter WHERE answer IS NOT NULL ORDER BY id"
        ).fetchall()
        for row in rows:
            answer = await self._send(row, f"{row['idem_key']}-again-{again}")
            tally.add(answer)
        return tally

    def _happens(self, row: sqlite3.Row, event: str) -> bool:
        """Draw whether something happens to a message on its way."""
        script = script_of(self._journal)
        draw = Draw(script.seed, "delivery", f"{row['path'].rpartition('/')[2]}/{row['id']}", 0)
        return draw.happens(event, getattr(script.delivery, event))

    async def _send(self, row: sqlite3.Row, key: str) -> Any:
        peer, body = self._peers[row["peer"]], json.loads(row["body"])
        if _FILE in body:
            return await peer.upload(row["path"], body[_FILE].encode(), body["media_type"], key=key)
        return await peer.post(row["path"], body, key=key)
