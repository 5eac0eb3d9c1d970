"""The other values of the core: periods, dated rows, vouchers, references, national numbers."""

from dataclasses import dataclass
from datetime import date
from itertools import count
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cn import credit_code, identity_number
from shared.cursor import BadCursor, read_cursor, write_cursor
from shared.effective import in_force, overlaps
from shared.entry import Book, Entry, Side, Unbalanced, Voucher, transfer
from shared.errors import Refusal
from shared.ids import NotAReference, Ref, unit_key, uuid7
from shared.period import NotAPeriod, Period
from shared.process.log import mask_numbers
from shared.references import Reference
from shared.roles import CENTRE, RIGHTS, STEPS_OF_ONE_PAPER, Caller, Forbidden, Level, Right, Role

periods = st.builds(Period, st.integers(1950, 2090), st.integers(1, 12))


@given(periods, st.integers(-600, 600))
def test_months_forth_and_back_return(period: Period, months: int) -> None:
    assert period.plus(months).plus(-months) == period


@given(periods)
def test_a_period_survives_the_wire_and_holds_its_days(period: Period) -> None:
    assert Period.parse(str(period)) == period
    assert Period.of(period.last_day) == period == Period.of(period.first_day)
    assert period.day(31) == period.last_day
    assert period.day(25) == date(period.year, period.month, 25)


@pytest.mark.parametrize("text", ["2021-13", "2021-1", "202107", "", "2021-07-01"])
def test_a_period_is_year_and_month(text: str) -> None:
    with pytest.raises(NotAPeriod):
        Period.parse(text)


@dataclass(frozen=True)
class Row:
    in_force_from: date
    in_force_to: date | None


def test_the_row_in_force_is_the_one_whose_days_hold_the_day() -> None:
    old = Row(date(2008, 1, 1), date(2018, 12, 31))
    new = Row(date(2019, 1, 1), None)
    assert in_force([old, new], date(2018, 12, 31)) == [old]
    assert in_force([old, new], date(2019, 1, 1)) == [new]
    assert in_force([old, new], date(2007, 12, 31)) == []
    assert overlaps([new, old]) == []
    assert overlaps([old, Row(date(2018, 12, 31), None)]) != []


def test_a_voucher_balances_within_every_fund_and_book() -> None:
    pension = transfer(
        book=Book.STATUTORY,
        fund="pension",
        debit="income_deposit",
        credit="contribution_income.pooled",
        amount_fen=100,
        district="heping",
    )
    crossing = Entry(
        book=Book.STATUTORY,
        fund="medical",
        account="contribution_income.pooled",
        side=Side.CREDIT,
        amount_fen=100,
        district="heping",
    )

    def voucher(*entries: Entry) -> Voucher:
        return Voucher(
            event_id="e",
            owner="u",
            kind="receipt",
            book_date=date(2021, 7, 1),
            summary="s",
            entries=entries,
        )

    assert voucher(*pension).entries == pension
    with pytest.raises(Unbalanced):
        voucher(pension[0], crossing)


@given(st.integers(0, 2**63 - 1), st.uuids())
def test_a_reference_carries_its_key(key: int, id: UUID) -> None:
    ref = Ref(key, id)
    assert Ref.parse(Reference.DECLARATION, ref.text(Reference.DECLARATION)) == ref
    with pytest.raises(NotAReference):
        Ref.parse(Reference.BILL, ref.text(Reference.DECLARATION))


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = [uuid7() for _ in range(3)]
    assert all(made.version == 7 for made in ids)
    assert [made.int >> 80 for made in ids] == sorted(made.int >> 80 for made in ids)


def test_ids_of_one_millisecond_sort_by_the_time_they_were_made() -> None:
    millisecond = 1_796_000_000_000_000_000
    with patch("time.time_ns", side_effect=count(millisecond, 1_000)):
        ids = [uuid7() for _ in range(1_000)]
    assert ids == sorted(ids)
    assert {made.version for made in ids} == {7}


@given(st.text(min_size=1))
def test_a_unit_key_fits_a_bigint(code: str) -> None:
    assert 0 <= unit_key(code) < 2**63


@given(st.dates(date(1900, 1, 1), date(2024, 1, 1)), st.integers(0, 999))
def test_identity_numbers_are_checked(born: date, order: int) -> None:
    number = identity_number.with_check_digit(f"120115{born:%Y%m%d}{order:03d}")
    assert identity_number.fault_in(number) is None
    assert identity_number.birth_date(number) == born
    assert identity_number.is_female(number) == (order % 2 == 0)
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    assert identity_number.fault_in(wrong) == "IDENTITY_NUMBER_CHECK_DIGIT"


