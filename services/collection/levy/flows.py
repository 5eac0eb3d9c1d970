"""Quotes (试算): the calculation of a declaration without storing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.levy.domain.levy import ContributionLine, UnitFacts, Wages, assess
from services.collection.levy.domain.person_facts import facts_faults, facts_of, unknown_insurances
from services.collection.levy.domain.relief import relief_lines
from services.collection.levy.domain.totals import Totals, totals_of
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from shared.errors import Faulty
from shared.period import Period


@dataclass(frozen=True, slots=True)
class Quote:
    """The policy that applied, the lines and their totals."""

    policy: Policy
    lines: list[ContributionLine]
    totals: Totals


async def quote(
    tx: AsyncConnection,
    region: str,
    day: date,
    unit: UnitFacts,
    people: Sequence[Wages],
    step: str | None = None,
    size: str | None = None,
) -> Quote:
    """Levy wages under the policy of a day.

    Raises:
        NoPolicy, KindNotCovered, WageTotalMissing: the rules cannot be applied.
        Faulty: insurances that the policy does not have, missing figures, categories that it does
        not
            levy.
    """
    found = await policy_flow.in_force(tx, region, day)
    schedule = found.policy.schedule(
        unit.kind, unit.injury_class, period=Period.of(day), step=step, size=size
    )
    faults = [
        fault
        for number, wages in enumerate(people)
        for fault in unknown_insurances(wages.by_insurance, found.policy, f"/people/{number}")
    ]
    faults += facts_faults(schedule, [facts_of(wages) for wages in people], unit.figures)
    if faults:
        raise Faulty(faults=faults)
    lines = assess(schedule, unit, people)
    lines += relief_lines(schedule, lines)
    return Quote(found.policy, lines, totals_of(lines))
