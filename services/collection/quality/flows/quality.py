"""The report on data quality: the findings of every check by district, and the rows behind each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.quality.domain.cross_foot import CrossFoot, cross_foot
from services.collection.quality.domain.quality import (
    Accuracy,
    Check,
    Finding,
    QualityRates,
    Target,
    rates_of,
)
from services.collection.quality.store import quality as quality_store
from services.collection.quality.store import shipped as quality_shipped_store
from services.collection.quality.store.quality import FindingRow
from shared.period import Period

Counted = Mapping[str, Mapping[str, int]]
"""Counts by subject, check or target, then by district."""


@dataclass(frozen=True, slots=True)
class DistrictReport:
    """A district's rates, the findings behind them, and its accuracy for each target."""

    district: str
    rates: QualityRates
    findings: tuple[Finding, ...]
    accuracies: tuple[Accuracy, ...] = ()


async def report(
    tx: AsyncConnection, period: Period, district: str | None
) -> tuple[list[DistrictReport], DistrictReport]:
    """Run the checks of a period: findings by district, and over all of those districts."""
    of_city = await quality_shipped_store.catalogue(tx)
    await quality_store.read_widely(tx)
    of = {
        subject: await quality_store.subjects(tx, subject, period, district)
        for subject in of_city.subjects
    }
    found = {
        check.id: await quality_store.count(tx, check, period, district) for check in of_city.checks
    }
    return assembled(of_city.checks, of, found, district)


def assembled(
    checks: Sequence[Check],
    of: Counted,
    found: Counted,
    district: str | None,
    reached: Sequence[tuple[Target, Mapping[str, int], Mapping[str, int]]] = (),
) -> tuple[list[DistrictReport], DistrictReport]:
    """Assemble counts into a report by district, and over all of them.

    `reached` gives each target's subjects, and how many of them some check found.
    """
    districts = sorted({name for counted in (*of.values(), *found.values()) for name in counted})
    each = [
        _district(
            name,
            [
                Finding(check, found[check.id].get(name, 0), of[check.subject].get(name, 0))
                for check in checks
            ],
            [
                Accuracy(target=target, found=wrong.get(name, 0), of=subjects.get(name, 0))
                for target, subjects, wrong in reached
            ],
        )
        for name in districts
    ]
    whole = _district(
        district or "",
        [
            Finding(check, sum(found[check.id].values()), sum(of[check.subject].values()))
            for check in checks
        ],
        [
            Accuracy(target=target, found=sum(wrong.values()), of=sum(subjects.values()))
            for target, subjects, wrong in reached
        ],
    )
    return each, whole


def _district(
    name: str, findings: Sequence[Finding], accuracies: Sequence[Accuracy]
) -> DistrictReport:
    return DistrictReport(name, rates_of(findings), tuple(findings), tuple(accuracies))


catalogue = quality_shipped_store.catalogue
"""Reads the catalogue of checks."""


async def page(
    tx: AsyncConnection,
    check: Check,
    period: Period,
    district: str | None,
    after: tuple[int, int],
    limit: int,
) -> list[FindingRow]:
    """Read what a check finds after a (unit, person)."""
    await quality_store.read_widely(tx)
    return await quality_store.page(tx, check, period, district, after, limit)


def cross_footed(
    reports: Iterable[tuple[str, int, Sequence[int]]],
) -> list[tuple[str, CrossFoot]]:
    """Add up reports: each its id, its stated total and the amounts of its lines."""
    return [(name, cross_foot(stated, amounts)) for name, stated, amounts in reports]
