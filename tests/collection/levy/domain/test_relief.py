"""Relief never exceeds the unit's own share, and never changes the personal share."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.levy.domain.levy import ContributionLine, UnitFacts, Wages, assess
from services.collection.levy.domain.relief import relief_lines, relieved
from services.collection.levy.domain.totals import totals_of
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain import text as policy_text_rules
from services.collection.policy.domain.charge_timeline import Relief
from services.collection.policy.domain.faults.faults import faults_in
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.policy.schemas.policy import PackIn
from shared.fund import Party
from shared.money import PPM, Rounding, RoundingMode, format_yuan, parse_yuan
from shared.period import Period
from tests.collection.support.packs import a_pack, a_rate, read

SMALL = ["medium", "small", "micro", "sole"]


def a_row(insurance: str, sizes: list[str], to: str, factor: str, **other: Any) -> dict[str, Any]:
    return {
        "id": f"{insurance}.{sizes[0]}",
        "insurance": insurance,
        "party": "unit",
        "unit_classes": sizes,
        "period_from": "2020-02",
        "period_to": to,
        "factor": factor,
        "cap": None,
        "source": "s",
    } | other


def content_of_2020() -> dict[str, Any]:
    """人社部发〔2020〕11号: three insurances waived for small units until June, halved for large ones
    until April; 医保发〔2020〕6号: medical halved in places."""
    three = ("pension", "unemployment", "work_injury")
    return a_pack(
        "relief-2020",
        insurances=["pension", "medical", "unemployment", "work_injury"],
        rates=[
            a_rate("pension", "unit", "0.16"),
            a_rate("pension", "personal", "0.08", account="personal_account"),
            a_rate("medical", "unit", "0.10"),
            a_rate("medical", "personal", "0.02", account="personal_account"),
            a_rate("unemployment", "unit", "0.005"),
            a_rate("unemployment", "personal", "0.005"),
            a_rate("work_injury", "unit", "0.002"),
        ],
        relief=[
            *(a_row(name, SMALL, "2020-06", "1") for name in three),
            *(a_row(name, ["large"], "2020-04", "0.5") for name in three),
            a_row("medical", ["enterprise"], "2020-06", "0.5"),
        ],
        in_force_from="2020-01-01",
    )


def codes(content: dict[str, Any]) -> dict[str, str]:
    policy, faults = pack_rules.attempt(content)
    return {fault.pointer: fault.code for fault in [*faults, *faults_in(policy, content)]}


def the_policy() -> Policy:
    content = content_of_2020()
    assert codes(content) == {}
    assert {**PackIn.model_validate(content).content()} == content
    return read(content)


def levied(
    size: str | None, period: str = "2020-03", kind: str = "enterprise"
) -> tuple[list[ContributionLine], list[ContributionLine]]:
    schedule = the_policy().schedule(kind, None, period=Period.parse(period), size=size)
    people = [Wages(ref, parse_yuan(wage)) for ref, wage in (("a", "6543.21"), ("b", "5000.05"))]
    lines = assess(schedule, UnitFacts(kind=kind), people)
    return lines, relief_lines(schedule, lines)


def amounts(lines: list[ContributionLine]) -> dict[str, str]:
    return {line.rate.id: format_yuan(line.amount_fen) for line in lines}


def test_small_units_are_waived_three_insurances_and_half_of_medical() -> None:
    lines, relief = levied("small")
    assert amounts(relief) == {
        "pension.medium": "-1846.92",
        "unemployment.medium": "-57.72",
        "work_injury.medium": "-23.09",
        "medical.enterprise": "-577.17",  # half of 654.32 + 500.01
    }
    after = totals_of([*lines, *relief])
    assert after.unit_fen == 577_16
    assert after.personal_fen == totals_of(lines).personal_fen
    assert after.by_insurance["work_injury"] == 0


def test_large_units_pay_half_for_three_months() -> None:
    assert amounts(levied("large")[1])["pension.large"] == "-923.46"
    assert set(amounts(levied("large", "2020-05")[1])) == {"medical.enterprise"}


@pytest.mark.parametrize("period", ["2020-01", "2020-07"])
def test_before_and_after_there_is_none(period: str) -> None:
    assert levied("small", period)[1] == []


def test_a_unit_of_no_known_size_has_only_what_is_for_all_sizes() -> None:
    assert set(amounts(levied(None)[1])) == {"medical.enterprise"}
    assert levied(None, kind="organ")[1] == []


def test_a_line_says_what_made_it() -> None:
    line = levied("large")[1][0]
    assert line.relief is not None
    assert (line.level, line.ref, line.party) == ("relief", None, Party.UNIT)
    assert (format_yuan(line.base_fen), line.rate.rate_ppm) == ("1846.92", 500_000)
    assert line.product == 184692 * 500_000
    assert line.rate.source == "s"


def parted_pack(**relief: Any) -> dict[str, Any]:
    """Build medical 10 %, of which 4 % of the base go to the person's account, halved in 2020."""
    return a_pack(
        "parted-2020",
        insurances=["medical"],
        rates=[
            a_rate("medical", "unit", "0.10"),
            a_rate("medical", "personal", "0.02", account="personal_account"),
        ],
        crediting=[
            {"id": "all", "insurance": "medical", "status": "active", "rate": "0.04", "source": "s"}
        ],
        relief=[a_row("medical", ["enterprise"], "2020-06", "0.5") | relief],
        in_force_from="2020-01-01",
    )


