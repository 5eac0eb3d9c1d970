"""What the bank says: any order and any repetition end the same, and the money ties."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payout.payments.domain.batch import Batch, BatchStatus, Part
from services.payout.payments.domain.payment import Line, LineStatus, Outcome, Report, hear_all
from services.payout.payments.domain.posting import effects_of, vouchers_of
from shared.entry import Account, Side, Voucher
from shared.ids import Ref
from shared.period import Period

TODAY = date(2022, 3, 1)
DAY = date(2021, 12, 30)


def report(outcome: Outcome, line_no: int = 1, **changes: object) -> Report:
    made = Report(
        line_no=line_no,
        outcome=outcome,
        bank_serial=f"S{line_no}",
        amount_fen=100 * line_no,
        value_date=DAY,
    )
    if outcome is Outcome.RETURNED:
        made = replace(made, bank_serial=f"S{line_no}-R", value_date=DAY + timedelta(days=1))
    return replace(made, **changes)  # type: ignore[arg-type]


def line(line_no: int = 1, part_no: int = 1) -> Line:
    return Line(line_no=line_no, part_no=part_no, amount_fen=100 * line_no)


def after(*reports: Report) -> tuple[Line, list[str]]:
    hearing = hear_all({1: line()}, reports, TODAY)
    return hearing.after.get(1, line()), [one.code for one in hearing.rejected]


def test_unknown_leaves_only_by_a_later_report() -> None:
    unknown = report(Outcome.UNKNOWN)
    assert after(unknown)[0].status is LineStatus.UNKNOWN
    assert after(unknown, unknown)[0].status is LineStatus.UNKNOWN
    assert after(unknown, report(Outcome.PAID))[0].status is LineStatus.PAID
    assert after(unknown, report(Outcome.REFUSED))[0].status is LineStatus.REFUSED
    assert after(report(Outcome.PAID), unknown)[0].status is LineStatus.PAID


def test_a_return_heard_before_its_payment_waits_for_it() -> None:
    early, _ = after(report(Outcome.RETURNED))
    assert early.status is LineStatus.RETURN_EARLY
    assert not early.status.is_final
    assert after(report(Outcome.RETURNED), report(Outcome.PAID)) == after(
        report(Outcome.PAID), report(Outcome.RETURNED)
    )


@pytest.mark.parametrize(
    ("said", "then", "code"),
    [
        (Outcome.PAID, report(Outcome.REFUSED), "CONTRADICTS_PAYMENT"),
        (Outcome.RETURNED, report(Outcome.REFUSED), "CONTRADICTS_PAYMENT"),
        (Outcome.REFUSED, report(Outcome.PAID), "CONTRADICTS_REFUSAL"),
        (Outcome.REFUSED, report(Outcome.RETURNED), "CONTRADICTS_REFUSAL"),
        (Outcome.PAID, report(Outcome.PAID, bank_serial="OTHER"), "PAYMENT_DIFFERS"),
        (Outcome.PAID, report(Outcome.PAID, value_date=date(2021, 1, 1)), "PAYMENT_DIFFERS"),
        (Outcome.REFUSED, report(Outcome.REFUSED, bank_serial="OTHER"), "REFUSAL_DIFFERS"),
        (Outcome.RETURNED, report(Outcome.RETURNED, bank_serial="OTHER"), "RETURN_DIFFERS"),
        (
            Outcome.PAID,
            report(Outcome.RETURNED, value_date=DAY - timedelta(days=1)),
            "RETURN_BEFORE_PAYMENT",
        ),
        (
            Outcome.RETURNED,
            report(Outcome.PAID, value_date=DAY + timedelta(days=2)),
            "RETURN_BEFORE_PAYMENT",
        ),
        (Outcome.UNKNOWN, report(Outcome.PAID, amount_fen=99), "AMOUNT_DIFFERS"),
        (Outcome.UNKNOWN, report(Outcome.PAID, value_date=None), "VALUE_DATE_MISSING"),
        (Outcome.UNKNOWN, report(Outcome.RETURNED, value_date=None), "VALUE_DATE_MISSING"),
        (
            Outcome.UNKNOWN,
            report(Outcome.PAID, value_date=TODAY + timedelta(days=1)),
            "VALUE_DATE_IN_FUTURE",
        ),
        (Outcome.UNKNOWN, report(Outcome.PAID, line_no=9), "LINE_UNKNOWN"),
    ],
)
def test_a_contradiction_is_rejected_and_changes_nothing(
    said: Outcome, then: Report, code: str
) -> None:
    assert after(report(said), then) == (after(report(said))[0], [code])


# --- whole batches ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """Two claims' lines, what truly happened to each, and every report that tells it."""

    lines: dict[int, Line]
    reports: list[Report]


