"""Budgets of benefit accounts, and the check of spending plans against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.settlement.domain.settlement import SettlementPart
from shared.errors import Fault, Kind
from shared.money import format_yuan

FundAccount = tuple[str, str]


class OverBudget(LedgerRefusal):
    """超出预算;如须超支,请注明理由并由中心主管领导核准 (over budget: state the reason, and the centre's
    leader must approve)"""

    kind = Kind.CONFLICT
    code = "OVER_BUDGET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The budget of one benefit account for a year. `approved_by` is None while it is proposed."""

    id: UUID
    paper: UUID
    fund: str
    account: str
    year: int
    amount_fen: int
    source: str
    recorded_by: str
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPaper:
    """A document that sets or adjusts budget rows, in force once another person approves it."""

    id: UUID
    source: str
    recorded_by: str
    approved_by: str | None
    rows: tuple[Budget, ...]


def budget_faults(
    parts: Sequence[SettlementPart],
    budget: Mapping[FundAccount, int],
    funded: Mapping[FundAccount, int],
) -> list[Fault]:
    """Return where a plan exceeds its budget.

    A fund without a budget in that year is not limited. In a fund with a budget every part must name
    an account, and an account without a row has a budget of zero.

    Args:
        parts: the plan.
        budget: (fund, account) → fen of the year.
        funded: (fund, account) → fen of the year's posted plans.
    """
    budgeted = {fund for fund, _ in budget}
    faults = []
    for i, part in enumerate(parts):
        if part.fund not in budgeted:
            continue
        if part.account is None:
            faults.append(Fault(f"/amounts/{i}/account", "ACCOUNT_EXPECTED", part.fund))
            continue
        name = (part.fund, part.account)
        left_fen = budget.get(name, 0) - funded.get(name, 0)
        if part.amount_fen > left_fen:
            message = (
                f"{part.fund}/{part.account}: budget={format_yuan(budget.get(name, 0))},"
                f" left={format_yuan(left_fen)}, asked={format_yuan(part.amount_fen)}"
            )
            faults.append(Fault(f"/amounts/{i}/amount", OverBudget.code, message))
    return faults
