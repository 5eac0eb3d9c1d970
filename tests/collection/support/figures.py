"""A policy that needs figures and ages, and people who declare them."""

from __future__ import annotations

from typing import Any

from shared.cn import identity_number
from tests.collection.support.office import Office
from tests.collection.support.packs import a_pack, a_rate

MONTH = "1995-03"


def content() -> dict[str, Any]:
    """Liaoning's sources and Zhenjiang's split, in the office's own region for one month."""
    return a_pack(
        "sources-1995",
        insurances=["pension", "medical", "large_medical"],
        rates=[
            a_rate("pension", "unit", "0.20", base="unit_last_month"),
            a_rate("pension", "personal", "0.08", base="own_last_year", account="personal_account"),
            a_rate("medical", "unit", "0.09", base="personal_sum"),
            a_rate("medical", "personal", "0.02", account="personal_account"),
            {
                name: value
                for name, value in a_rate("large_medical", "unit", "", base="head").items()
                if name != "rate"
            }
            | {"amount": "12.50", "months": [3]},
        ],
        limits={"*": {"floor": "1000.00", "ceiling": "9000.00"}},
        crediting=[
            {
                "id": "to45",
                "insurance": "medical",
                "status": "active",
                "age_below": 45,
                "rate": "0.04",
                "source": "s",
            },
            {
                "id": "from45",
                "insurance": "medical",
                "status": "active",
                "age_from": 45,
                "rate": "0.05",
                "source": "s",
            },
        ],
        region="tianjin",
        in_force_from="1995-01-01",
        in_force_to="1995-12-31",
    )


def born(year: int, number: int, **figures: str) -> dict[str, Any]:
    """A declared person born in a year."""
    digits = identity_number.with_check_digit(f"120101{year}0301{number:03d}")
    return {"identity_number": digits, "wage": "2000.00"} | (
        {"figures": figures} if figures else {}
    )


async def enrolled(office: Office, people: list[dict[str, Any]]) -> str:
    code = await office.unit()
    body = [
        {"identity_number": person["identity_number"], "name": "张三", "joined_on": "1994-01-01"}
        for person in people
    ]
    answer = await office.post("district_clerk", f"/v1/units/{code}/enrolments", {"people": body})
    assert answer.status_code == 201, answer.text
    return code
