"""Background work of collection: deliver the outbox to the ledger, and what the lists below name.

A new kind of work is a function `async def work(background: Background) -> None` that runs until
it is cancelled, added to `TASKS`. It may be killed anywhere: what it does is safe to do again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from services.collection.clients.ledger import Ledger
from shared.db import Database
from shared.http import Peer
from shared.identity import Identity
from shared.outbox import Relay
from shared.settings import Settings

CLIENT_ID = "collection_service"


@dataclass(frozen=True, slots=True)
class Background:
    """What background work needs."""

    db: Database
    identity: Identity
    settings: Settings


async def deliver_outbox(background: Background) -> None:
    """Deliver vouchers to the ledger, for ever."""
    secret = background.identity.secret_of(CLIENT_ID)
    async with Peer(background.settings.ledger_url, CLIENT_ID, secret) as peer:
        await Relay(background.db, Ledger(peer).deliver).run()


TASKS: tuple[Callable[[Background], Coroutine[Any, Any, None]], ...] = (deliver_outbox,)
