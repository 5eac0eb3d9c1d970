"""The report on data quality: every check, by district, and the rows behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.domain.quality import Check, Finding, Rates, rates_of
from services.collection.store import quality as store
from services.collection.store import shipped
from shared.errors import NotFound
from shared.period import Period


@dataclass(frozen=True, slots=True)
class DistrictReport:
    """A district's rates, and the findings they are made of."""

    district: str
    rates: Rates
    findings: tuple[Finding, ...]


def check_of(check_id: str) -> Check:
    """A check by its id.

    Raises:
        NotFound: there is none.
    """
    for check in shipped.quality_checks():
        if check.id == check_id:
            return check
    raise NotFound(check=check_id)


async def report(
    tx: AsyncConnection, period: Period, district: str | None
) -> tuple[list[DistrictReport], DistrictReport]:
    """What the checks find in a period, by district, and over all of those districts."""
    checks = shipped.quality_checks()
    of = {
        subject: await store.subjects(tx, subject, period, district)
        for subject in shipped.quality_subjects()
    }
    found = {check.id: await store.count(tx, check, period, district) for check in checks}
    districts = sorted({name for counted in (*of.values(), *found.values()) for name in counted})
    each = [
        _district(
            name,
            [
                Finding(check, found[check.id].get(name, 0), of[check.subject].get(name, 0))
                for check in checks
            ],
        )
        for name in districts
    ]
    whole = [
        Finding(check, sum(found[check.id].values()), sum(of[check.subject].values()))
        for check in checks
    ]
    return each, _district(district or "", whole)


def _district(name: str, findings: Sequence[Finding]) -> DistrictReport:
    return DistrictReport(name, rates_of(findings), tuple(findings))
