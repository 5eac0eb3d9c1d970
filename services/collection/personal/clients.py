"""Client of the ledger's personal accounts: credits in requests of at most 10,000."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.web.client import Peer, PeerError
from shared.wire.ledger import PERSONAL_CREDITS_MAX
from shared.wire.voucher_delivery import SET_ASIDE

PATH = "/v1/personal-credits"


class PersonalAccounts:
    """Credits people. A repeat is safe: the ledger credits each chunk once by its name."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def credit(self, messages: Sequence[dict[str, Any]]) -> list[str | None]:
        """Credit chunks. Return for each None when the ledger has it, or why it never will.

        Raises:
            PeerError, httpx.TransportError: the result is unknown; send the same again.
        """
        verdicts: list[str | None] = []
        batch: list[dict[str, Any]] = []
        room = PERSONAL_CREDITS_MAX
        for message in messages:
            if batch and len(message["credits"]) > room:
                verdicts += await self._send(batch)
                batch, room = [], PERSONAL_CREDITS_MAX
            batch.append(message)
            room -= len(message["credits"])
        return verdicts + (await self._send(batch) if batch else [])

    async def _send(self, batch: Sequence[dict[str, Any]]) -> list[str | None]:
        try:
            answer = await self._peer.post(PATH, {"bills": list(batch)})
        except PeerError as error:
            if error.status not in SET_ASIDE:
                raise
            if len(batch) == 1:
                return [f"{error.code}: {error.detail}"[:500]]
            # One chunk that the ledger cannot read must not hold up its neighbours.
            middle = len(batch) // 2
            return [*await self._send(batch[:middle]), *await self._send(batch[middle:])]
        return [result["code"] for result in answer["results"]]
