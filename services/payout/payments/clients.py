"""Client of the ledger: holds, releases, vouchers, movements of personal accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.payout.payments.domain.batch import PaymentBatch
from services.payout.withdrawals import domain as withdrawals_rules
from shared.entry import Account
from shared.money import format_yuan
from shared.outbox import Verdict
from shared.references import Reference
from shared.web.client import RETRIED_STATUS, Peer, PeerError
from shared.wire.voucher_delivery import post_vouchers

_SUMMARY: Final = "待遇支付预留"


def release_payload(hold: str, event_id: str, amount_fen: int | None) -> dict[str, Any]:
    """Build the outbox message that releases an amount of a hold; all of an unused one for None."""
    body: dict[str, Any] = {"event_id": event_id}
    if amount_fen is not None:
        body["amount"] = format_yuan(amount_fen)
    return {"to": "hold_release", "hold": hold, "body": body}


def is_message(payload: object) -> bool:
    """Check that a stored payload has the form of a message of this module."""
    match payload:
        case {"to": "voucher", "body": dict()}:
            return True
        case {"to": "hold_release", "hold": str(), "body": {"event_id": str()}}:
            return True
        case {"to": "personal_transfer", "body": {"paper": str()}}:
            return True
        case {"to": "retirees", "body": {"version": str()}}:
            return True
        case {"to": "personal_draws", "body": {"paper": str()}}:
            return True
        case {"to": withdrawals_rules.CANCELLED}:  # acknowledged without a request
            return True
        case _:
            return False


def _request(payload: dict[str, Any]) -> tuple[str, str] | None:
    """Return the path and the key of a message that is a request of its own; None for others."""
    body = payload.get("body", {})
    match payload["to"]:
        case "hold_release":
            return f"/v1/holds/{payload['hold']}/releases", body["event_id"]
        case "personal_transfer":
            return "/v1/personal-transfers", f"{body['direction']}:{body['paper']}"
        case "retirees":
            return "/v1/retirees", body["version"]
        case "personal_draws":
            return "/v1/personal-draws", body["paper"]
    return None


class HoldRefused(Exception):
    """The ledger's refusal of a hold. This attempt is over; another may be made."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class LedgerClient:
    """Requests to the ledger. All carry event ids, so each may be repeated."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def hold(self, batch: PaymentBatch) -> str:
        """Hold a batch's money on the expenditure account; return the hold's id.

        Raises:
            HoldRefused: not enough money, or another refusal.
            PeerError, httpx.TransportError: the outcome is not known; ask again.
        """
        event_id = batch.funding_event
        try:
            hold = await self._peer.post(
                "/v1/holds",
                {
                    "event_id": event_id,
                    "fund": batch.fund,
                    "account": Account.EXPENDITURE_DEPOSIT,
                    "amount": format_yuan(batch.total_fen),
                    "summary": f"{_SUMMARY} {batch.ref.text(Reference.PAYMENT_BATCH)}",
                },
                key=event_id,
            )
        except PeerError as error:
            if _is_final(error):
                raise HoldRefused(f"{error.code}: {error.detail}"[:500]) from None
            raise
        return str(hold["id"])

    async def deliver(self, payloads: Sequence[dict[str, Any]]) -> list[Verdict]:
        """Deliver outbox payloads and return a verdict for each.

        Vouchers go in one batch, then releases one by one. Neither waits for the other: a line's
        draw and another line's release never need the same fen of a hold.

        Raises:
            PeerError, httpx.TransportError, LedgerBusy: the outcome is not known; send all again.
        """
        verdicts: list[Verdict] = [None] * len(payloads)
        places = [index for index, payload in enumerate(payloads) if payload["to"] == "voucher"]
        if places:
            posted = await post_vouchers(self._peer, [payloads[index]["body"] for index in places])
            for index, verdict in zip(places, posted, strict=True):
                verdicts[index] = verdict
        for index, payload in enumerate(payloads):
            if request := _request(payload):
                path, key = request
                verdicts[index] = await self._post(path, payload["body"], key=key)
        return verdicts

    async def _post(self, path: str, body: dict[str, Any], *, key: str) -> str | None:
        try:
            await self._peer.post(path, body, key=key)
        except PeerError as error:
            if _is_final(error):
                return f"{error.code}: {error.detail}"[:500]
            raise
        return None


def _is_final(error: PeerError) -> bool:
    # 401 and 403 mean that this installation's identities are being changed: worth another try.
    return 400 <= error.status < 500 and error.status not in {401, 403, 408, *RETRIED_STATUS}
