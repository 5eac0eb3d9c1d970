"""Double payments (重复支付): lines that pay an event of a person which another line pays.

Two records of one person may each have had a pension of the same month, or a claim about the same
event. It is seen when the records are merged: one line counts, the other is never paid from then on.
If it was paid already, the amount is to be recovered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.ids import Ref


class DoubleStatus(StrEnum):
    """The states of a double payment: they follow from what the bank has reported."""

    STOPPED = "stopped"  # 未付,不再支付
    IN_FLIGHT = "in_flight"  # 已在支付批次中,待银行回报
    TO_RECOVER = "to_recover"  # 已支付,须追回


@dataclass(frozen=True, slots=True, kw_only=True)
class DoublePayment:
    """A claim line that pays a second time, the line that counts, and the correction that showed it."""

    claim: Ref
    line_no: int
    first_claim: Ref
    first_line_no: int
    kind: str
    district: str
    fund: str
    status: DoubleStatus
    sealed_number: bytes
    payee_name: bytes
    reference: str
    amount_fen: int
    paper: str
