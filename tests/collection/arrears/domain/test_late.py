"""Late fees that a payment fixes: the unit's share only, one rounding a line, the same in any order."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.collection.allocation.domain.allocation import (
    Bill,
    BillLine,
    Payment,
    ReceiptAllocation,
    allocate_receipts,
    bills_to_pay,
)
from services.collection.allocation.domain.books import Suspense
from services.collection.allocation.domain.receipt import (
    Channel,
    IncomingPayment,
    Payer,
    Receipt,
    new_receipt,
)
from services.collection.arrears.domain.charge_books import (
    ChargePayment,
    charge_payment_vouchers,
    charge_vouchers,
)
from services.collection.arrears.domain.late import (
    ChargedSoFar,
    LateBill,
    LateChargeAssessor,
    LateLine,
)
from services.collection.billing.domain.bill import CHARGE
from services.collection.policy.domain.charge import ChargeKind, Debt, Span, Timetable
from services.collection.policy.domain.charge_timeline import (
    ACCOUNTS,
    ChargeRules,
    ChargeTimeline,
    DatedChargeRules,
)
from shared.entry import Account, Book
from shared.period import Period
from tests.collection.support.rules.charges import cap, rate

PAYER = Payer(7, "91120101MA05K0TH17", "heping")
DUE = date(2021, 8, 25)
BOOKED = date(2021, 12, 31)
NEXT_DUE = date(2022, 1, 25)
FEE = rate(500)
INTEREST = rate(36_000, kind=ChargeKind.INTEREST, per_days=360)
BILL = UUID(int=1)


def a_bill(*amounts_fen: int, number: int = 1, period: str = "2021-07") -> Bill:
    """Lines 1, 3, … are the unit's, lines 2, 4, … the staff's."""
    funds = ["pension", "medical", "unemployment"]
    lines = tuple(
        BillLine(line_no=i, fund=funds[(i - 1) // 2 % 3], account="pooled", amount_fen=amount_fen)
        for i, amount_fen in enumerate(amounts_fen, 1)
    )
    return Bill(
        unit_id=7,
        id=UUID(int=number),
        declaration_id=UUID(int=100),
        credit_code=PAYER.credit_code,
        district="heping",
        period=period,
        issued_on=date(2021, 8, 1),
        due_on=DUE,
        lines=lines,
        line_settled_fen=(0,) * len(lines),
    )


def an_assessor(
    bill: Bill,
    *,
    rates: tuple = (FEE,),
    caps: tuple = (),
    first: bool = False,
    free: dict[str, list[Span]] | None = None,
) -> LateChargeAssessor:
    own = ChargeRules(rates=rates, caps=caps, charges_first=first)
    lines = {
        line.line_no: LateLine(f"i{line.line_no}", line.fund)
        for line in bill.lines
        if line.line_no % 2
    }
    late = LateBill(
        debt=Debt(period=Period(2021, 7), due_on=DUE, settlement_on=DUE),
        policy_id=UUID(int=9),
        collector="tax",
        lines=lines,
        table=Timetable(rates, caps),
        free=free or {},
    )
    ruling = DatedChargeRules(
        in_force_from=date(2021, 1, 1), in_force_to=None, rules=own, due_day=25
    )
    return LateChargeAssessor({bill.id: late}, ChargeTimeline((ruling,)), {BOOKED: NEXT_DUE}, {})


def a_receipt(
    amount_fen: int, days_late: int, serial: str = "a", bill: UUID | None = None
) -> Receipt:
    incoming = IncomingPayment(
        serial=serial,
        credit_code=PAYER.credit_code,
        period="2021-07",
        bill_id=bill,
        amount_fen=amount_fen,
        paid_on=DUE + timedelta(days_late),
    )
    return new_receipt(
        incoming, source="tax_bureau", channel=Channel.TAX, paper="p", payer=PAYER, book_date=BOOKED
    )


def fixed_fen(assessor: LateChargeAssessor) -> int:
    return sum(charge.amount_fen for one in assessor.assessments for charge in one.charges)


def test_a_late_payment_fixes_the_charge_of_the_units_share_only() -> None:
    bill = a_bill(10_000_00, 5_000_00)
    late = an_assessor(bill, rates=(FEE, INTEREST))
    (booking,), (after,) = allocate_receipts([a_receipt(15_000_00, 30)], [bill], late)
    assert (after.status, booking.suspended_fen, booking.charges) == ("settled", 0, ())
    (one,) = late.assessments
    assert [(c.line_no, c.accrual.kind, c.amount_fen) for c in one.charges] == [
        (1, "late_fee", 150_00),
        (1, "interest", 30_00),
    ]
    assert one.charge_bill is not None
    assert (one.charge_bill.kind, one.charge_bill.period, one.charge_bill.status) == (
        CHARGE,
        "2021-07",
        "open",
    )
    assert (one.charge_bill.issued_on, one.charge_bill.due_on) == (BOOKED, NEXT_DUE)
    assert [(line.account, line.amount_fen) for line in one.charge_bill.lines] == [
        ("late_fee", 150_00),
        ("interest", 30_00),
    ]
    assert one.insurances == ("i1", "i1")


def test_money_that_comes_on_the_due_day_is_not_late() -> None:
    bill = a_bill(10_000_00)
    late = an_assessor(bill)
    allocate_receipts([a_receipt(10_000_00, 0)], [bill], late)
    assert late.assessments == []


def test_what_a_receipt_has_left_pays_the_charge_that_it_fixed() -> None:
    bill = a_bill(10_000_00)
    late = an_assessor(bill)
    (booking,), changed = allocate_receipts([a_receipt(10_160_00, 30)], [bill], late)
    assert (booking.allocated_fen, booking.suspended_fen) == (10_150_00, 10_00)
    assert [(one.kind, one.status) for one in changed] == [
        ("contribution", "settled"),
        (CHARGE, "settled"),
    ]


def test_a_later_receipt_pays_the_charge() -> None:
    bill = a_bill(10_000_00)
    late = an_assessor(bill)
    receipts = [a_receipt(10_000_00, 30), a_receipt(150_00, 40, "b")]
    (first, second), changed = allocate_receipts(receipts, [bill], late)
    assert (first.charges, second.bill) == ((), None)
    assert second.charges[0].amount_fen == 150_00
    assert len(changed) == 2
    assert all(one.status == "settled" for one in changed)
    assert len(late.assessments) == 1, "a late fee bears no late fee"


def test_money_that_names_its_bill_pays_no_other() -> None:
    bill = a_bill(10_000_00)
    late = an_assessor(bill)
    (booking,), _ = allocate_receipts([a_receipt(10_100_00, 30, bill=BILL)], [bill], late)
    assert (booking.charges, booking.suspended_fen) == ((), 100_00)
    assert fixed_fen(late) == 150_00


def test_open_charges_come_after_the_principal_or_before_it_as_the_policy_says() -> None:
    principal = a_bill(10_000_00)
    charge = replace(a_bill(200_00, number=2), kind=CHARGE, issued_on=date(2021, 9, 1))
    other = replace(a_bill(300_00, number=3, period="2021-06"), kind=CHARGE)
    bills = [other, charge, principal]
    assert bills_to_pay(bills, "2021-07", None, charges_first=False) == [principal, charge]
    assert bills_to_pay(bills, "2021-07", None, charges_first=True) == [charge, principal]
    assert bills_to_pay(bills, "2021-06", None, charges_first=False) == [other]
    late = an_assessor(principal, first=True)
    (booking,), _ = allocate_receipts([a_receipt(1_000_00, 10)], bills, late)
    assert [(bill.id, sum(s.amount_fen for s in shares)) for bill, shares in booking.parts] == [
        (principal.id, 800_00),
        (charge.id, 200_00),
    ]


def test_an_insurance_that_is_deferred_bears_nothing() -> None:
    bill = a_bill(10_000_00, 0, 10_000_00)
    free = {"i1": [Span(DUE, DUE + timedelta(300))]}
    late = an_assessor(bill, free=free)
    allocate_receipts([a_receipt(20_000_00, 30)], [bill], late)
    assert [(c.line.insurance, c.amount_fen) for c in late.assessments[0].charges] == [
        ("i3", 150_00)
    ]


def test_charges_that_round_to_nothing_make_no_bill_and_are_not_forgotten() -> None:
    bill = a_bill(1_00)
    late = an_assessor(bill)
    allocate_receipts(
        [a_receipt(20, 10, "a"), a_receipt(30, 10, "b"), a_receipt(50, 10, "c")], [bill], late
    )
    assert [one.charge_bill is None for one in late.assessments] == [True, True, False]
    assert fixed_fen(late) == 1, "half a fen: 100 fen × 10 days × 0.05 %, rounded up once"


def test_what_was_fixed_before_counts_against_an_absolute_cap() -> None:
    bill = a_bill(10_000_00)
    late = an_assessor(bill, caps=(cap("2021-01-01", amount_fen=100_00),))
    late.charged[BILL, 1, ChargeKind.LATE_FEE] = ChargedSoFar(0, 0)
    allocate_receipts([a_receipt(5_000_00, 30, "a"), a_receipt(5_000_00, 30, "b")], [bill], late)
    assert [charge.amount_fen for one in late.assessments for charge in one.charges] == [
        75_00,
        25_00,
    ]


amounts = st.lists(st.integers(0, 10**8), min_size=1, max_size=8)
moneys = st.lists(st.integers(1, 10**8), min_size=1, max_size=6)


@given(amounts, moneys, st.integers(1, 400), st.randoms())
def test_the_order_of_one_days_receipts_does_not_change_what_is_fixed(
    owed, payments, days, random
) -> None:
    bill = a_bill(*owed)
    receipts = [a_receipt(amount, days, str(i)) for i, amount in enumerate(payments)]
    shuffled = list(receipts)
    random.shuffle(shuffled)
    rates = (FEE, INTEREST)
    one, other = an_assessor(bill, rates=rates), an_assessor(bill, rates=rates)
    # Named bills only: what is left over would pay charges, which is another question.
    named = [replace(r, incoming=replace(r.incoming, bill_id=BILL)) for r in receipts]
    renamed = [replace(r, incoming=replace(r.incoming, bill_id=BILL)) for r in shuffled]
    _, first = allocate_receipts(named, [bill], one)
    _, second = allocate_receipts(renamed, [bill], other)
    assert first == second
    assert one.charged == other.charged
    assert fixed_fen(one) == fixed_fen(other)


@given(amounts, moneys, st.randoms(), st.booleans())
def test_every_fen_is_allocated_or_suspended_with_charges_too(
    owed, payments, random, first
) -> None:
    bill = a_bill(*owed)
    late = an_assessor(bill, first=first, rates=(FEE, INTEREST))
    receipts = [
        a_receipt(amount, random.randrange(0, 100), str(i)) for i, amount in enumerate(payments)
    ]
    bookings, changed = allocate_receipts(receipts, [bill], late)
    for booking in bookings:
        assert booking.allocated_fen + booking.suspended_fen == booking.receipt.incoming.amount_fen
    made = [one.charge_bill for one in late.assessments if one.charge_bill]
    assert sum(one.total_fen for one in made) == fixed_fen(late)
    assert sum(b.allocated_fen for b in bookings) == sum(b.settled_fen for b in changed)
    assert {one.id for one in changed} <= {bill.id, *(one.id for one in made)}
    for one in late.assessments:
        assert all(charge.line_no % 2 for charge in one.charges)


def paid(booking: ReceiptAllocation, **other: object) -> list:
    money = ChargePayment(
        event_id=booking.receipt.id,
        account="treasury_deposit",
        incomes=ACCOUNTS,
        book_date=BOOKED,
        value_date=None,
        references={},
        **other,
    )  # type: ignore[arg-type]
    return list(charge_payment_vouchers(booking.charges, money))


def test_fixing_and_paying_are_booked_apart_from_contributions_by_kind() -> None:
    bill = a_bill(10_000_00, 0, 10_000_00)
    late = an_assessor(bill, rates=(FEE, INTEREST))
    (booking,), _ = allocate_receipts([a_receipt(30_000_00, 30)], [bill], late)
    fixed = list(charge_vouchers(late.assessments[0]))
    assert [voucher.kind for voucher in fixed] == ["late_fee", "interest"]
    for voucher in fixed:
        assert {(e.book, e.account) for e in voucher.entries} == {
            (Book.MEMO, Account.MEMO_RECEIVABLE),
            (Book.MEMO, Account.MEMO_LEVIED),
        }
    vouchers = paid(booking)
    incomes = {"late_fee": Account.OTHER_INCOME, "interest": Account.INTEREST_INCOME}
    for voucher, cost_fen in zip(vouchers, (300_00, 60_00), strict=True):
        credits = {
            (e.fund, e.account): e.credit_fen
            for e in voucher.entries
            if e.book is Book.STATUTORY and e.credit_fen
        }
        income = incomes[voucher.kind]
        assert credits == {("pension", income): cost_fen // 2, ("medical", income): cost_fen // 2}
        collected = sum(e.debit_fen for e in voucher.entries if e.book is Book.MEMO)
        assert collected == cost_fen
    ids = [voucher.event_id for voucher in [*fixed, *vouchers]]
    assert len(set(ids)) == 4
    assert all(len(one) <= 64 for one in ids)


def test_a_charge_paid_out_of_suspense_releases_it_first() -> None:
    bill = a_bill(10_000_00)
    (booking,), _ = allocate_receipts([a_receipt(10_150_00, 30)], [bill], an_assessor(bill))
    suspense = Suspense(
        receipt_key=1,
        receipt_id=BILL,
        account="treasury_deposit",
        fund="medical",
        district="centre",
        open_fen=150_00,
    )
    (voucher,) = paid(booking, suspense=suspense)
    released = voucher.entries[:2]
    assert [(e.fund, e.account, e.debit_fen, e.credit_fen) for e in released] == [
        ("medical", Account.SUSPENSE_RECEIPTS, 150_00, 0),
        ("medical", "treasury_deposit", 0, 150_00),
    ]


def test_payments_keep_their_days_apart() -> None:
    """The day of payment decides about lateness, the day of the books about the charge's bill."""
    receipt = a_receipt(1, 3)
    payment = Payment(
        event_id=receipt.id,
        paid_on=DUE + timedelta(3),
        booked_on=BOOKED,
        amount_fen=1,
        period="2021-07",
    )
    bill = a_bill(10_000_00)
    late = an_assessor(bill)
    allocate_receipts([receipt], [bill], late)
    assert late.assessments[0].payment == payment
