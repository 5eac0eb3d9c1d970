"""Shapes of refund orders."""

from __future__ import annotations

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.settlement.domain.refund import RefundOrder
from services.ledger.settlement.domain.settlement import SettlementPart
from services.ledger.settlement.domain.transfer_in import ContactLetter
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.wire.ledger import (
    RefundAmountOut,
    RefundOrderIn,
    RefundOrderOut,
    TransferLetterIn,
    TransferLetterOut,
)


def order_from(body: RefundOrderIn) -> RefundOrder:
    """Return the order that collection sends."""
    return RefundOrder(
        id=uuid7(),
        refund=body.refund,
        source=body.source,
        payee=body.payee,
        receipt=body.receipt,
        deposit=body.deposit,
        reason=body.reason,
        ordered_on=body.ordered_on,
        parts=tuple(
            SettlementPart(
                fund=one.fund, amount_fen=one.amount, account=one.account, district=one.district
            )
            for one in body.amounts
        ),
        transfer=_letter(body.transfer) if body.transfer else None,
    )


def _letter(body: TransferLetterIn) -> ContactLetter:
    return ContactLetter(
        fund=body.fund, city=body.city, letter=body.letter, supplement=body.supplement
    )


def order_out(order: RefundOrder) -> RefundOrderOut:
    """Answer an order."""
    settlement, letter = order.settlement_id, order.transfer
    return RefundOrderOut(
        refund=order.refund,
        source=order.source,
        payee=order.payee,
        receipt=order.receipt,
        deposit=order.deposit,
        reason=order.reason,
        ordered_on=order.ordered_on,
        amount=order.amount_fen,
        amounts=[
            RefundAmountOut(
                fund=part.fund,
                account=part.account or "",
                district=part.district or "",
                amount=part.amount_fen,
            )
            for part in order.parts
        ],
        status=order.status,
        settlement=settlement and Ref(CENTRE_SLOT, settlement).text(Reference.SETTLEMENT),
        settled_on=order.settled_on,
        paid_from=order.paid_from,
        seq=order.seq,
        transfer=letter
        and TransferLetterOut(
            fund=letter.fund, city=letter.city, letter=letter.letter, supplement=letter.supplement
        ),
        reversed_on=order.reversed_on,
    )
