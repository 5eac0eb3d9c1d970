"""Messages that several subjects send to the ledger; the client of collection: a unit's arrears and payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from services.payout.common.domain import UnitPaidYear
from shared.entry import Voucher
from shared.errors import Kind, Refusal
from shared.money import parse_yuan
from shared.web.client import Peer, PeerError
from shared.wire.ledger import voucher_message


def voucher_payload(voucher: Voucher, hold: str | None) -> dict[str, Any]:
    """Build the outbox message that posts a voucher, drawing on a hold when one is named."""
    body = voucher_message(voucher)
    if hold is not None:
        body["hold"] = hold
    return {"to": "voucher", "body": body}


class CollectionUnavailable(Refusal):
    """征缴服务暂不可用,无法核对单位缴费,请稍后重试 (collection does not answer, so the unit's payments cannot be checked; try again later)"""

    kind = Kind.UNAVAILABLE
    code = "COLLECTION_UNAVAILABLE"


class UnitUnknown(Refusal):
    """征缴系统没有该单位 (collection has no such unit)"""

    kind = Kind.INVALID
    code = "UNIT_UNKNOWN"


@dataclass(frozen=True, slots=True)
class UnitArrears:
    """The amount a unit owes on a day; `total` is in yuan, as collection wrote it.

    `blocked` is the legal basis of a flag that blocks claims; None: no such flag.
    """

    credit_code: str
    district: str
    total: str
    overdue: bool
    blocked: str | None = None


@dataclass(frozen=True, slots=True)
class UnitWage:
    """The average monthly wage of a unit's settled months of a year; 0 if none."""

    district: str
    average_fen: int


class CollectionClient:
    """Read requests to collection.

    It asks as a service of the centre, so collection refuses no district: each answer names the
    unit's district, and flows hold the caller against it.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def arrears(self, credit_code: str, as_of: date) -> UnitArrears:
        """Read what a unit owes on a day.

        Raises:
            UnitUnknown: collection has no such unit.
            CollectionUnavailable: no answer, or an answer that cannot be read.
        """
        try:
            answer = await self._peer.get(
                f"/v1/units/{credit_code}/arrears", as_of=as_of.isoformat()
            )
            return UnitArrears(
                credit_code,
                str(answer["district"]),
                str(answer["total"]),
                bool(answer["overdue"]),
                answer.get("claims_blocked"),
            )
        except PeerError as error:
            if error.status == 404:
                raise UnitUnknown(credit_code=credit_code) from None
            raise CollectionUnavailable(status=error.status, peer_code=error.code) from None
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            raise CollectionUnavailable(reason=type(error).__name__) from None

    async def paid_year(self, credit_code: str, insurance: str, year: int) -> UnitPaidYear:
        """Read what a unit has paid of an insurance for the months of a year, and its heads.

        Raises:
            UnitUnknown: collection has no such unit.
            CollectionUnavailable: no answer, or an answer that cannot be read.
        """
        try:
            answer = await self._peer.get(
                f"/v1/units/{credit_code}/paid-year", insurance=insurance, year=str(year)
            )
            counts = ("paid_months", "heads_before", "heads_after", "head_months")
            return UnitPaidYear(
                district=str(answer["district"]),
                paid_fen=parse_yuan(str(answer["paid"])),
                **{name: int(answer[name]) for name in counts},
            )
        except PeerError as error:
            if error.status == 404:
                raise UnitUnknown(credit_code=credit_code) from None
            raise CollectionUnavailable(status=error.status, peer_code=error.code) from None
        except (httpx.HTTPError, KeyError, TypeError, ValueError, Refusal) as error:
            raise CollectionUnavailable(reason=type(error).__name__) from None

    async def average_wage(self, credit_code: str, year: int) -> UnitWage:
        """Read the average monthly wage of a unit's settled months of a year.

        Raises:
            UnitUnknown: collection has no such unit.
            CollectionUnavailable: no answer, or an answer that cannot be read.
        """
        try:
            answer = await self._peer.get(f"/v1/units/{credit_code}/wages", year=str(year))
            return UnitWage(str(answer["district"]), parse_yuan(str(answer["average_wage"])))
        except PeerError as error:
            if error.status == 404:
                raise UnitUnknown(credit_code=credit_code) from None
            raise CollectionUnavailable(status=error.status, peer_code=error.code) from None
        except (httpx.HTTPError, KeyError, TypeError, ValueError, Refusal) as error:
            raise CollectionUnavailable(reason=type(error).__name__) from None
