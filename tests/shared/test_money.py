"""Money: parsing, printing, the one rounding, and splits that sum back."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import (
    NotAnAmount,
    NotARate,
    Rounding,
    RoundingMode,
    allot,
    format_rate,
    format_yuan,
    levy,
    parse_rate,
    parse_yuan,
    scale,
)

fen = st.integers(-(10**13), 10**13)
DECIMAL_MODE = {
    RoundingMode.HALF_UP: ROUND_HALF_UP,
    RoundingMode.UP: ROUND_UP,
    RoundingMode.DOWN: ROUND_DOWN,
}


@given(fen)
def test_an_amount_survives_the_wire(amount_fen: int) -> None:
    assert parse_yuan(format_yuan(amount_fen)) == amount_fen


@pytest.mark.parametrize(
    "text", ["1", "1.5", "1.234", "01.00", "1,000.00", " 1.00", "1e3", "", "-0.00", "１.00", "NaN"]
)
def test_an_amount_has_two_decimals_and_nothing_else(text: str) -> None:
    with pytest.raises(NotAnAmount):
        parse_yuan(text)


def test_a_number_is_not_an_amount() -> None:
    with pytest.raises(NotAnAmount):
        parse_yuan(12.5)  # type: ignore[arg-type]


@given(st.integers(0, 999_999_999))
def test_a_rate_survives_the_wire(rate_ppm: int) -> None:
    assert parse_rate(format_rate(rate_ppm)) == rate_ppm


@pytest.mark.parametrize("text", ["16%", "-0.1", "0.1234567", ".5", "1."])
def test_a_rate_is_a_plain_fraction(text: str) -> None:
    with pytest.raises(NotARate):
        parse_rate(text)


def test_a_levy_rounds_half_up_to_the_fen() -> None:
    assert levy(333333, 5000) == 1667
    assert levy(parse_yuan("3364.00"), parse_rate("0.002")) == parse_yuan("6.73")
    assert levy(parse_yuan("17613.00"), parse_rate("0.005")) == parse_yuan("88.07")


@given(fen, st.integers(0, 1_000_000), st.sampled_from(RoundingMode), st.sampled_from([1, 10, 100]))
def test_rounding_agrees_with_decimal_arithmetic(
    base_fen: int, rate_ppm: int, mode: RoundingMode, unit_fen: int
) -> None:
    exact = Decimal(base_fen) * rate_ppm / 1_000_000 / unit_fen
    expected = int(exact.quantize(Decimal(1), DECIMAL_MODE[mode])) * unit_fen
    assert levy(base_fen, rate_ppm, Rounding(unit_fen, mode)) == expected


@given(fen, st.integers(0, 10**6), st.integers(1, 10**6))
def test_rounding_is_the_same_for_a_correction(amount: int, above: int, below: int) -> None:
    assert scale(-amount, above, below) == -scale(amount, above, below)


def test_the_earlier_part_takes_the_odd_fen() -> None:
    assert allot(100, [1, 1, 1]) == [34, 33, 33]


@given(fen, st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any))
def test_a_split_sums_back_and_is_fair_to_one_fen(total_fen: int, weights: list[int]) -> None:
    parts = allot(total_fen, weights)
    assert sum(parts) == total_fen
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - total_fen * weight) < whole


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 5]])
def test_a_split_needs_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allot(100, weights)
