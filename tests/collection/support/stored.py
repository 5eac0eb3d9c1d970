"""Everything that a unit's declaration stored, and a policy with heads, sums and ages."""

from __future__ import annotations

from typing import Any

import asyncpg

from tests.collection.support.office import Office
from tests.collection.support.packs import a_pack, a_rate

DECLARATION = """
    SELECT d.period, d.round, d.status, d.policy_id, d.unit_kind, d.injury_class,
           d.unit_wage_total_fen, d.people, d.wages_fen, d.unit_fen, d.personal_fen, d.total_fen
      FROM declaration AS d WHERE d.credit_code = $1
"""
LINES = """
    SELECT l.round, l.line_no, l.level, l.insurance, l.party, l.account, l.fund, l.rule,
           l.base_fen, l.amount_fen
      FROM declaration AS d JOIN declaration_line AS l
        ON l.unit_id = d.unit_id AND l.declaration_id = d.id
     WHERE d.credit_code = $1 ORDER BY l.line_no
"""
PEOPLE = """
    SELECT p.round, p.line_no, p.wage_fen, p.asked_fen, p.base_fen, p.unit_fen, p.personal_fen
      FROM declaration AS d JOIN declaration_person AS p
        ON p.unit_id = d.unit_id AND p.declaration_id = d.id
     WHERE d.credit_code = $1 ORDER BY p.line_no
"""
FIGURES = """
    SELECT f.round, f.line_no, f.figures_fen, f.age
      FROM declaration AS d JOIN declaration_figures AS f
        ON f.unit_id = d.unit_id AND f.declaration_id = d.id
     WHERE d.credit_code = $1 ORDER BY f.line_no
"""


def aged_pack() -> dict[str, Any]:
    """Heads in one month, the unit's total and sum, and a split by age."""
    split = {"insurance": "medical", "status": "active", "source": "s"}
    head = a_rate("large_medical", "unit", "", base="head") | {"amount": "12.50", "months": [3]}
    del head["rate"]
    return a_pack(
        "aged-1996",
        insurances=["pension", "medical", "large_medical"],
        rates=[
            a_rate("pension", "unit", "0.20", base="unit_dual"),
            a_rate("pension", "personal", "0.08", account="personal_account"),
            a_rate("medical", "unit", "0.09", base="personal_sum"),
            a_rate("medical", "personal", "0.02", account="personal_account"),
            head,
        ],
        limits={"*": {"floor": "1000.00", "ceiling": "9000.00"}},
        crediting=[
            split | {"id": "to45", "age_below": 45, "rate": "0.04"},
            split | {"id": "from45", "age_from": 45, "rate": "0.05"},
        ],
        region="tianjin",
        in_force_from="1996-01-01",
        in_force_to="1996-12-31",
    )


async def everything(office: Office, code: str) -> list[list[asyncpg.Record]]:
    return [await office.fetch(sql, code) for sql in (DECLARATION, LINES, PEOPLE, FIGURES)]
