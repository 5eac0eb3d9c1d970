"""A unit's account follows from its facts: the same account in whatever order they became known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.collection.allocation.domain.allocation import (
    Bill,
    BillLine,
    Payment,
    allocate,
)
from services.collection.arrears.domain.late import (
    KnownChargeBill,
    LateBill,
    LateChargeAssessor,
    LateLine,
)
from services.collection.billing.domain.bill import CHARGE
from services.collection.billing.domain.credit import Credit
from services.collection.policy.domain.charge import (
    ChargeKind,
    ChargeRate,
    Debt,
    EndRule,
    StartRule,
    Timetable,
)
from services.collection.policy.domain.charge_timeline import (
    ChargeRules,
    ChargeTimeline,
    DatedChargeRules,
)
from services.collection.reallocation.domain.replay import (
    AccountFacts,
    ChargeWaiver,
    IssuedBill,
    Position,
    UnitPayment,
    owed_of,
    replay,
)
from shared.period import Period

UNIT = 7
JULY = UUID(int=1)
AUGUST = UUID(int=2)
ISSUED = date(2021, 8, 12)
DUE = date(2021, 8, 25)
FEE = ChargeRate(
    id="late_fee",
    kind=ChargeKind.LATE_FEE,
    rate_ppm=500,
    per_days=1,
    start=StartRule.DAY_AFTER_DUE,
    end=EndRule.DAY_PAID,
    in_force_from=date(2011, 7, 1),
    in_force_to=None,
    source="社会保险法 第八十六条",
)
PARTIES = {1: "unit", 2: "personal"}


def issued(
    *amounts_fen: int, bill_id: UUID = JULY, period: str = "2021-07", on: date = ISSUED
) -> IssuedBill:
    lines = tuple(
        BillLine(
            line_no=number, fund="pension", account="pooled", amount_fen=fen, insurance="pension"
        )
        for number, fen in enumerate(amounts_fen, 1)
    )
    bill = Bill(
        unit_id=UNIT,
        id=bill_id,
        declaration_id=UUID(int=100),
        credit_code="91120101MA00000KTD",
        district="nankai",
        period=period,
        issued_on=on,
        due_on=DUE if bill_id == JULY else DUE + timedelta(31),
        lines=lines,
        line_settled_fen=(0,) * len(lines),
    )
    return IssuedBill(bill=bill, parties=PARTIES)


def paid(
    amount_fen: int, on: date, serial: str = "a", period: str = "2021-07", number: int = 1
) -> UnitPayment:
    payment = Payment(
        event_id=UUID(int=1000 + number),
        paid_on=on,
        booked_on=on,
        amount_fen=amount_fen,
        period=period,
    )
    return UnitPayment(payment=payment, source="tax_bureau", serial=serial)


def credit(
    amount_fen: int, on: date, *, party: str = "unit", number: int = 1, period: str = "2021-07"
) -> Credit:
    return Credit(
        unit_id=UNIT,
        id=UUID(int=2000 + number),
        declaration_id=UUID(int=101),
        credit_code="91120101MA00000KTD",
        district="nankai",
        period=period,
        insurance="pension",
        party=party,
        account="pooled",
        fund="pension",
        amount_fen=amount_fen,
        used_fen=0,
        granted_on=on,
    )


def assessor(facts: AccountFacts, **more: object) -> LateChargeAssessor:
    """Late fees on the unit's line of every bill."""
    rules = ChargeRules(rates=(FEE,), caps=(), charges_first=False)
    ruling = DatedChargeRules(
        in_force_from=date(2011, 1, 1), in_force_to=None, rules=rules, due_day=25
    )
    bills = {
        one.bill.id: LateBill(
            debt=Debt(
                period=Period.parse(one.bill.period),
                due_on=one.bill.due_on,
                settlement_on=one.bill.due_on,
            ),
            policy_id=UUID(int=9),
            collector="tax",
            lines={1: LateLine("pension", "pension")},
            table=Timetable((FEE,), ()),
            free={},
        )
        for one in facts.bills
    }
    days = {one.payment.booked_on: date(2021, 12, 25) for one in facts.payments}
    return LateChargeAssessor(
        bills, ChargeTimeline((ruling,)), days, {}, owed_fen=owed_of(facts), **more
    )  # type: ignore[arg-type]


def charged_fen(position: Position) -> int:
    return sum(one.amount_fen for made in position.assessments for one in made.charges)


def open_fen(position: Position) -> int:
    return sum(bill.open_fen for bill in position.bills.values())


def standing_fen(facts: AccountFacts, position: Position) -> int:
    return sum(one.amount_fen for one in facts.credits) - sum(position.uses.values())


