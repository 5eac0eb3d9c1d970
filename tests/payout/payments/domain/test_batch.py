"""Limits of a payment batch, and the event ids of its funding."""

from dataclasses import replace
from datetime import date

import pytest

from services.payout.payments.domain.batch import (
    BOOKINGS_MAX,
    BatchPart,
    BatchStatus,
    BatchTooLarge,
    PaymentBatch,
    require_bounded,
)
from shared.ids import Ref
from shared.money import AMOUNT_MAX_FEN
from shared.period import Period


def part(district: str, total_fen: int = 1) -> BatchPart:
    return BatchPart(
        part_no=1,
        claim=Ref.new(1),
        district=district,
        period=Period(2021, 7),
        account="benefit.hospital",
        lines=1,
        total_fen=total_fen,
    )


def test_a_batch_is_bounded_by_one_hold_and_one_voucher() -> None:
    require_bounded([part("heping", AMOUNT_MAX_FEN)])
    require_bounded([part("heping")] * 1000)
    with pytest.raises(BatchTooLarge):
        require_bounded([part("heping", AMOUNT_MAX_FEN), part("heping")])
    with pytest.raises(BatchTooLarge):
        require_bounded([part(f"d{index}") for index in range(BOOKINGS_MAX + 1)])


def test_each_attempt_at_funding_has_its_own_event_id() -> None:
    batch = PaymentBatch(
        ref=Ref.new(7),
        fund="medical",
        pay_date=date(2021, 8, 5),
        status=BatchStatus.FUNDING,
        reason=None,
        attempt=1,
        hold=None,
        lines=1,
        open_lines=1,
        total_fen=1,
        paid_fen=0,
        refused_fen=0,
        returned_fen=0,
        reports=0,
        created_by="c",
    )
    assert batch.funding_event == f"hold:{batch.ref.id.hex}"
    assert replace(batch, attempt=2).funding_event != batch.funding_event
