"""Parts of a payment pay lines of their own insurance and party, and nothing else."""

from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.collection.allocation.domain.allocation import (
    Bill,
    BillLine,
    Payment,
    allocate,
    settle_parts,
)
from services.collection.allocation.domain.receipt import PaymentPart, remaining_parts

DAY = date(2021, 8, 20)
SIDES = (("pension", "unit"), ("pension", "personal"), ("medical", "unit"), ("nobody", "unit"))
PARTS = st.lists(
    st.builds(
        lambda side, fen: PaymentPart(*side, fen), st.sampled_from(SIDES), st.integers(1, 900)
    ),
    max_size=6,
)


def bill(*lines: tuple[str, str, str, int], period: str = "2021-07", number: int = 1) -> Bill:
    return Bill(
        unit_id=1,
        id=UUID(int=number),
        declaration_id=UUID(int=9),
        credit_code="c",
        district="heping",
        period=period,
        issued_on=DAY,
        lines=tuple(
            BillLine(
                line_no=place,
                fund=insurance,
                account=account,
                amount_fen=fen,
                insurance=insurance,
                party=party,
            )
            for place, (insurance, party, account, fen) in enumerate(lines, 1)
        ),
        line_settled_fen=(0,) * len(lines),
    )


OWED = bill(
    ("pension", "unit", "pooled", 500),
    ("pension", "personal", "personal_account", 300),
    ("medical", "unit", "pooled", 200),
    ("medical", "unit", "personal_account", 100),
)


@given(PARTS)
def test_a_part_pays_no_line_of_another_side(parts: list[PaymentPart]) -> None:
    after, shares, left = settle_parts(OWED, parts)
    for insurance, party in SIDES:
        given_fen = sum(p.amount_fen for p in parts if (p.insurance, p.party) == (insurance, party))
        asked_fen = sum(
            line.amount_fen
            for line in OWED.lines
            if (line.insurance, line.party) == (insurance, party)
        )
        got_fen = sum(
            share.amount_fen
            for share in shares
            if (share.line.insurance, share.line.party) == (insurance, party)
        )
        assert got_fen == min(given_fen, asked_fen)
    assert after.settled_fen + sum(p.amount_fen for p in left) == sum(p.amount_fen for p in parts)


@given(PARTS, PARTS)
def test_two_payments_settle_the_same_in_both_orders(
    one: list[PaymentPart], other: list[PaymentPart]
) -> None:
    def settled(*payments: list[PaymentPart]) -> tuple[int, ...]:
        found = OWED
        for parts in payments:
            found, _, _ = settle_parts(found, parts)
        return found.line_settled_fen

    assert settled(one, other) == settled(other, one)


@given(PARTS.filter(bool), st.data())
def test_what_is_taken_away_is_gone_from_the_parts(
    parts: list[PaymentPart], data: st.DataObject
) -> None:
    whole_fen = sum(part.amount_fen for part in parts)
    taken_fen = data.draw(st.integers(0, whole_fen))
    named = data.draw(PARTS)
    left = remaining_parts(parts, named, taken_fen)
    assert sum(part.amount_fen for part in left) == whole_fen - taken_fen
    assert all(part.amount_fen > 0 for part in left)


def test_money_stays_in_its_period_and_late_items_pay_charges() -> None:
    charge = Bill(
        unit_id=1,
        id=UUID(int=2),
        declaration_id=UUID(int=9),
        credit_code="c",
        district="heping",
        period="2021-07",
        issued_on=DAY,
        lines=(
            BillLine(
                line_no=1, fund="pension", account="late_fee", amount_fen=30, insurance="pension"
            ),
        ),
        line_settled_fen=(0,),
        kind="charge",
    )
    earlier = bill(("pension", "unit", "pooled", 400), period="2021-06", number=3)
    payment = Payment(
        event_id=UUID(int=7),
        paid_on=DAY,
        booked_on=DAY,
        amount_fen=640,
        period="2021-07",
        parts=(PaymentPart("pension", "unit", 600), PaymentPart("pension", "late_fee", 40)),
    )
    settled, left_fen = allocate([earlier, charge, OWED], payment)
    assert [(one.bill.id.int, one.after.settled_fen) for one in settled] == [(1, 500), (2, 30)]
    assert left_fen == 110
