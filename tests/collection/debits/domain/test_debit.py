"""A bank's word on a debit line: taken once, in any order; a final word is never overwritten."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.debits.domain.debit import (
    DebitLine,
    DebitOutcome,
    DebitReasonClass,
    DebitResult,
    DebitStatus,
    apply_results,
)

DAY = date(2021, 7, 20)
REASONS = {"RJ03": DebitReasonClass.INSUFFICIENT_FUNDS, "TIMEOUT": DebitReasonClass.STATUS_UNKNOWN}


def line(
    number: int = 1, status: DebitStatus = DebitStatus.WAITING, **members: object
) -> DebitLine:
    return DebitLine(
        line_no=number,
        unit_id=number,
        bill_id=UUID(int=number),
        credit_code="c",
        period="2021-07",
        amount_fen=100,
        status=status,
        **members,
    )  # type: ignore[arg-type]


def report(
    outcome: str,
    number: int = 1,
    serial: str = "s1",
    amount_fen: int = 100,
    code: str | None = None,
) -> DebitResult:
    return DebitResult(
        line_no=number,
        outcome=DebitOutcome(outcome),
        serial=serial,
        amount_fen=amount_fen,
        value_date=DAY,
        reason_code=code,
    )


def after(*reports: DebitResult, before: DebitLine | None = None):
    changes = apply_results([before or line()], reports, REASONS)
    found = changes.line(1)
    assert found is not None
    return found.status.value, changes.replayed, [one.code for one in changes.rejected]


@pytest.mark.parametrize(
    ("words", "status", "replayed", "rejected"),
    [
        (["settled"], "settled", 0, []),
        (["refused"], "refused", 0, []),
        (["unknown"], "unknown", 0, []),
        (["unknown", "settled"], "settled", 0, []),
        (["unknown", "refused"], "refused", 0, []),
        (["unknown", "unknown"], "unknown", 1, []),
        (["settled", "settled"], "settled", 1, []),
        (["settled", "unknown"], "settled", 1, []),
        (["refused", "refused"], "refused", 1, []),
        (["refused", "unknown"], "refused", 1, []),
        (["settled", "refused"], "settled", 0, ["OUTCOME_CONTRADICTED"]),
        (["refused", "settled"], "refused", 0, ["OUTCOME_CONTRADICTED"]),
    ],
)
def test_every_sequence_of_two_words(words, status, replayed, rejected) -> None:
    assert after(*[report(word) for word in words]) == (status, replayed, rejected)


def test_a_second_settlement_under_another_serial_is_for_a_person_to_look_at() -> None:
    settled, again = report("settled", serial="s1"), report("settled", serial="s2")
    assert after(settled, again) == ("settled", 0, ["SETTLED_UNDER_ANOTHER_SERIAL"])


def test_a_settlement_of_another_amount_is_not_taken() -> None:
    assert after(report("settled", amount_fen=99)) == ("waiting", 0, ["AMOUNT_DIFFERS"])


def test_a_refusal_whose_reason_says_status_unknown_is_no_refusal() -> None:
    assert after(report("refused", code="TIMEOUT"))[0] == "unknown"
    assert after(report("refused", code="RJ03"))[0] == "refused"
    assert after(report("refused", code="never-heard-of"))[0] == "refused"


def test_the_raw_code_and_its_class_are_kept() -> None:
    heard = apply_results([line()], [report("refused", code="RJ03")], REASONS).line(1)
    assert heard is not None
    assert (heard.reason_code, heard.reason_class) == ("RJ03", DebitReasonClass.INSUFFICIENT_FUNDS)


def test_one_serial_settles_one_line() -> None:
    changes = apply_results([line(1), line(2)], [report("settled", 1), report("settled", 2)], {})
    assert [one.code for one in changes.rejected] == ["SERIAL_REUSED"]
    assert [one.line_no for one in changes.changed_to(DebitStatus.SETTLED)] == [1]


def test_a_line_of_another_batch_is_named() -> None:
    changes = apply_results([line(1)], [report("settled", 9)], {})
    assert [(one.item, one.code) for one in changes.rejected] == [("9", "LINE_UNKNOWN")]


@given(st.lists(st.sampled_from(["settled", "unknown"]), min_size=1), st.randoms())
def test_the_order_of_a_true_story_does_not_matter(words, random) -> None:
    shuffled = list(words)
    random.shuffle(shuffled)
    status = "settled" if "settled" in words else "unknown"
    assert after(*[report(word) for word in words])[0] == status
    assert after(*[report(word) for word in shuffled])[0] == status


@given(st.lists(st.sampled_from(["settled", "refused", "unknown"]), min_size=1, max_size=8))
def test_every_item_is_taken_or_replayed_or_rejected_and_hearing_it_again_changes_nothing(
    words,
) -> None:
    reports = [report(word) for word in words]
    changes = apply_results([line()], reports, REASONS)
    found = changes.line(1)
    assert found is not None
    again = apply_results([found], reports, REASONS)
    assert again.line(1) == found
    assert again.changed == {}