def parted(**relief: Any) -> dict[tuple[str, str], str]:
    content = parted_pack(**relief)
    assert codes(content) == {}
    assert PackIn.model_validate(content).content() == content
    schedule = read(content).schedule("enterprise", None, period=Period(2020, 3))
    people = [Wages("a", parse_yuan("5000.00"), age=30)]
    lines = relief_lines(schedule, assess(schedule, UnitFacts(kind="enterprise"), people))
    return {
        (line.rate.account.value, format_yuan(line.base_fen)): format_yuan(line.amount_fen)
        for line in lines
    }


def test_relief_reaches_pool_and_accounts_alike_or_spares_the_accounts() -> None:
    assert parted() == {("pooled", "300.00"): "-150.00", ("personal_account", "200.00"): "-100.00"}
    assert parted(spares_accounts=True) == {("pooled", "500.00"): "-250.00"}
    # Never more than the pool has.
    assert parted(spares_accounts=True, factor="0.9") == {("pooled", "500.00"): "-300.00"}


def test_sizes_and_kinds_narrow_each_other() -> None:
    row = read(content_of_2020()).charges.reliefs[0]
    both = Relief(
        **{name: getattr(row, name) for name in Relief.__dataclass_fields__}
        | {"unit_classes": ("small", "enterprise")}
    )
    march = Period(2020, 3)
    assert both.fits("enterprise", "small", march)
    assert not both.fits("organ", "small", march)
    assert not both.fits("enterprise", "large", march)
    assert not both.fits("enterprise", None, march)


def a_schedule(rounding: Rounding, *rows: Relief) -> Schedule:
    return Schedule(rules=(), rounding=rounding, reliefs=rows)


@given(
    owed=st.lists(st.integers(0, 10**15), min_size=1, max_size=4),
    factor=st.integers(0, PPM),
    cap=st.none() | st.integers(0, 10**15),
    unit=st.sampled_from([1, 10, 100]),
    mode=st.sampled_from(list(RoundingMode)),
)
def test_never_more_than_is_owed_nor_than_the_cap(
    owed: list[int], factor: int, cap: int | None, unit: int, mode: RoundingMode
) -> None:
    row = Relief(
        id="r",
        insurance="medical",
        party=Party.UNIT,
        unit_classes=("*",),
        period_from=Period(2020, 2),
        period_to=Period(2020, 2),
        factor_ppm=factor,
        cap_fen=cap,
        source="s",
    )
    of = {("medical", "pooled", f"fund_{n}"): fen for n, fen in enumerate(owed)}
    lines = relieved(a_schedule(Rounding(unit, mode), row), of)
    for line in lines:
        assert -of["medical", "pooled", line.fund] <= line.amount_fen < 0
        assert line.base_fen == of["medical", "pooled", line.fund]
    if cap is not None:
        assert -sum(line.amount_fen for line in lines) <= cap
    if factor == PPM and cap is None and unit == 1:
        assert sum(line.amount_fen for line in lines) == -sum(owed)


def test_rows_that_meet_are_refused() -> None:
    content = content_of_2020()
    content["relief"].append(a_row("pension", ["enterprise"], "2020-02", "0.5"))
    assert codes(content) == {"/relief/7": "RELIEF_OVERLAPS"}
    content["relief"][-1] |= {"unit_classes": ["giant"]}
    assert codes(content)["/relief/7/unit_classes/0"] == "UNIT_CLASS_UNKNOWN"


def test_people_read_what_is_relieved() -> None:
    text = policy_text_rules.markdown(the_policy())
    wanted = "| 基本养老保险 | 大型企业 | 2020-02至2020-04 | 单位部分的50% | published table |"
    assert wanted in text
