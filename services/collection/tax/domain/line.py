"""Lines of the tax bureau's tickets (税票). Pure.

A ticket is one payment of one payer. Its lines say, by levy item (征收品目), which insurance and
party the money is for, and of which period. A line happens once, by its authority, ticket and number.
Line 0 is a whole ticket, which older senders report without its items.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.collection.allocation.domain.receipt import (
    IncomingPayment,
    PaymentPart,
    receipt_key,
)

LEVY_ITEM_PATTERN: Final = r"^[A-Za-z0-9._-]{1,40}$"
WHOLE: Final = 0
"""Number of the line that stands for a whole ticket."""


class Origin(StrEnum):
    """The assessment that a line pays."""

    DECLARED_TO_TAX = "declared_to_tax"  # the payer declared to the tax bureau itself
    ASSESSED_BY_US = "assessed_by_us"  # assessed here, before the cut-over or as a back-payment


@dataclass(frozen=True, slots=True)
class LevyItem:
    """An insurance and party that a code of the tax bureau is for."""

    insurance: str
    party: str


UNKNOWN_ITEM: Final = LevyItem("", "")
"""Stands for a code that nobody has described: no line of a bill is for it."""

LevyItems = Mapping[str, LevyItem]


@dataclass(frozen=True, slots=True)
class RefundOf:
    """The line that a negative line gives back, and why (退库)."""

    ticket: str
    line_no: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine:
    """One line of a ticket, as the tax bureau reports it.

    `payer` is a unit's credit code, or the masked number of a person whose key is `person_id`.
    A negative amount gives back money of the line that `refund` names.
    """

    ticket: str
    line_no: int
    levy_item: str
    payer: str
    person_id: int | None
    period: str
    amount_fen: int
    paid_on: date
    origin: Origin
    refund: RefundOf | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Return what names the line within its authority."""
        return self.ticket, self.line_no

    @property
    def body_hash(self) -> bytes:
        """Hash of the reported facts; a repeat of a line must have the same."""
        if self.line_no == WHOLE:
            return self.whole_payment().body_hash
        refund = self.refund
        facts = [
            self.levy_item,
            self.payer,
            self.person_id,
            self.period,
            self.amount_fen,
            self.paid_on.isoformat(),
            self.origin.value,
            [refund.ticket, refund.line_no] if refund else None,
        ]
        return hashlib.sha256(json.dumps(facts).encode()).digest()

    def whole_payment(self) -> IncomingPayment:
        """Return the payment of a whole ticket."""
        return IncomingPayment(
            serial=self.ticket,
            credit_code=self.payer,
            period=self.period,
            amount_fen=self.amount_fen,
            paid_on=self.paid_on,
        )


def line_key(source: str, ticket: str) -> int:
    """Compute the shard key of a ticket: that of the receipt of a whole one."""
    return receipt_key(source, ticket)


def part_of(line: TaxLine, items: LevyItems) -> PaymentPart:
    """Return the part of a payment that a line is."""
    item = items.get(line.levy_item, UNKNOWN_ITEM)
    return PaymentPart(item.insurance, item.party, line.amount_fen)
