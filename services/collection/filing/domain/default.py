"""Declarations by default (未按规定申报): which units get one, its header, and how it is explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.collection.common.domain.calendar import nominal_due_day
from services.collection.common.domain.errors import TotalTooLarge
from services.collection.filing.domain.declaration import State
from services.collection.filing.domain.late import DEFAULT
from services.collection.filing.domain.records import DeclarationRow, LineRow
from services.collection.levy.domain.levy import ContributionLine
from services.collection.policy.domain.default_levy import RULE, DefaultLine
from services.collection.policy.domain.policy import Policy
from services.collection.policy.domain.rate import ANY, BaseKind, Rate
from services.collection.register.domain.unit import Unit
from shared.fund import AccountKind, Party
from shared.ids import uuid7
from shared.money import AMOUNT_MAX_FEN, format_yuan
from shared.period import Period

REASONS: Final = {
    "RETURNED": "已申报但被退回,尚未重报 (declared and returned, not submitted again)",
    "NO_LAST_MONTH": "无上月缴费额,须按经营状况、职工人数等另行确定"
    " (nothing was levied last month to go by)",
    "LAST_MONTH_UNFINISHED": "上月申报尚未复核 (last month's declaration is not reviewed yet)",
    "LAST_MONTH_NOTHING": "上月无应缴费额 (last month's amount is zero)",
    "FILED_MEANWHILE": "办理期间已申报 (it declared in the meantime)",
}
"""Reasons why a unit without a declaration is not levied by default."""


@dataclass(frozen=True, slots=True)
class UndeclaredUnit:
    """A unit without a valid declaration of the period.

    `present` is the status of a returned one. `last_…` is the reviewed declaration of the month
    before; `any_last` tells whether that month has any declaration.
    """

    unit_id: int
    credit_code: str
    present: str | None
    last_id: UUID | None
    last_round: int | None
    last_kind: str | None
    any_last: bool

    @property
    def obstacle(self) -> str | None:
        """Return the code of the reason why it cannot be levied by default."""
        if self.present is not None:
            return "RETURNED"
        if self.last_id is None:
            return "LAST_MONTH_UNFINISHED" if self.any_last else "NO_LAST_MONTH"
        return None


def last_day_to_declare(policy: Policy, period: Period) -> date:
    """Return 申报截止日; a policy without one lets units declare until the money is due."""
    return nominal_due_day(period, policy.declare_day or policy.due_day)


def default_header(
    unit: Unit, period: Period, policy_id: UUID, lines: Sequence[DefaultLine]
) -> DeclarationRow:
    """Build the header of a declaration by default.

    Raises:
        TotalTooLarge: the unit owes more than can be booked.
    """
    unit_fen = sum(line.amount_fen for line in lines if line.party == Party.UNIT)
    total_fen = sum(line.amount_fen for line in lines)
    if total_fen > AMOUNT_MAX_FEN:
        raise TotalTooLarge(credit_code=unit.credit_code, total=format_yuan(total_fen))
    return DeclarationRow(
        unit_id=unit.id,
        id=uuid7(),
        credit_code=unit.credit_code,
        district=unit.district,
        period=str(period),
        round=1,
        status=State.SUBMITTED.value,
        policy_id=policy_id,
        unit_kind=unit.kind,
        injury_class=unit.injury_class,
        unit_wage_total_fen=None,
        people=0,
        wages_fen=0,
        unit_fen=unit_fen,
        personal_fen=total_fen - unit_fen,
        total_fen=total_fen,
        kind=DEFAULT,
    )


def default_line_rows(lines: Sequence[DefaultLine]) -> list[LineRow]:
    """Number the lines of a declaration by default."""
    return [
        LineRow(
            line_no=number,
            level="unit",
            insurance=line.insurance,
            party=line.party,
            account=line.account,
            fund=line.fund,
            rule=RULE,
            base_fen=line.base_fen,
            amount_fen=line.amount_fen,
        )
        for number, line in enumerate(lines, 1)
    ]


def explained_default(policy: Policy, stored: Sequence[LineRow]) -> list[ContributionLine]:
    """Explain the lines of a stored default: last month's amount times the policy's factor."""
    rule = policy.default_levy
    return [
        ContributionLine(
            ref=None,
            insurance=line.insurance,
            fund=line.fund,
            rate=Rate(
                id=RULE,
                insurance=line.insurance,
                party=Party(line.party),
                unit_kinds=(ANY,),
                injury_class=None,
                rate_ppm=rule.factor_ppm,
                base=BaseKind.UNIT_LAST_MONTH,
                account=AccountKind(line.account),
                source=rule.source,
            ),
            asked_fen=None,
            floor_fen=None,
            ceiling_fen=None,
            limit=None,
            base_fen=line.base_fen,
            rounding=policy.rounding,
            amount_fen=line.amount_fen,
        )
        for line in stored
        if line.rule == RULE and line.level == "unit"
    ]
