"""Annual base review (缴费基数核定): refusals, bases, and differences to billed months.

Sources: 新密 (四不接收: a file is refused when it is incomplete, not posted in the firm, not signed by
the staff, or without the unit's undertaking) and 庆社险函〔2011〕3号 (bases, freezing, corrections).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from services.collection.levy.domain.levy import ContributionLine
from services.collection.policy.domain.policy import Policy
from services.collection.policy.domain.rate import Limit
from shared.errors import Fault
from shared.fund import UnitKind
from shared.money import scale

REQUIRED: Final = (
    "labour_statistics",  # 上年度劳动工资统计年报
    "final_accounts",  # 上年度财务决算报表
    "payroll_ledger",  # 应付职工薪酬明细账
    "wage_register",  # 职工上年度月平均工资收入统计台帐
    "base_form",  # 年度缴费基数核定表
)
"""庆社险函〔2011〕3号 三(一)1."""
_TAKES_THE_SUM: Final = frozenset({UnitKind.ORGAN.value, UnitKind.INSTITUTION.value})


class ReviewReason(StrEnum):
    """The reason for a review. All but the annual one reopen a frozen unit base."""

    ANNUAL = "annual"
    BLOCK_TRANSFER = "block_transfer"  # 建制批量转移
    SPLIT = "split"  # 分离
    MERGER = "merger"  # 合并


class PersonStanding(StrEnum):
    """The way a person counts in a review."""

    INSURED = "insured"
    REHIRED_RETIREE = "rehired_retiree"  # 聘用的退休人员
    INSURED_ELSEWHERE = "insured_elsewhere"  # 已在外地参保并缴费

    @property
    def is_insured(self) -> bool:
        """Return whether the person has a base here; others count in the unit's base only."""
        return self is PersonStanding.INSURED


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFile:
    """Documents and consents that a unit submits with its bases."""

    documents: tuple[str, ...] = ()
    posted_on: date | None = None
    signed_people: int = 0
    undertaking_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedPerson:
    """A person in a review, with last year's own monthly average wage in fen."""

    identity_number: str = field(repr=False)
    wage_fen: int
    standing: PersonStanding = PersonStanding.INSURED


def refusals(file: ReviewFile, insured: int) -> Iterator[Fault]:
    """Yield every reason for refusing the file (四不接收)."""
    missing = [name for name in REQUIRED if name not in file.documents]
    if missing:
        yield Fault(
            "/file/documents",
            "FILE_INCOMPLETE",
            f"申报资料不全 (the file is incomplete): {', '.join(missing)}",
        )
    if file.posted_on is None:
        yield Fault(
            "/file/posted_on", "NOT_POSTED", "缴费基数未在单位内公示 (not published in the unit)"
        )
    if file.signed_people < insured:
        yield Fault(
            "/file/signed_people",
            "NOT_SIGNED_BY_STAFF",
            f"缴费基数未经职工本人签字确认 (signed by {file.signed_people} of {insured} people)",
        )
    if file.undertaking_on is None:
        yield Fault(
            "/file/undertaking_on",
            "NO_UNDERTAKING",
            "单位未出具承诺书 (the undertaking is missing)",
        )


def personal_bases(policy: Policy, wage_fen: int) -> list[int]:
    """Return a person's base in each insurance of the policy: the wage within its limits."""
    return [_clamped(wage_fen, policy.limit_of(name)) for name in policy.insurances]


def _clamped(wage_fen: int, limit: Limit) -> int:
    if limit.base_rounding is not None:
        wage_fen = scale(wage_fen, 1, 1, limit.base_rounding)
    base_fen = max(wage_fen, limit.floor_fen or 0)
    return base_fen if limit.ceiling_fen is None else min(base_fen, limit.ceiling_fen)


def unit_base_fen(
    kind: str, *, wage_total_fen: int, counted_only_fen: int, personal_sum_fen: int
) -> int:
    """Return the unit's base: the higher of its average wage total and the sum of personal bases.

    The wage total includes people who only count. Organs and institutions take the sum.
    """
    if kind in _TAKES_THE_SUM:
        return personal_sum_fen
    return max(wage_total_fen + counted_only_fen, personal_sum_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The amount one rule levies more or less for a person, or for the unit on line 0."""

    line_no: int
    insurance: str
    party: str
    account: str
    fund: str
    rule: str
    was_fen: int
    now_fen: int

    @property
    def difference_fen(self) -> int:
        """Return the amount still to levy; negative: to credit."""
        return self.now_fen - self.was_fen


def differences(
    line_no: int, was: Sequence[ContributionLine], now: Sequence[ContributionLine]
) -> list[Difference]:
    """Return the differences between two calculations of one line, rule by rule; zeros too."""
    before, after = _by_rule(was), _by_rule(now)
    by_rule = {line.rate.id: line for line in (*was, *now)}
    return [
        Difference(
            line_no=line_no,
            insurance=line.insurance,
            party=line.party.value,
            account=line.rate.account.value,
            fund=line.fund,
            rule=rule,
            was_fen=before.get(rule, 0),
            now_fen=after.get(rule, 0),
        )
        for rule, line in by_rule.items()
    ]


def _by_rule(lines: Sequence[ContributionLine]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line.rate.id] += line.amount_fen
    return dict(sums)


def totals(rows: Iterable[Difference]) -> dict[tuple[str, str, str, str], tuple[int, int]]:
    """Sum the amounts before and after, by insurance, party, account and fund."""
    sums: dict[tuple[str, str, str, str], tuple[int, int]] = {}
    for row in rows:
        key = (row.insurance, row.party, row.account, row.fund)
        was_fen, now_fen = sums.get(key, (0, 0))
        sums[key] = (was_fen + row.was_fen, now_fen + row.now_fen)
    return sums
