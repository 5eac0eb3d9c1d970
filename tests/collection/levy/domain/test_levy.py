"""The levy gives published figures to the fen, and every line explains itself."""

from typing import Any

import pytest

from services.collection.common.domain.errors import KindNotCovered, WageTotalMissing
from services.collection.common.store import shipped as common_shipped_store
from services.collection.levy.domain.levy import ContributionLine, UnitFacts, assess
from services.collection.levy.domain.totals import totals_of
from shared.fund import Party
from shared.money import format_yuan, parse_yuan
from tests.collection.support import packs

UNIT = UnitFacts(kind="enterprise", injury_class=1)


def amounts(lines: list[ContributionLine]) -> dict[tuple[str, str], str]:
    return {(line.insurance, line.party.value): format_yuan(line.amount_fen) for line in lines}


@pytest.mark.parametrize("case", packs.CONTRIBUTIONS, ids=lambda case: case["id"])
def test_a_published_case_comes_out_to_the_fen(case: dict[str, Any]) -> None:
    policy = packs.read(packs.case_pack(case))
    schedule = policy.schedule("enterprise", 1)
    lines = assess(schedule, UNIT, [packs.wages("a", packs.case_wages(case))])
    found = amounts(lines)
    for line in case["expect"]["lines"]:
        for party in ("unit", "personal"):
            assert found.get((line["insurance"], party), "0.00") == line[party]
    bases = {line.insurance: format_yuan(line.base_fen) for line in lines}
    assert bases == {line["insurance"]: line["base"] for line in case["expect"]["lines"]}
    totals = totals_of(lines)
    assert format_yuan(totals.unit_fen) == case["expect"]["unit_total"]
    assert format_yuan(totals.personal_fen) == case["expect"]["personal_total"]
    assert format_yuan(totals.total_fen) == case["expect"]["total"]


@pytest.mark.parametrize("case", packs.DUAL_BASE, ids=lambda case: case["id"])
def test_of_wage_bill_and_personal_bases_the_higher_is_the_units_base(
    case: dict[str, Any],
) -> None:
    policy = packs.read(packs.dual_pack(case))
    unit = UnitFacts(
        kind="enterprise", wage_total_fen=parse_yuan(case["unit_monthly_average_total_wage"])
    )
    people = [packs.wages(str(n), {"*": base}) for n, base in enumerate(case["personal_bases"])]
    lines = assess(policy.schedule("enterprise", None), unit, people)
    (whole,) = [line for line in lines if line.ref is None]
    assert format_yuan(whole.base_fen) == case["unit_base"]
    assert format_yuan(whole.amount_fen) == case["pension"]["unit"]
    personal = sum(line.amount_fen for line in lines if line.party is Party.PERSONAL)
    assert format_yuan(personal) == case["pension"]["personal"]
    expected = "floor" if case["id"] == "dual-base-max-rule" else None
    assert whole.clamp == expected


def shipped_policy(name: str) -> Any:
    return packs.read(next(pack for pack in common_shipped_store.packs() if pack["pack"] == name))


@pytest.mark.parametrize(
    ("case_id", "policy"),
    [("tianjin-2021-floor", "tianjin-2021"), ("tianjin-2021-ceiling", "tianjin-2021")],
)
def test_the_shipped_policy_of_2021_gives_the_published_figures(case_id: str, policy: str) -> None:
    (case,) = [case for case in packs.CONTRIBUTIONS if case["id"] == case_id]
    schedule = shipped_policy(policy).schedule("enterprise", 1)
    lines = assess(schedule, UNIT, [packs.wages("a", packs.case_wages(case))])
    assert format_yuan(totals_of(lines).total_fen) == case["expect"]["total"]


