"""Floating steps, stage cuts, project tiers, dated funds, the calendar, and levy by default."""

import pytest

from services.collection.common.domain.errors import StepUnknown
from services.collection.policy.domain import text as policy_text_rules
from services.collection.policy.domain.construction import project_lines
from shared.money import HALF_UP_FEN, format_yuan
from shared.period import Period
from tests.collection.support import packs
from tests.collection.support.packs import a_pack, a_rate
from tests.collection.support.rules.ruled import codes, floating, levied, projects, sound, worker

# Injury classes, floating steps, stage cut, projects


@pytest.mark.parametrize(
    ("number", "step", "capacity", "cut", "amount"),
    [
        (1, None, None, None, "20.00"),
        (1, "up_120", None, None, "24.00"),
        (2, "up_150", None, None, "60.00"),
        (2, "down_80", None, None, "32.00"),
        (3, "down_50", None, None, "35.00"),
        (3, None, "17.99", None, "70.00"),
        (3, None, "18", "m18", "56.00"),
        (3, None, "24.25", "m24", "35.00"),
        (2, "up_120", "24", "m24", "24.00"),
    ],
)
def test_the_injury_rate_floats_by_step_and_is_cut_by_months_of_capacity(
    number: int, step: str | None, capacity: str | None, cut: str | None, amount: str
) -> None:
    policy = sound(floating(capacity))
    (line,) = levied(policy, worker("10000.00"), injury_class=number, step=step)
    assert format_yuan(line.amount_fen) == amount
    assert [factor.id for factor in line.rate.factors] == [one for one in (step, cut) if one]


@pytest.mark.parametrize(("number", "step"), [(1, "down_80"), (2, "sideways")])
def test_class_1_only_floats_up_and_no_step_is_made_up(number: int, step: str) -> None:
    with pytest.raises(StepUnknown):
        sound(floating()).schedule("enterprise", number, step=step)


BILLION = 10**9 * 100
YICHANG = (
    ("0.00", "1000000000.00", "0.0012"),
    ("1000000000.00", "5000000000.00", "0.001"),
    ("5000000000.00", None, "0.0008"),
)


@pytest.mark.parametrize(
    ("contract_fen", "whole", "slices"),
    [
        (BILLION // 2, "600000.00", ["600000.00"]),
        (BILLION, "1000000.00", ["1200000.00"]),
        (2 * BILLION, "2000000.00", ["1200000.00", "1000000.00"]),
        (6 * BILLION, "4800000.00", ["1200000.00", "4000000.00", "800000.00"]),
    ],
)
def test_a_project_pays_on_its_contract_sum_by_tiers(
    contract_fen: int, whole: str, slices: list[str]
) -> None:
    for by, expected in (("whole", [whole]), ("slice", slices)):
        rules = projects(*YICHANG, by=by).construction
        assert rules is not None
        lines = project_lines(rules, contract_fen, HALF_UP_FEN)
        assert [format_yuan(line.amount_fen) for line in lines] == expected


def test_a_flat_project_rate_is_one_tier() -> None:
    """正蓝旗: 工程造价的 0.1%."""
    rules = projects(("0.00", None, "0.001")).construction
    assert rules is not None
    (line,) = project_lines(rules, 12_345_678_90, HALF_UP_FEN)
    assert format_yuan(line.amount_fen) == "12345.68"


# Dated funds, calendar, default levy


def test_maternity_moves_to_the_medical_fund_on_the_day_of_the_merger() -> None:
    content = a_pack(
        "merger",
        insurances=["medical", "maternity"],
        rates=[a_rate("medical", "unit", "0.10"), a_rate("maternity", "unit", "0.005")],
        in_force_from="2019-01-01",
    )
    content["fund_map"] = [
        {"insurance": "medical", "fund": "medical", "source": "s"},
        {
            "insurance": "maternity",
            "fund": "maternity",
            "in_force_from": "2019-01-01",
            "in_force_to": "2019-12-31",
            "source": "s",
        },
        {
            "insurance": "maternity",
            "fund": "medical",
            "in_force_from": "2020-01-01",
            "in_force_to": None,
            "source": "s",
        },
    ]
    before = {**content, "fund_map": content["fund_map"]}
    del before["fund_map"][2]["in_force_to"]
    policy = sound(before)
    for period, fund in ((Period(2019, 12), "maternity"), (Period(2020, 1), "medical")):
        lines = levied(policy, worker("1000.00"), period=period)
        assert {line.insurance: line.fund for line in lines}["maternity"] == fund


def test_a_pack_may_say_the_days_and_what_not_declaring_costs() -> None:
    content = packs.sound_pack()
    assert packs.read(content).default_levy.factor_ppm == 1_100_000
    content["calendar"] |= {"declare_day": 10, "settlement_day": 28}
    content["default_levy"] = {"factor": "1.2", "source": "s"}
    policy = sound(content)
    assert (policy.declare_day, policy.due_day) == (10, 25)
    assert policy.default_levy.factor_ppm == 1_200_000


def test_a_second_month_in_a_row_is_levied_on_the_first_ones_default_unless_a_pack_says_else() -> (
    None
):
    content = packs.sound_pack()
    assert packs.read(content).default_levy.compounds
    content["default_levy"] = {"factor": "1.1", "source": "s", "repeated": "on_last_declared"}
    policy = sound(content)
    assert not policy.default_levy.compounds
    assert "published table" in policy_text_rules.markdown(policy).split("未按规定申报")[1]


def test_reviewed_bases_hold_where_units_have_their_own_or_a_pack_says_so() -> None:
    content = packs.sound_pack()
    assert not packs.read(content).freezes_bases
    content["frozen_bases"] = {"enforced": True, "source": "s"}
    assert sound(content).freezes_bases
    assert "当年不变" in policy_text_rules.markdown(sound(content))
    dual = packs.dual_pack(packs.DUAL_BASE[0])
    assert packs.read(dual).freezes_bases
    dual["frozen_bases"] = {"enforced": False, "source": "s"}
    assert not packs.read(dual).freezes_bases
    dual["frozen_bases"]["source"] = "hearsay"
    assert codes(dual) == {"SOURCE_UNKNOWN"}
