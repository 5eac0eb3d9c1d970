"""Budgets of benefit accounts, and spending plans held against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.settlement.domain.settlement import Part
from shared.errors import Fault, Kind
from shared.money import format_yuan

FundAccount = tuple[str, str]


class OverBudget(LedgerRefusal):
    """超出预算;如须超支,请注明理由并由中心主管领导核准 (over budget: give the reason, and the centre's
    leader approves it as such)"""

    kind = Kind.CONFLICT
    code = "OVER_BUDGET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One benefit account's budget of a year, as it was recorded."""

    id: UUID
    fund: str
    account: str
    year: int
    amount_fen: int
    source: str
    recorded_by: str


def over(
    parts: Sequence[Part],
    budget: Mapping[FundAccount, int],
    funded: Mapping[FundAccount, int],
) -> list[Fault]:
    """Where a plan goes beyond its budget.

    A fund without any budget that year is not held to one. Of a fund with a budget every part must
    name an account, and one without a row has a budget of zero.

    Args:
        parts: the plan.
        budget: (fund, account) → fen of the year.
        funded: (fund, account) → fen of the year's plans that are posted.
    """
    held = {fund for fund, _ in budget}
    faults = []
    for i, part in enumerate(parts):
        if part.fund not in held:
            continue
        if part.account is None:
            faults.append(Fault(f"/amounts/{i}/account", "ACCOUNT_EXPECTED", part.fund))
            continue
        name = (part.fund, part.account)
        left_fen = budget.get(name, 0) - funded.get(name, 0)
        if part.amount_fen > left_fen:
            said = (
                f"{part.fund}/{part.account}: budget={format_yuan(budget.get(name, 0))},"
                f" left={format_yuan(left_fen)}, asked={format_yuan(part.amount_fen)}"
            )
            faults.append(Fault(f"/amounts/{i}/amount", OverBudget.code, said))
    return faults