def test_in_2021_maternity_is_booked_in_the_medical_fund() -> None:
    lines = assess(
        shipped_policy("tianjin-2021").schedule("enterprise", 1),
        UNIT,
        [packs.wages("a", {"*": "10000.00"})],
    )
    by_fund = {fund: format_yuan(fen) for fund, fen in totals_of(lines).by_fund.items()}
    assert by_fund == {
        "pension": "2400.00",
        "medical": "1250.00",
        "unemployment": "100.00",
        "work_injury": "20.00",
    }


def test_the_shipped_policy_of_2008_levies_the_units_share_on_the_unit_as_a_whole() -> None:
    (case,) = [case for case in packs.CONTRIBUTIONS if case["id"] == "tianjin-2008-base-2000"]
    unit = UnitFacts(kind="enterprise", injury_class=1, wage_total_fen=2000_00)
    lines = assess(
        shipped_policy("tianjin-2008").schedule("enterprise", 1),
        unit,
        [packs.wages("a", packs.case_wages(case))],
    )
    assert {line.ref for line in lines if line.party is Party.UNIT} == {None}
    assert format_yuan(totals_of(lines).total_fen) == case["expect"]["total"]


def test_a_self_financing_institution_pays_33_percent_pension_in_2008() -> None:
    unit = UnitFacts(kind="institution", injury_class=1, wage_total_fen=2000_00)
    lines = assess(
        shipped_policy("tianjin-2008").schedule("institution", 1),
        unit,
        [packs.wages("a", {"*": "2000.00"})],
    )
    assert format_yuan(totals_of(lines).by_insurance["pension"]) == "660.00"


@pytest.mark.parametrize("number", range(1, 9))
def test_each_injury_class_has_its_own_rate(number: int) -> None:
    rates = {1: "20", 2: "40", 3: "70", 4: "90", 5: "110", 6: "130", 7: "160", 8: "190"}
    schedule = shipped_policy("tianjin-2021").schedule("enterprise", number)
    lines = assess(schedule, UNIT, [packs.wages("a", {"*": "10000.00"})])
    assert amounts(lines)["work_injury", "unit"] == f"{rates[number]}.00"


def test_a_line_says_which_rule_base_limit_product_and_rounding_made_it() -> None:
    policy = packs.read(packs.sound_pack())
    lines = assess(policy.schedule("enterprise", 1), UNIT, [packs.wages("a", {"*": "3000.00"})])
    (line,) = [line for line in lines if line.insurance == "work_injury"]
    assert line.rate.id == "work_injury.1"
    assert (line.asked_fen, line.floor_fen, line.base_fen) == (3000_00, 3364_00, 3364_00)
    assert line.clamp == "floor"
    assert line.product == 6_72800000  # 6.728 yuan, before it is rounded
    assert format_yuan(line.amount_fen) == "6.73"
    assert line.rate.source == "s"


def test_an_exempt_kind_has_no_line_of_that_insurance() -> None:
    unit = UnitFacts(kind="organ", injury_class=1, wage_total_fen=2000_00)
    lines = assess(
        shipped_policy("tianjin-2008").schedule("organ", 1),
        unit,
        [packs.wages("a", {"*": "2000.00"})],
    )
    assert "pension" not in {line.insurance for line in lines}


def test_a_kind_that_the_policy_does_not_know_is_refused() -> None:
    with pytest.raises(KindNotCovered):
        shipped_policy("tianjin-2021").schedule("flexible", 1)


@pytest.mark.parametrize("injury_class", [None, 3, 8])
def test_a_class_that_the_policy_does_not_know_is_refused(injury_class: int | None) -> None:
    policy = packs.read(packs.sound_pack())
    with pytest.raises(KindNotCovered):
        policy.schedule("enterprise", injury_class)


def test_a_rate_on_the_wage_total_needs_one() -> None:
    policy = packs.read(packs.dual_pack(packs.DUAL_BASE[0]))
    with pytest.raises(WageTotalMissing):
        assess(
            policy.schedule("enterprise", None),
            UnitFacts(kind="enterprise"),
            [packs.wages("a", {"*": "2000.00"})],
        )
