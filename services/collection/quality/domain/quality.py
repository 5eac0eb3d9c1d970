"""Data quality (数据质量): checks, findings, and the rates of a report.

A rate covers all checks of a kind: their findings divided by the subjects that they looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.errors import NotFound
from shared.money import PPM


class CheckKind(StrEnum):
    """The kinds of problems that checks look for."""

    ENTRY = "entry"  # 入库
    COMPLETENESS = "completeness"  # 齐全
    REAL_FILL = "real_fill"  # 记实
    ANOMALY = "anomaly"  # 异常
    DUPLICATE = "duplicate"  # 重复
    LOGIC = "logic"  # 逻辑


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check: the subjects it looks at, its limits as data, and its source."""

    id: str
    kind: CheckKind
    subject: str
    title: str
    source: str
    certain: bool
    limits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """The number of subjects that a check found."""

    check: Check
    found: int
    of: int

    @property
    def rate_ppm(self) -> int:
        """Return the share of subjects that the check found."""
        return share_ppm(self.found, self.of)


def share_ppm(part: int, whole: int) -> int:
    """Return a share in parts per million, rounded half up; 0 if there are no subjects."""
    return 0 if whole == 0 else (2 * part * PPM + whole) // (2 * whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The share of subjects that must be free of findings (信息准确率).

    `checks` are those that count for it: on units, or on people at their units.
    """

    id: str
    title: str
    checks: tuple[str, ...]
    at_least_ppm: int
    source: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCatalogue:
    """The checks, the Chinese names of what they look at, and the targets of a report."""

    checks: tuple[Check, ...]
    subjects: Mapping[str, str]
    targets: tuple[Target, ...]

    def check(self, id: str) -> Check:
        """Find a check by its id.

        Raises:
            NotFound: there is no such check.
        """
        for check in self.checks:
            if check.id == id:
                return check
        raise NotFound(check=id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """The number of a target's subjects, and of those that some check found."""

    target: Target
    found: int
    of: int

    @property
    def rate_ppm(self) -> int | None:
        """Return the share without findings; None if there are no subjects."""
        return None if self.of == 0 else share_ppm(max(self.of - self.found, 0), self.of)

    @property
    def met(self) -> bool | None:
        """Tell whether the target is met."""
        rate_ppm = self.rate_ppm
        return None if rate_ppm is None else rate_ppm >= self.target.at_least_ppm


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRates:
    """The rates of the Liaoyang plan, in parts per million; the first three count what is right."""

    entry_ppm: int
    completeness_ppm: int
    real_fill_ppm: int
    anomaly_ppm: int
    duplicate_ppm: int
    logic_ppm: int


def rates_of(findings: Iterable[Finding]) -> QualityRates:
    """Calculate the rates of a district's findings."""
    found = dict.fromkeys(CheckKind, 0)
    of = dict.fromkeys(CheckKind, 0)
    for finding in findings:
        found[finding.check.kind] += finding.found
        of[finding.check.kind] += finding.of
    wrong = {kind: share_ppm(found[kind], of[kind]) for kind in CheckKind}
    right = {kind: share_ppm(of[kind] - found[kind], of[kind]) for kind in CheckKind}
    return QualityRates(
        entry_ppm=right[CheckKind.ENTRY],
        completeness_ppm=right[CheckKind.COMPLETENESS],
        real_fill_ppm=right[CheckKind.REAL_FILL],
        anomaly_ppm=wrong[CheckKind.ANOMALY],
        duplicate_ppm=wrong[CheckKind.DUPLICATE],
        logic_ppm=wrong[CheckKind.LOGIC],
    )
