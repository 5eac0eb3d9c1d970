"""Messages that a receiver refused for good: the reason, the remedy and the paper of each.

Reasons are kept as "CODE: sentence". The remedies are one table by code, for every service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.page import read_page
from shared.wire.ledger import REFUND_ORDER

_CORRECT_RULES: Final = (
    "核对科目表、基金与流向矩阵,两人订正后重发 (check the chart, the funds and the flow matrix; when"
    " two people have corrected them, send again: wuxian refused --retry)"
)
_DATA: Final = (
    "报文本身有误,重发无用:记下单据号,交系统维护人员查明来源并补记 (the message itself is wrong and"
    " a repeat is of no use: give its paper to the operator, who finds its source)"
)
_FUNDS: Final = (
    "先拨足资金 (POST /v1/settlements, expenditure_funding),再由付款批次重新请款 (POST"
    " /v1/payment-batches/{id}/funding-checks);已拒之凭证不再重发即成 (fund the account, then ask for"
    " the batch's money again; this refusal is kept for its event)"
)
REMEDIES: Final[Mapping[str, str]] = {
    "DAY_CLOSED": (
        "所选之日已结账:改选未结账之日,或两人反结账后重发 (the chosen day is closed: choose an open day,"
        " or reopen it by two people and send again)"
    ),
    "SUSPENSE_EXCEEDED": (
        "该到账所余不足,已批准的退费占用其余:查明后重发 (less of the receipt is left, approved refunds"
        " counted: see where it went, then send again)"
    ),
    "BOOK_DATE_IN_FUTURE": "待该日到来后重发 (send again when the day has come)",
    "FLOW_FORBIDDEN": _CORRECT_RULES,
    "SENDER_FORBIDDEN": (
        "该服务不得记此类凭证:查明来源;确应由其记账的,两人订正流向矩阵的发送方后重发 (this service may not"
        " post this kind: find out why it did; if it may, two people name it in the flow matrix and send"
        " again)"
    ),
    "HOLD_EXPECTED": _DATA,
    "FUND_UNKNOWN": _CORRECT_RULES,
    "ACCOUNT_UNKNOWN": _CORRECT_RULES,
    "ACCOUNT_NOT_IN_BOOK": _CORRECT_RULES,
    "ACCOUNT_NOT_IN_FUND": _CORRECT_RULES,
    "INSUFFICIENT_FUNDS": _FUNDS,
    "HOLD_EXCEEDED": _FUNDS,
    "HOLD_UNKNOWN": _FUNDS,
    "HOLD_NOT_DRAWN": _DATA,
    "EVENT_ID_REUSED": (
        "同一业务号先前已以其他内容记账:核对两者,再补记差额 (another content was booked under this event id:"
        " compare both, and book the difference)"
    ),
    "VOUCHER_UNBALANCED": _DATA,
    "AMOUNT_NOT_POSITIVE": _DATA,
    "VALIDATION_FAILED": _DATA,
    "VOUCHER_UNSTORABLE": _DATA,
    "MESSAGE_UNREADABLE": _DATA,
    "PERSONAL_ACCOUNT_MERGED": _DATA,
    "PERSONAL_MERGER_CIRCLE": _DATA,
}
OTHERWISE: Final = (
    "查明原因并处理后重发 (find and remove the reason, then send again: wuxian refused --retry)"
)
_PAPERS: Final = ("receipt", "bill", "waiver", "refund", "payment_batch", "declaration", "paper")
"""References that name a message's paper, the first of them that it has."""


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message that was set aside; `kind`, `event_id` and `paper` are None when it is unreadable."""

    id: UUID
    created_at: datetime
    reason: str
    kind: str | None
    event_id: str | None
    paper: str | None

    @property
    def code(self) -> str:
        """Return the code of the refusal."""
        return self.reason.partition(":")[0]

    @property
    def remedy(self) -> str:
        """Return the sentence that says what to do."""
        return REMEDIES.get(self.code, OTHERWISE)


def message_of(*, id: UUID, created_at: datetime, refused: str, payload: bytes) -> RefusedMessage:
    """Read a message as far as it can be read."""
    body = _body(payload)
    references = body.get("references")
    known = references if isinstance(references, dict) else {}
    event_id = _text(body.get("event_id"))
    paper = next((found for name in _PAPERS if (found := _text(known.get(name)))), event_id)
    return RefusedMessage(
        id=UUID(int=id.int),
        created_at=created_at,
        reason=refused,
        kind=_text(body.get("kind")),
        event_id=event_id,
        paper=paper,
    )


def _body(payload: bytes) -> dict[str, Any]:
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    if isinstance(message, dict) and isinstance(order := message.get(REFUND_ORDER), dict):
        return {"kind": REFUND_ORDER, "references": {"refund": order.get("refund")}}
    if isinstance(message, dict) and isinstance(message.get("body"), dict):
        message = message["body"]
    return message if isinstance(message, dict) else {}


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) else None


async def page(tx: AsyncConnection, *, after: UUID | None, limit: int) -> Sequence[RefusedMessage]:
    """Read refused messages, oldest first."""
    return await read_page(
        tx,
        "SELECT id, created_at, refused, payload FROM outbox",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=message_of,
        where={"refused IS NOT NULL": {}},
    )
