"""What every job is given."""

from __future__ import annotations

from dataclasses import dataclass

from shared.db import Database
from shared.process.settings import Settings
from shared.security.identity import Identity


@dataclass(frozen=True, slots=True)
class Tools:
    """The process's own things."""

    db: Database
    identity: Identity
    settings: Settings


@dataclass(slots=True)
class Progress:
    """How far a job is; written by the thread that reads, shown by the one that beats."""

    done: int = 0

    def more(self, count: int) -> None:
        """Some more are done."""
        self.done += count
