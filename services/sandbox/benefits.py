"""The sandbox's people who pay benefits: one claim of a hospital, signed, funded and formed into a batch.

They work through the public API, step by step as districts and the centre do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.sandbox.journal import Journal
from shared.errors import Kind, Refusal
from shared.money import format_yuan
from shared.web.client import Peer

DISTRICT: Final = "heping"
FUND: Final = "medical"
_COUNT: Final = "benefits"
_LOOKS: Final = 600
_LOOK_SECONDS: Final = 0.2


class MoneyLate(Refusal):
    """资金未在限时内到位 (the money was not there in time): was a debit settled, do the workers run?"""

    kind = Kind.UNAVAILABLE
    code = "MONEY_LATE"


@dataclass(frozen=True, slots=True)
class BenefitClerks:
    """People of the sandbox who pay, each with an own token."""

    journal: Journal
    ledger: Callable[[str], Peer]
    payout: Callable[[str], Peer]

    async def pay(self, day: date, amount_fen: int) -> Mapping[str, Any]:
        """Move collected money to the expenditure account and form a payment batch; return it ready.

        Raises:
            PeerError: a service refused a step.
            MoneyLate: nothing was collected, or nobody answers.
        """
        number = int(self.journal.note(_COUNT) or 0) + 1
        self.journal.keep(_COUNT, str(number))
        await self._fund(day, amount_fen)
        claim = await self._claim(day, amount_fen, number)
        body = {"claims": [claim], "pay_date": day.isoformat()}
        batch = await self._post(self.payout("centre_cashier"), "/v1/payment-batches", body)
        path = f"/v1/payment-batches/{batch['id']}"
        for _ in range(_LOOKS):
            found: Mapping[str, Any] = await self.payout("centre_cashier").get(path)
            if found["status"] == "ready":
                return found
            await asyncio.sleep(_LOOK_SECONDS)
        raise MoneyLate(status=found["status"])

    async def _fund(self, day: date, amount_fen: int) -> None:
        """Sweep the income account into the fiscal account, and fund the expenditure account."""
        await self._wait_collected(day)
        await self._settle("sweep", "centre_leader", {"day": day.isoformat()})
        amounts = [{"fund": FUND, "amount": format_yuan(amount_fen)}]
        funding = {"day": day.isoformat(), "amounts": amounts}
        await self._settle("expenditure_funding", "department_head", funding)

    async def _wait_collected(self, day: date) -> None:
        """Wait until collected money is in the books."""
        for _ in range(_LOOKS):
            path = f"/v1/in-transit?cut_off={day.isoformat()}"
            found = await self.ledger("fund_accountant").get(path)
            held = {one["account"]: one["amount"] for one in found["items"]}
            if held.get("income_deposit", "0.00") != "0.00":
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise MoneyLate(account="income_deposit")

    async def _settle(self, kind: str, approver: str, facts: Mapping[str, Any]) -> None:
        accountant = self.ledger("fund_accountant")
        filed = await self._post(accountant, "/v1/settlements", {"kind": kind, **facts})
        await self._post(self.ledger(approver), f"/v1/settlements/{filed['id']}/approvals", {})

    async def _claim(self, day: date, amount_fen: int, number: int) -> str:
        """File a hospital's claim and let three people sign it; return it."""
        total = format_yuan(amount_fen)
        account = {"bank": "沙箱银行", "number": f"6223{number:015d}", "name": f"沙箱医院{number}"}
        line = {
            "payee_name": f"沙箱医院{number}",
            "bank_account": account,
            "amount": total,
            "reference": f"SANDBOX-{number:06d}",
        }
        body = {
            "kind": "hospital_settlement",
            "district": DISTRICT,
            "period": f"{day:%Y-%m}",
            "filed_on": day.isoformat(),
            "summary": "定点医院网络结算",
            "control": {"lines": 1, "total": total},
            "lines": [line],
        }
        clerk = self.payout(f"district_clerk.{DISTRICT}")
        claim = str((await self._post(clerk, "/v1/claims", body))["id"])
        for signer in (f"district_reviewer.{DISTRICT}", "department_head", "centre_leader"):
            path = f"/v1/claims/{claim}/signatures"
            await self._post(self.payout(signer), path, {"decision": "approve"})
        return claim

    async def _post(self, peer: Peer, path: str, body: Any) -> Mapping[str, Any]:
        number = int(self.journal.note("steps") or 0) + 1
        self.journal.keep("steps", str(number))
        found: Mapping[str, Any] = await peer.post(path, body, key=f"sandbox-{number:08d}")
        return found