def test_money_paid_in_time_counts_in_time_in_any_order_of_facts() -> None:
    in_time = paid(3770_00, date(2021, 8, 20), "second-known", number=1)
    late = paid(3770_00, date(2021, 9, 20), "first-known", number=2)
    for known in ((in_time, late), (late, in_time)):
        facts = AccountFacts(bills=[issued(2700_00, 1070_00)], payments=known)
        position = replay(facts, assessor(facts))
        assert charged_fen(position) == 0
        assert position.left == {
            in_time.payment.event_id: 0,
            late.payment.event_id: 3770_00,
        }


def test_a_part_paid_bill_is_lowered_and_the_rest_is_the_units_credit() -> None:
    facts = AccountFacts(
        bills=[issued(2700_00, 1070_00)],
        payments=[paid(2000_00, date(2021, 8, 20))],
        credits=[
            credit(1350_00, date(2021, 8, 24), number=1),
            credit(535_00, date(2021, 8, 24), party="personal", number=2),
        ],
    )
    position = replay(facts, assessor(facts))
    assert open_fen(position) == 0
    assert standing_fen(facts, position) == 115_00
    assert position.left[UUID(int=1001)] == 0


def test_what_was_never_owed_bears_no_late_fee() -> None:
    whole = [issued(2700_00, 1070_00)]
    late = [paid(3770_00, date(2021, 10, 1))]
    half = [
        credit(1350_00, date(2021, 11, 2)),
        credit(535_00, date(2021, 11, 2), party="personal", number=2),
    ]
    facts = AccountFacts(bills=whole, payments=late, credits=half)
    restated = AccountFacts(bills=[issued(1350_00, 535_00)], payments=late)
    position = replay(facts, assessor(facts))
    assert charged_fen(position) == charged_fen(replay(restated, assessor(restated))) > 0
    charge = next(bill for bill in position.bills.values() if bill.kind == CHARGE)
    assert position.left[UUID(int=1001)] == 0
    assert charge.open_fen == charged_fen(position), "all of the money paid the month"


def test_a_standing_credit_lowers_the_next_bill_before_money_pays_it() -> None:
    facts = AccountFacts(
        bills=[
            issued(1000_00, 0),
            issued(1000_00, 0, bill_id=AUGUST, period="2021-08", on=date(2021, 9, 12)),
        ],
        payments=[
            paid(1000_00, date(2021, 8, 20), number=1),
            paid(1000_00, date(2021, 9, 20), "b", "2021-08", number=2),
        ],
        credits=[credit(300_00, date(2021, 8, 30))],
    )
    position = replay(facts)
    assert position.bills[AUGUST].total_fen == 700_00
    assert position.left == {UUID(int=1001): 0, UUID(int=1002): 300_00}
    refunded = replace(facts, credits=[replace(facts.credits[0], used_fen=300_00)])
    assert replay(refunded).bills[AUGUST].total_fen == 1000_00


def test_money_paid_before_its_bill_settles_it_when_it_comes() -> None:
    early = paid(500_00, date(2021, 8, 1))
    assert replay(AccountFacts(bills=[], payments=[early])).left == {UUID(int=1001): 500_00}
    position = replay(AccountFacts(bills=[issued(500_00)], payments=[early]))
    assert open_fen(position) == 0
    assert position.left == {UUID(int=1001): 0}


def test_a_returned_payment_opens_its_bill_and_a_later_one_takes_its_place() -> None:
    first, second = (
        paid(1000_00, date(2021, 8, 20), "a", number=1),
        paid(1000_00, date(2021, 8, 22), "b", number=2),
    )
    before = replay(AccountFacts(bills=[issued(1000_00)], payments=[first, second]))
    assert before.left[UUID(int=1002)] == 1000_00
    returned = replace(first, payment=replace(first.payment, amount_fen=0))
    after = replay(AccountFacts(bills=[issued(1000_00)], payments=[returned, second]))
    assert open_fen(after) == 0
    assert after.left == {UUID(int=1001): 0, UUID(int=1002): 0}