def test_each_fault_of_an_identity_number_has_its_code() -> None:
    assert identity_number.fault_in("12011519900230001X") == "IDENTITY_NUMBER_DATE"
    assert identity_number.fault_in("1201151990") == "IDENTITY_NUMBER_SHAPE"
    assert identity_number.has_known_region("810000199408230021")
    assert not identity_number.has_known_region("170000199408230021")


@pytest.mark.parametrize(
    ("first_seventeen", "document"),
    [
        ("12010119900307451", "citizen"),
        ("81000019940823002", "hk_macau_taiwan"),
        ("82000019940823002", "hk_macau_taiwan"),
        ("83000019940823002", "hk_macau_taiwan"),
        ("91112019880101123", "permanent_resident"),
    ],
)
def test_residence_permits_are_checked_like_identity_cards(
    first_seventeen: str, document: str
) -> None:
    number = identity_number.with_check_digit(first_seventeen)
    assert identity_number.fault_in(number) is None
    assert identity_number.document_of(number) == document
    assert identity_number.birth_date(number) is not None
    assert identity_number.has_known_region(number)


def test_a_foreigners_number_is_of_country_and_passport_and_tells_no_birthday() -> None:
    number = "DEU0C01X00T478A001"
    assert identity_number.fault_in(number) is None
    assert identity_number.document_of(number) == "foreigner"
    assert identity_number.birth_date(number) is None
    assert identity_number.masked(number) == "DEU0**********A001"
    for wrong in ("DE00C01X00T478A001", "DEUXC01X00T478A001", "deu0C01X00T478A001", "DEU0C01X"):
        assert identity_number.fault_in(wrong) == "IDENTITY_NUMBER_SHAPE"


def test_credit_codes_carry_a_check_character() -> None:
    code = credit_code.with_check_character("91120101MA0000001")
    assert credit_code.is_valid(code)
    assert not credit_code.is_valid(code[:-1] + ("0" if code[-1] != "0" else "1"))


def test_no_identity_number_reaches_a_log() -> None:
    for number in ("120115199001011234", "12011519900101123X", "6222020302012345678"):
        masked = mask_numbers(f"person {number} joined")
        assert number[4:14] not in masked
        assert masked.startswith(f"person {number[:4]}**********")
    assert mask_numbers("person DEU0C01X00T478A001 joined") == "person DEU0**********A001 joined"
    assert mask_numbers("unit 91120102MA0000001A") == "unit 91120102MA0000001A"
    assert mask_numbers("vch_3_000000128 1234567.89") == "vch_3_000000128 1234567.89"


def test_a_cursor_continues_only_its_own_query() -> None:
    cursor = write_cursor([7, "a"], {"fund": "pension"})
    assert read_cursor(cursor, {"fund": "pension"}, (int, str)) == [7, "a"]
    for filters, types in (({"fund": "medical"}, (int, str)), ({"fund": "pension"}, (str, str))):
        with pytest.raises(BadCursor):
            read_cursor(cursor, filters, types)


@given(st.text())
def test_a_forged_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        read_cursor(cursor, {}, (int,))


def test_only_centre_roles_move_money() -> None:
    moving = {
        Right.CREATE_DEBIT_BATCH,
        Right.PROPOSE_SETTLEMENT,
        Right.APPROVE_SETTLEMENT,
        Right.CREATE_PAYMENT_BATCH,
        Right.AUDIT_SUMMARY,
    }
    for role in Role:
        if role.level is not Level.CENTRE:
            assert not RIGHTS[role] & moving, role


def test_no_role_holds_two_steps_of_one_paper() -> None:
    assert len(STEPS_OF_ONE_PAPER) > 10
    for steps in STEPS_OF_ONE_PAPER:
        for role in Role:
            assert len(RIGHTS[role] & steps) <= 1, role


def test_the_supervisor_only_reads() -> None:
    assert all(right.value.endswith(":read") for right in RIGHTS[Role.SUPERVISOR])


def test_district_people_are_bound_to_their_district() -> None:
    clerk = Caller(subject="li", role=Role.DISTRICT_CLERK, district="heping")
    assert clerk.scope(None) == "heping"
    with pytest.raises(Forbidden):
        clerk.scope("nankai")
    auditor = Caller(subject="wang", role=Role.CENTRE_AUDITOR)
    assert auditor.district == CENTRE
    assert auditor.scope(None) is None
    assert auditor.scope("nankai") == "nankai"


class LongRefusal(Refusal):
    """一句很长的话,须换行 (a sentence that is too long
    for one line)"""


def test_a_refusals_message_is_one_line() -> None:
    sentence = "一句很长的话,须换行 (a sentence that is too long for one line)"
    assert LongRefusal().message == sentence
    assert LongRefusal(unit="7").message == f"{sentence}: unit=7"
