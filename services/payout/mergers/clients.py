"""Client of collection's feed of corrections of persons."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final

from services.payout.common.flows import PersonKeys
from services.payout.persons.domain import PersonCorrection
from shared.ids import Ref
from shared.references import Reference
from shared.web.client import Peer

PATH: Final = "/v1/person-corrections"
PAGE: Final = 100


class PersonCorrections:
    """The corrections in force, in their order."""

    def __init__(self, peer: Peer, keys: PersonKeys) -> None:
        self._peer = peer
        self._keys = keys

    async def after(self, number: int) -> list[PersonCorrection]:
        """Read the corrections after a number; an empty list when there is none yet.

        Raises:
            PeerError, httpx.HTTPError: no answer now; ask again.
            CipherBroken: collection has another exchange key, or is of an earlier release.
        """
        answer = await self._peer.get(PATH, after=number, limit=PAGE)
        return [self._correction(item) for item in answer["items"]]

    def _correction(self, item: dict[str, Any]) -> PersonCorrection:
        return PersonCorrection(
            number=item["number"],
            paper=item["id"],
            person=Ref.parse(Reference.PERSON, item["person"]),
            survivor=Ref.parse(Reference.PERSON, item["survivor"]),
            identity_number=self._keys.sent_number.receive(
                b64decode(item["sealed_identity_number"])
            ),
            name=self._keys.sent_name.receive(b64decode(item["sealed_name"])),
        )