def test_a_waiver_lowers_what_is_open_of_the_charge_it_names() -> None:
    late = paid(1000_00, date(2021, 10, 1))
    facts = AccountFacts(bills=[issued(1000_00)], payments=[late])
    known = KnownChargeBill(
        id=UUID(int=50), issued_on=date(2021, 10, 1), due_on=date(2021, 10, 25), line_nos={}
    )
    names = {(JULY, late.payment.event_id): known}
    fee_fen = charged_fen(replay(facts, assessor(facts, known=names)))
    waiver = ChargeWaiver(
        id=UUID(int=60),
        charge_bill_id=known.id,
        decided_on=date(2021, 11, 1),
        amounts_fen={("pension", "pension", "late_fee"): fee_fen},
    )
    facts = replace(facts, waivers=[waiver])
    position = replay(facts, assessor(facts, known=names))
    assert position.bills[known.id].open_fen == 0
    assert sum(position.waived.values()) == fee_fen > 0
    in_time = replace(late, payment=replace(late.payment, paid_on=DUE))
    moved = replace(facts, payments=[in_time])
    assert replay(moved, assessor(moved, known=names)).waived == {}


DAYS = st.integers(0, 120).map(lambda days: date(2021, 8, 1) + timedelta(days))


@st.composite
def unit_facts(draw: st.DrawFn) -> AccountFacts:
    amounts = st.lists(st.integers(1, 500_00), min_size=2, max_size=2)
    bills = [issued(*draw(amounts))]
    if draw(st.booleans()):
        bills.append(issued(*draw(amounts), bill_id=AUGUST, period="2021-08", on=date(2021, 9, 12)))
    payments = [
        paid(fen, on, f"s{number}", period, number)
        for number, (fen, on, period) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.integers(1, 700_00), DAYS, st.sampled_from(["2021-07", "2021-08"])
                    ),
                    max_size=5,
                )
            )
        )
    ]
    credits = [
        credit(draw(st.integers(1, bills[0].bill.lines[0].amount_fen)), draw(DAYS), number=number)
        for number in range(draw(st.integers(0, 1)))
    ]
    return AccountFacts(bills=bills, payments=payments, credits=credits)


def account(position: Position) -> object:
    """Everything of a position but the ids of charge bills that were not issued before."""
    return (
        {
            key: (bill.lines, bill.line_settled_fen)
            for key, bill in position.bills.items()
            if bill.kind != CHARGE
        },
        sorted(
            (bill.period, bill.total_fen, bill.settled_fen)
            for bill in position.bills.values()
            if bill.kind == CHARGE
        ),
        position.left,
        position.credited,
        charged_fen(position),
    )


@given(unit_facts(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_became_known_changes_nothing(facts: AccountFacts, random) -> None:  # type: ignore[no-untyped-def]
    mixed = [list(part) for part in (facts.bills, facts.payments, facts.credits)]
    for part in mixed:
        random.shuffle(part)
    other = AccountFacts(bills=mixed[0], payments=mixed[1], credits=mixed[2])
    assert account(replay(facts, assessor(facts))) == account(replay(other, assessor(other)))


@given(unit_facts())
def test_every_fen_is_in_one_place(facts: AccountFacts) -> None:
    position = replay(facts, assessor(facts))
    for one in facts.payments:
        event = one.payment.event_id
        settled = sum(fen for (of, _, _), fen in position.shares.items() if of == event)
        assert settled + position.left[event] == one.payment.amount_fen
        assert position.left[event] >= 0
    for bill in position.bills.values():
        for line, settled_fen in zip(bill.lines, bill.line_settled_fen, strict=True):
            assert 0 <= settled_fen <= line.amount_fen
            shares = [
                fen
                for (_, bill_id, line_no), fen in position.shares.items()
                if (bill_id, line_no) == (bill.id, line.line_no)
            ]
            assert sum(shares) == settled_fen
    assert standing_fen(facts, position) >= 0


def one_by_one(bills: Sequence[IssuedBill], payments: Sequence[UnitPayment]) -> dict[UUID, Bill]:
    """Pay as the doors do: each payment as it comes, into bills as they stand."""
    account = {one.bill.id: one.bill for one in bills}
    late = assessor(AccountFacts(bills=bills, payments=payments))
    for one in payments:
        settled, _ = allocate(account.values(), one.payment, late)
        for part in settled:
            account[part.bill.id] = part.after
            if part.charge_bill:
                account.setdefault(part.charge_bill.id, part.charge_bill)
    return account


@given(unit_facts())
def test_money_that_comes_in_order_is_booked_as_it_comes(facts: AccountFacts) -> None:
    plain = replace(facts, credits=())
    ordered = sorted(plain.payments, key=lambda one: (one.payment.paid_on, one.serial))
    booked = one_by_one(plain.bills, ordered)
    position = replay(plain, assessor(plain))
    for bill_id in (one.bill.id for one in plain.bills):
        assert booked[bill_id].line_settled_fen == position.bills[bill_id].line_settled_fen
    assert sum(one.total_fen for one in booked.values() if one.kind == CHARGE) == charged_fen(
        position
    )
