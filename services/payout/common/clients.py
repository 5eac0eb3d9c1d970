"""Collection, as payout asks it: what a unit owes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import httpx

from shared.errors import Kind, Refusal
from shared.web.client import Peer, PeerError


class CollectionUnavailable(Refusal):
    """征缴服务暂不可用,无法核对欠费,请稍后重试 (collection does not answer; arrears cannot be checked)"""

    kind = Kind.UNAVAILABLE
    code = "COLLECTION_UNAVAILABLE"


class UnitUnknown(Refusal):
    """征缴系统没有该单位 (collection knows no such unit)"""

    kind = Kind.INVALID
    code = "UNIT_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Arrears:
    """What a unit owes on a day; `total` in yuan as collection wrote it."""

    credit_code: str
    total: str
    overdue: bool


class CollectionClient:
    """Reads of collection."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def arrears(self, credit_code: str, as_of: date) -> Arrears:
        """What a unit owes on a day.

        Raises:
            UnitUnknown: collection has no such unit.
            CollectionUnavailable: no answer, or none that can be understood.
        """
        try:
            found = await self._peer.get(
                f"/v1/units/{credit_code}/arrears", as_of=as_of.isoformat()
            )
            return Arrears(credit_code, str(found["total"]), bool(found["overdue"]))
        except PeerError as error:
            if error.status == 404:
                raise UnitUnknown(credit_code=credit_code) from None
            raise CollectionUnavailable(status=error.status, peer_code=error.code) from None
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            raise CollectionUnavailable(reason=type(error).__name__) from None
