"""The arguments of every job."""

from __future__ import annotations

from dataclasses import dataclass

from shared.db import Database
from shared.process.settings import Settings
from shared.security.identity import Identity


@dataclass(frozen=True, slots=True)
class Tools:
    """The resources of the process."""

    db: Database
    identity: Identity
    settings: Settings


@dataclass(slots=True)
class Progress:
    """The progress of a job: one thread counts, another stores the count."""

    done: int = 0

    def more(self, count: int) -> None:
        """Count some more as done."""
        self.done += count
