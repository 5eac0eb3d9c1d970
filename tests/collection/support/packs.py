"""Policy packs for tests: published cases as packs, and a sound pack to break."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from services.collection.levy.domain.levy import Wages
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain.policy import Policy
from shared.money import parse_rate, parse_yuan

CASES = Path(__file__).parents[1] / "cases"
CONTRIBUTIONS: list[dict[str, Any]] = json.loads((CASES / "contributions.json").read_text())[
    "cases"
]
DUAL_BASE: list[dict[str, Any]] = json.loads((CASES / "dual_base.json").read_text())["dual_base"]


def yuan(text: str) -> str:
    """Write "3364" as "3364.00"."""
    return text if "." in text else f"{text}.00"


def a_pack(
    name: str,
    *,
    rates: list[dict[str, Any]],
    insurances: list[str],
    limits: dict[str, dict[str, str]] | None = None,
    **other: Any,
) -> dict[str, Any]:
    """Build a sound pack of these rates; its region has the pack's name."""
    rows: list[dict[str, str | None]] = [
        {
            "id": f"limit.{insurance}",
            "insurance": insurance,
            "floor": yuan(limit["floor"]),
            "ceiling": yuan(limit["ceiling"]),
            "source": "s",
        }
        for insurance, limit in (limits or {}).items()
    ]
    none: dict[str, str | None] = {
        "id": "none",
        "insurance": "*",
        "floor": None,
        "ceiling": None,
        "source": "s",
    }
    return {
        "pack": name,
        "region": name.replace("-", "_")[:32],
        "title": name,
        "in_force_from": "2021-01-01",
        "in_force_to": None,
        "sources": [{"id": "s", "text": "published table", "certain": True}],
        "rounding": {"unit": "0.01", "mode": "half_up", "source": "s"},
        "insurances": insurances,
        "fund_map": [
            {"insurance": insurance, "fund": insurance, "source": "s"} for insurance in insurances
        ],
        "suspense_fund": insurances[0],
        "receipt_accounts": [
            {"channel": "bank_debit", "account": "income_deposit"},
            {"channel": "tax", "account": "treasury_deposit"},
        ],
        "rates": rates,
        "exempt": [],
        "limits": rows or [none],
        "calendar": {"due_day": 25, "source": "s"},
        "allocation": {"order": "one_ticket", "source": "s"},
        "late_fee": {"daily_rate": "0.0005", "start": "day_after_due", "source": "s"},
        "notes": [],
    } | other


def a_rate(insurance: str, party: str, rate: str, **other: Any) -> dict[str, Any]:
    """Build a rate row for every unit kind, on each person's own base."""
    return {
        "id": f"{insurance}.{party}",
        "insurance": insurance,
        "party": party,
        "unit_kinds": ["*"],
        "injury_class": None,
        "rate": rate,
        "base": "own",
        "account": "pooled",
        "source": "s",
    } | other


def case_pack(case: dict[str, Any]) -> dict[str, Any]:
    """Build the pack of a published case; zero rates are left out."""
    return a_pack(
        case["id"],
        insurances=[row["insurance"] for row in case["rates"]],
        rates=[
            a_rate(row["insurance"], party, row[party])
            for row in case["rates"]
            for party in ("unit", "personal")
            if parse_rate(row[party])
        ],
        limits=case["limits"],
    )


def case_wages(case: dict[str, Any]) -> dict[str, str]:
    """Return the declared wages in the shape of the API."""
    return {insurance: yuan(wage) for insurance, wage in case["declared_wage"].items()}


def dual_pack(case: dict[str, Any]) -> dict[str, Any]:
    """Build the pack of a dual-base case."""
    pension = case["pension"]
    return a_pack(
        case["id"],
        insurances=["pension"],
        rates=[
            a_rate("pension", "unit", pension["unit_rate"], base="unit_dual"),
            a_rate("pension", "personal", pension["personal_rate"], account="personal_account"),
        ],
    )


def sound_pack() -> dict[str, Any]:
    """Build a sound pack of two insurances with limits and injury classes, for tests to break."""
    return deepcopy(
        a_pack(
            "sound-2021",
            insurances=["pension", "work_injury"],
            rates=[
                a_rate("pension", "unit", "0.16"),
                a_rate("pension", "personal", "0.08", account="personal_account"),
                a_rate("work_injury", "unit", "0.002", id="work_injury.1", injury_class=1),
                a_rate("work_injury", "unit", "0.004", id="work_injury.2", injury_class=2),
            ],
            limits={"*": {"floor": "3364.00", "ceiling": "17613.00"}},
        )
    )


def read(content: dict[str, Any]) -> Policy:
    """Read a pack as a policy."""
    return pack_rules.read(content)


def wages(ref: str, by_insurance: dict[str, str]) -> Wages:
    """Build wages as the calculation takes them."""
    fen = {insurance: parse_yuan(wage) for insurance, wage in by_insurance.items()}
    return Wages(ref, fen.pop("*"), fen)
