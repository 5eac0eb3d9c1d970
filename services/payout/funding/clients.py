"""Client of the ledger: a month of the expenditure account."""

from __future__ import annotations

from typing import Any

import httpx

from services.payout.funding.domain.report import LedgerAccount, LedgerFund, LedgerFunding
from shared.errors import Kind, Refusal
from shared.money import parse_yuan
from shared.period import Period
from shared.web.client import Peer, PeerError


class LedgerUnavailable(Refusal):
    """账务服务暂不可用,请稍后重试 (the ledger cannot be asked now; try again later)"""

    kind = Kind.UNAVAILABLE
    code = "LEDGER_UNAVAILABLE"


class SpendingClient:
    """Reads what the ledger has of the expenditure account."""

    def __init__(self, ledger: Peer) -> None:
        self._ledger = ledger

    async def of_month(self, month: Period) -> dict[str, LedgerFund]:
        """Read every fund's month, with the budgets of its year.

        Raises:
            LedgerUnavailable: no answer, or an answer that cannot be read.
        """
        try:
            found = await self._ledger.get(f"/v1/spending/{month}")
            return {one["fund"]: _fund(one) for one in found["funds"]}
        except PeerError as error:
            raise LedgerUnavailable(status=error.status, peer_code=error.code) from None
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            raise LedgerUnavailable(reason=type(error).__name__) from None


def _fund(one: dict[str, Any]) -> LedgerFund:
    return LedgerFund(
        fund=one["fund"],
        opening_fen=parse_yuan(one["opening"]),
        other_fen=parse_yuan(one["other"]),
        closing_fen=parse_yuan(one["closing"]),
        held_fen=parse_yuan(one["held"]),
        entries=one["entries"],
        accounts={
            row["account"]: LedgerAccount(
                received_fen=parse_yuan(row["received"]),
                paid_fen=parse_yuan(row["paid"]),
                returned_fen=parse_yuan(row["returned"]),
                budget_fen=None if row["budget"] is None else parse_yuan(row["budget"]),
                unplanned_fen=parse_yuan(row["unplanned"]),
                entries=row["entries"],
            )
            for row in one["accounts"]
        },
        fundings=tuple(
            LedgerFunding(
                settlement=row["settlement"],
                day=row["day"],
                plan=row["plan"],
                account=row["account"],
                amount_fen=parse_yuan(row["amount"]),
            )
            for row in one["fundings"]
        ),
    )
