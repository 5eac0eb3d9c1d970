"""Client of the ledger: what personal accounts hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import httpx

from services.payout.common.domain import person_text
from services.payout.formulas.clients import BenefitRecordUnavailable
from services.payout.withdrawals.domain import AccountBalance
from shared.ids import Ref
from shared.money import parse_yuan
from shared.references import Reference
from shared.web.client import Peer, PeerError

PATH: Final = "/v1/personal-balances"
PEOPLE: Final = 100
"""People of whom one request asks."""


class PersonalBalances:
    """Reads balances of personal accounts from the ledger."""

    def __init__(self, ledger: Peer) -> None:
        self._ledger = ledger

    async def of(self, person_ids: Sequence[int]) -> dict[tuple[int, str], AccountBalance]:
        """Read (person, fund) → balance; an account that never held anything is left out.

        Raises:
            BenefitRecordUnavailable: no answer, or an answer that cannot be read.
        """
        found: dict[tuple[int, str], AccountBalance] = {}
        wanted = sorted(set(person_ids))
        for first in range(0, len(wanted), PEOPLE):
            found |= await self._ask(wanted[first : first + PEOPLE])
        return found

    async def _ask(self, person_ids: Sequence[int]) -> dict[tuple[int, str], AccountBalance]:
        people = [person_text(one) for one in person_ids]
        try:
            answer = await self._ledger.get(PATH, person=people)
            return {
                (Ref.parse(Reference.PERSON, item["person"]).key, item["fund"]): AccountBalance(
                    balance_fen=parse_yuan(item["balance"]),
                    taken_fen={one["paper"]: parse_yuan(one["amount"]) for one in item["taken"]},
                    pensions_fen=parse_yuan(item["pensions"]),
                )
                for item in answer["items"]
            }
        except PeerError as error:
            raise BenefitRecordUnavailable(status=error.status, peer_code=error.code) from None
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            raise BenefitRecordUnavailable(reason=type(error).__name__) from None
