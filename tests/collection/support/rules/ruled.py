"""Packs with optional rows, and their levies, for tests of policy rows."""

import json
from collections.abc import Sequence
from typing import Any

from services.collection.levy.domain.levy import ContributionLine, UnitFacts, Wages, assess
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain.faults.faults import faults_in
from services.collection.policy.domain.policy import Policy
from services.collection.policy.schemas.policy import PackIn
from shared.money import format_yuan, parse_yuan
from shared.period import Period
from tests.collection.support import packs
from tests.collection.support.packs import a_pack, a_rate, yuan

LIMITS: list[dict[str, Any]] = json.loads((packs.CASES / "limits_from_average.json").read_text())[
    "limits_from_average"
]
JANUARY, JULY = Period(2021, 1), Period(2021, 7)


def codes(content: dict[str, Any]) -> set[str]:
    """Return the codes of every fault in a pack."""
    policy, faults = pack_rules.attempt(content)
    return {fault.code for fault in faults} | {fault.code for fault in faults_in(policy, content)}


def sound(content: dict[str, Any]) -> Policy:
    """Read a pack that must have no fault, and whose shape must read back the same."""
    assert codes(content) == set()
    assert PackIn.model_validate(content).content() == content
    return packs.read(content)


def levied(
    policy: Policy,
    *people: Wages,
    period: Period = JULY,
    kind: str = "enterprise",
    injury_class: int | None = None,
    step: str | None = None,
    **unit: Any,
) -> list[ContributionLine]:
    """Levy people of a unit under a policy."""
    schedule = policy.schedule(kind, injury_class, period=period, step=step)
    return assess(schedule, UnitFacts(kind=kind, **unit), people)


def amounts(lines: list[ContributionLine]) -> dict[str, str]:
    """Map rules to amounts."""
    return {line.rate.id: format_yuan(line.amount_fen) for line in lines}


def worker(wage: str, **other: Any) -> Wages:
    """Build a person with a wage and other figures."""
    figures = {name: parse_yuan(text) for name, text in other.pop("figures", {}).items()}
    return Wages("a", parse_yuan(wage), {}, figures, **other)


def limits_pack(case: dict[str, Any]) -> dict[str, Any]:
    """Build a pack whose limits follow from averages."""
    years = case.get("floor_average_of", [case["average"]])
    averages = [
        {"id": f"y{number}", "amount": yuan(amount), "source": "s"}
        for number, amount in enumerate(years)
    ]
    whole = {"unit": "1.00", "mode": "half_up"}
    row = {
        "id": "limits",
        "insurance": "*",
        "floor": None,
        "ceiling": None,
        "floor_from": {
            "of": [row["id"] for row in averages],
            "factor": case["floor_factor"],
            "rounding": whole,
        },
        "ceiling_from": {
            "of": [averages[-1]["id"]],
            "factor": case.get("ceiling_factor", "3"),
            "rounding": whole,
        },
        "source": "s",
    }
    rates = [a_rate("pension", "unit", "0.16")]
    return a_pack("limits", insurances=["pension"], rates=rates, averages=averages) | {
        "limits": [row]
    }


def based(base: str, **row: Any) -> Policy:
    """Build a policy whose unit share has this base."""
    return sound(
        a_pack(
            "based",
            insurances=["pension"],
            rates=[
                a_rate("pension", "unit", "0.20", base=base) | row,
                a_rate("pension", "personal", "0.08"),
            ],
            limits={"*": {"floor": "2000.00", "ceiling": "9000.00"}},
        )
    )


ZHENJIANG: list[dict[str, Any]] = [
    {"id": "to45", "insurance": "medical", "status": "active", "age_below": 45, "rate": "0.04"},
    {"id": "from45", "insurance": "medical", "status": "active", "age_from": 45, "rate": "0.05"},
    {"id": "retired", "insurance": "medical", "status": "retired", "rate": "0.06"},
]


def credited(base: str = "own") -> dict[str, Any]:
    """Build a pack that credits part of the unit's share to personal accounts by age."""
    rows = [row | {"source": "s"} for row in ZHENJIANG]
    return a_pack(
        "zhenjiang",
        insurances=["medical"],
        rates=[
            a_rate("medical", "unit", "0.09", base=base),
            a_rate("medical", "personal", "0.02", account="personal_account"),
        ],
        crediting=rows,
    )


UP = {"up_120": "1.2", "up_150": "1.5"}
DOWN = {"down_80": "0.8", "down_50": "0.5"}


def floating(capacity: str | None = None) -> dict[str, Any]:
    """Build a pack with floating steps, and stage cuts if months of capacity are given."""
    classes = {1: "0.002", 2: "0.004", 3: "0.007"}
    steps = [{"id": name, "factor": factor, "source": "s"} for name, factor in UP.items()] + [
        {"id": name, "factor": factor, "classes": [2, 3], "source": "s"}
        for name, factor in DOWN.items()
    ]
    cuts = [
        {"id": "m18", "months_from": "18", "months_below": "24", "factor": "0.8", "source": "s"},
        {"id": "m24", "months_from": "24", "factor": "0.5", "source": "s"},
    ]
    return a_pack(
        "floating",
        insurances=["work_injury"],
        rates=[
            a_rate("work_injury", "unit", rate, id=f"class{number}", injury_class=number)
            for number, rate in classes.items()
        ],
        injury_floating={
            "insurance": "work_injury",
            "steps": steps,
            "stage_cuts": cuts,
        }
        | ({"capacity_months": capacity} if capacity else {}),
    )


def tier_rows(tiers: Sequence[tuple[str, str | None, str]]) -> list[dict[str, str]]:
    """Return tiers as a pack writes them."""
    return [
        {"id": f"t{number}", "from": start, "rate": rate, "source": "s"}
        | ({"below": below} if below else {})
        for number, (start, below, rate) in enumerate(tiers)
    ]


def projects(*tiers: tuple[str, str | None, str], by: str = "whole") -> Policy:
    """Build a policy that levies on projects by tiers."""
    rows = tier_rows(tiers)
    content = a_pack(
        "projects",
        insurances=["work_injury"],
        rates=[a_rate("work_injury", "unit", "0.002")],
        construction={"insurance": "work_injury", "by": by, "tiers": rows},
    )
    return sound(content)