PARTS = {
    1: Part(
        part_no=1,
        claim=Ref(1, Ref.new(1).id),
        district="heping",
        period=Period(2021, 12),
        account="benefit.hospital",
        lines=1,
        total_fen=1,
    ),
    2: Part(
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
def scenes(draw: st.DrawFn) -> Scene:
    count = draw(st.integers(1, 8))
    lines, reports = {}, []
    for no in range(1, count + 1):
        lines[no] = line(no, part_no=draw(st.sampled_from([1, 2])))
        fate = draw(st.sampled_from(["paid", "refused", "returned"]))
        paid_on = DAY + timedelta(days=draw(st.integers(0, 3)))
        told = [report(Outcome.UNKNOWN, no)] if draw(st.booleans()) else []
        if fate == "refused":
            told.append(report(Outcome.REFUSED, no))
        else:
            told.append(report(Outcome.PAID, no, value_date=paid_on))
        if fate == "returned":
            back = paid_on + timedelta(days=draw(st.integers(0, 5)))
            told.append(report(Outcome.RETURNED, no, value_date=back))
        reports += told
    return Scene(lines, reports)


@dataclass
class Books:
    """What the ledger would hold after all messages."""

    lines: dict[int, Line]
    entries: Counter[tuple[str, str, str, date]] = field(default_factory=Counter)
    drawn_fen: int = 0
    released_fen: int = 0


def play(scene: Scene, files: Iterable[Sequence[Report]]) -> Books:
    books = Books(dict(scene.lines))
    batch = batch_of(scene)
    for number, file in enumerate(files, start=1):
        hearing = hear_all(books.lines, file, TODAY)
        assert not hearing.rejected
        assert len(hearing.applied) + len(hearing.replayed) == len(file)
        effects = effects_of(hearing, PARTS)
        books.lines |= hearing.after
        books.released_fen += effects.released_fen
        payments, returns = vouchers_of(batch, PARTS.values(), effects, number)
        books.drawn_fen += sum(drawn(voucher) for voucher in payments)
        for voucher in (*payments, *returns):
            assert len(voucher.event_id) <= 64
            for entry in voucher.entries:
                books.entries[
                    entry.account, entry.side.value, entry.district, voucher.book_date
                ] += entry.amount_fen
    return books


def drawn(voucher: Voucher) -> int:
    return sum(
        entry.credit_fen
        for entry in voucher.entries
        if entry.account == Account.EXPENDITURE_DEPOSIT
    )


def batch_of(scene: Scene) -> Batch:
    total_fen = sum(one.amount_fen for one in scene.lines.values())
    return Batch(
        ref=Ref.new(7),
        fund="medical",
        pay_date=DAY,
        status=BatchStatus.READY,
        reason=None,
        attempt=1,
        hold="h",
        lines=len(scene.lines),
        open_lines=len(scene.lines),
        total_fen=total_fen,
        paid_fen=0,
        refused_fen=0,
        returned_fen=0,
        reports=0,
        created_by="c",
    )


@given(scenes(), st.data())
def test_any_order_and_repetition_of_results_ends_the_same(
    scene: Scene, data: st.DataObject
) -> None:
    straight = play(scene, [scene.reports])
    again = data.draw(st.lists(st.sampled_from(scene.reports), max_size=10))
    shuffled = data.draw(st.permutations(scene.reports + again))
    cut = data.draw(st.integers(0, len(shuffled)))
    other = play(scene, [shuffled[:cut], shuffled[cut:]])
    assert other.lines == straight.lines
    assert other.entries == straight.entries
    assert (other.drawn_fen, other.released_fen) == (straight.drawn_fen, straight.released_fen)


@given(scenes())
def test_when_all_is_said_draws_and_releases_are_the_whole_hold(scene: Scene) -> None:
    books = play(scene, [scene.reports])
    assert all(one.status.is_final for one in books.lines.values())
    assert books.drawn_fen + books.released_fen == sum(
        one.amount_fen for one in scene.lines.values()
    )


@given(scenes(), st.data())
def test_a_hold_is_never_overdrawn_on_the_way(scene: Scene, data: st.DataObject) -> None:
    part = data.draw(st.lists(st.sampled_from(scene.reports), max_size=12))
    books = play(scene, [part])
    final_fen = sum(one.amount_fen for one in books.lines.values() if one.status.is_final)
    assert books.drawn_fen + books.released_fen == final_fen


def test_a_return_goes_back_to_the_benefit_in_its_year_and_to_other_income_after_it() -> None:
    reports = [
        report(Outcome.PAID, 1),
        report(Outcome.RETURNED, 1, value_date=date(2021, 12, 31)),
        report(Outcome.PAID, 2),
        report(Outcome.RETURNED, 2, value_date=date(2022, 1, 4)),
    ]
    scene = Scene({1: line(1), 2: line(2)}, reports)
    credits = {
        (account, day): fen
        for (account, side, _, day), fen in play(scene, [reports]).entries.items()
        if side == Side.CREDIT.value and account != Account.EXPENDITURE_DEPOSIT
    }
    assert credits == {
        ("benefit.hospital", date(2021, 12, 31)): 100,
        ("other_income", date(2022, 1, 4)): 200,
    }


def test_a_file_of_one_day_is_one_voucher_summed_by_account_and_district() -> None:
    scene = Scene({1: line(1, 1), 2: line(2, 1), 3: line(3, 2)}, [])
    hearing = hear_all(scene.lines, [report(Outcome.PAID, no) for no in (1, 2, 3)], TODAY)
    batch = batch_of(scene)
    payments, returns = vouchers_of(batch, PARTS.values(), effects_of(hearing, PARTS), 1)
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


def test_another_attempt_at_funding_has_another_event_id() -> None:
    batch = batch_of(Scene({1: line()}, []))
    first, second = batch.funding_event, replace(batch, attempt=2).funding_event
    assert first == f"hold:{batch.ref.id.hex}"
    assert second != first
