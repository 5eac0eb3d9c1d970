"""A mass raise of every pensioner after a month was paid: preview, approval, run of arrears."""

from __future__ import annotations

from typing import Any

import asyncpg

from benchmarks.pension_month.office import Office
from shared.money import parse_yuan
from shared.roles import CENTRE, Role

FACTS = """
INSERT INTO payout.pension_fact (person_id, id, identity_blind, kind, list_key, list_id, born_in,
                                 retired_in, paid_months, is_current)
SELECT person_id, gen_random_uuid(), identity_blind, kind, 0, gen_random_uuid(), '1955-03',
       '2015-04', 180 + abs(person_id % 240), true
  FROM payout.entitlement
"""


def draft_of(period: str) -> dict[str, Any]:
    """A raise as they are: a fixed amount, one per year paid, and a percentage."""
    return {
        "title": "调整基本养老金",
        "source": "benchmark",
        "from": period,
        "groups": [
            {
                "code": "all",
                "name": "定额",
                "fixed": "44.00",
                "per_year": "2.00",
                "percent": "0.0100",
            },
            {"code": "older", "name": "高龄", "born_to": "1951-12", "fixed": "30.00"},
        ],
    }


async def learn(admin_url: str) -> None:
    """Store the facts of every pensioner, as an installation has them."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(FACTS)
        await connection.execute("ANALYZE payout.pension_fact")
    finally:
        await connection.close()


async def mass_raise(run: Office, period: str) -> bool:
    """Raise everybody from a month that is paid, and file the arrears; tell whether all ties."""
    paper = await _ask(run, "/v1/pension-raises", Role.CENTRE_AUDITOR, json=draft_of(period))
    path = f"/v1/pension-raises/{paper['id']}"
    shown = await run.stage(
        "raise previewed", _ask(run, f"{path}/previews", Role.CENTRE_AUDITOR, json={})
    )
    control = shown["control"]
    body = {"control": control}
    await run.stage("raise approved", _ask(run, f"{path}/approvals", Role.CENTRE_LEADER, json=body))
    runs = await run.stage("arrears filed", _arrears(run, period))
    lines = sum(one["lines"] for one in runs)
    total = sum(parse_yuan(one["total"]) for one in runs)
    print(f"raised {control['people']:,} people; arrears {lines:,} lines")
    people = sum(run.pensioners.people.values())
    return (control["people"], lines, total) == (people, people, parse_yuan(control["arrears"]))


async def _arrears(run: Office, period: str) -> list[dict[str, Any]]:
    found = []
    for district, count in run.pensioners.people.items():
        if count:
            body = {"district": district, "period": period, "scope": "arrears"}
            how = {"json": body}
            found.append(await _ask(run, "/v1/pension-runs", Role.DISTRICT_CLERK, district, **how))
    return found


async def _ask(
    run: Office, path: str, role: Role, district: str = CENTRE, **how: Any
) -> dict[str, Any]:
    answer: dict[str, Any] = await run.ask("payout", "POST", path, role, district, **how)
    return answer
