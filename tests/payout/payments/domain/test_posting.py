"""The money of result files: any order ends the same, and every fen of the hold is accounted for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.payout.payments.domain.batch import BatchPart, BatchStatus, PaymentBatch
from services.payout.payments.domain.payment import (
    BankReport,
    Outcome,
    PaymentLine,
    review_file,
)
from services.payout.payments.domain.posting import movement_of, vouchers_of
from shared.entry import Account, Side, Voucher
from shared.ids import Ref
from shared.period import Period
from tests.payout.support.reports import DAY, TODAY, line, report


@dataclass(frozen=True)
class BatchHistory:
    """The lines of two claims, and every report about what happened to them."""

    lines: dict[int, PaymentLine]
    reports: list[BankReport]


PARTS = {
    1: BatchPart(
        part_no=1,
        claim=Ref(1, Ref.new(1).id),
        district="heping",
        period=Period(2021, 12),
        account="benefit.hospital",
        lines=1,
        total_fen=1,
    ),
    2: BatchPart(
        part_no=2,
        claim=Ref(2, Ref.new(2).id),
        district="nankai",
        period=Period(2021, 12),
        account="benefit.maternity_allowance",
        lines=1,
        total_fen=1,
    ),
}


@st.composite
def histories(draw: st.DrawFn) -> BatchHistory:
    count = draw(st.integers(1, 8))
    lines, reports = {}, []
    for no in range(1, count + 1):
        lines[no] = line(no, part_no=draw(st.sampled_from([1, 2])))
        outcome = draw(st.sampled_from(["paid", "refused", "returned"]))
        paid_on = DAY + timedelta(days=draw(st.integers(0, 3)))
        of_line = [report(Outcome.UNKNOWN, no)] if draw(st.booleans()) else []
        if outcome == "refused":
            of_line.append(report(Outcome.REFUSED, no))
        else:
            of_line.append(report(Outcome.PAID, no, value_date=paid_on))
        if outcome == "returned":
            back = paid_on + timedelta(days=draw(st.integers(0, 5)))
            of_line.append(report(Outcome.RETURNED, no, value_date=back))
        reports += of_line
    return BatchHistory(lines, reports)


@dataclass
class LedgerSums:
    """The ledger's sums after all messages."""

    lines: dict[int, PaymentLine]
    entries: Counter[tuple[str, str, str, date]] = field(default_factory=Counter)
    drawn_fen: int = 0
    released_fen: int = 0


def play(history: BatchHistory, files: Iterable[Sequence[BankReport]]) -> LedgerSums:
    sums = LedgerSums(dict(history.lines))
    batch = batch_of(history)
    for report_no, file in enumerate(files, start=1):
        review = review_file(sums.lines, file, TODAY)
        assert not review.rejected
        assert len(review.applied) + len(review.replayed) == len(file)
        movement = movement_of(review, PARTS)
        sums.lines |= review.after
        sums.released_fen += movement.released_fen
        payments, returns = vouchers_of(batch, PARTS.values(), movement, report_no)
        sums.drawn_fen += sum(drawn(voucher) for voucher in payments)
        for voucher in (*payments, *returns):
            assert len(voucher.event_id) <= 64
            for entry in voucher.entries:
                sums.entries[
                    entry.account, entry.side.value, entry.district, voucher.book_date
                ] += entry.amount_fen
    return sums


def drawn(voucher: Voucher) -> int:
    return sum(
        entry.credit_fen
        for entry in voucher.entries
        if entry.account == Account.EXPENDITURE_DEPOSIT
    )


def batch_of(history: BatchHistory) -> PaymentBatch:
    total_fen = sum(one.amount_fen for one in history.lines.values())
    return PaymentBatch(
        ref=Ref.new(7),
        fund="medical",
        pay_date=DAY,
        status=BatchStatus.READY,
        reason=None,
        attempt=1,
        hold="h",
        lines=len(history.lines),
        open_lines=len(history.lines),
        total_fen=total_fen,
        paid_fen=0,
        refused_fen=0,
        returned_fen=0,
        reports=0,
        created_by="c",
    )


@given(histories(), st.data())
def test_any_order_and_repetition_of_results_ends_the_same(
    history: BatchHistory, data: st.DataObject
) -> None:
    in_order = play(history, [history.reports])
    repeats = data.draw(st.lists(st.sampled_from(history.reports), max_size=10))
    shuffled = data.draw(st.permutations(history.reports + repeats))
    cut = data.draw(st.integers(0, len(shuffled)))
    other = play(history, [shuffled[:cut], shuffled[cut:]])
    assert other.lines == in_order.lines
    assert other.entries == in_order.entries
    assert (other.drawn_fen, other.released_fen) == (in_order.drawn_fen, in_order.released_fen)


@given(histories())
def test_final_lines_draw_or_release_the_whole_hold(history: BatchHistory) -> None:
    sums = play(history, [history.reports])
    assert all(one.status.is_final for one in sums.lines.values())
    assert sums.drawn_fen + sums.released_fen == sum(
        one.amount_fen for one in history.lines.values()
    )


@given(histories(), st.data())
def test_a_hold_is_never_overdrawn_in_between(history: BatchHistory, data: st.DataObject) -> None:
    some = data.draw(st.lists(st.sampled_from(history.reports), max_size=12))
    sums = play(history, [some])
    final_fen = sum(one.amount_fen for one in sums.lines.values() if one.status.is_final)
    assert sums.drawn_fen + sums.released_fen == final_fen


def test_a_return_is_credited_to_the_benefit_in_its_year_and_to_other_income_later() -> None:
    reports = [
        report(Outcome.PAID, 1),
        report(Outcome.RETURNED, 1, value_date=date(2021, 12, 31)),
        report(Outcome.PAID, 2),
        report(Outcome.RETURNED, 2, value_date=date(2022, 1, 4)),
    ]
    history = BatchHistory({1: line(1), 2: line(2)}, reports)
    credits = {
        (account, day): fen
        for (account, side, _, day), fen in play(history, [reports]).entries.items()
        if side == Side.CREDIT.value and account != Account.EXPENDITURE_DEPOSIT
    }
    assert credits == {
        ("benefit.hospital", date(2021, 12, 31)): 100,
        ("other_income", date(2022, 1, 4)): 200,
    }


def test_a_file_of_one_day_is_one_voucher_summed_by_account_and_district() -> None:
    history = BatchHistory({1: line(1, 1), 2: line(2, 1), 3: line(3, 2)}, [])
    review = review_file(history.lines, [report(Outcome.PAID, no) for no in (1, 2, 3)], TODAY)
    batch = batch_of(history)
    payments, returns = vouchers_of(batch, PARTS.values(), movement_of(review, PARTS), 1)
    assert not returns
    (voucher,) = payments
    assert voucher.event_id.startswith(f"paid:{batch.ref.id.hex}:1")
    assert voucher.owner == "centre"
    assert [
        (one.account, one.side.value, one.amount_fen, one.district) for one in voucher.entries
    ] == [
        ("benefit.hospital", "debit", 300, "heping"),
        ("benefit.maternity_allowance", "debit", 300, "nankai"),
        ("expenditure_deposit", "credit", 600, "centre"),
    ]
