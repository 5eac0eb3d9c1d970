"""Shapes of fund balances and trial balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from services.ledger.reports.domain.balance import FundTrialBalance
from services.ledger.rules.domain.chart import Catalogue
from shared.schema import Out, YuanOut
from shared.wire.ledger import FundBalanceOut, FundBalancesOut


class TrialLineOut(Out):
    """One account of a trial balance."""

    account: str
    code: str
    name: str
    debit: YuanOut
    credit: YuanOut


class TrialOut(Out):
    """The trial balance (试算平衡表) of one fund and book."""

    fund: str
    book: str
    debit: YuanOut
    credit: YuanOut
    difference: YuanOut
    accounts: list[TrialLineOut]

    @classmethod
    def of(cls, trial: FundTrialBalance) -> TrialOut:
        """Answer one trial balance."""
        return cls(
            fund=trial.fund,
            book=trial.book,
            debit=trial.debit_fen,
            credit=trial.credit_fen,
            difference=trial.debit_fen - trial.credit_fen,
            accounts=[
                TrialLineOut(
                    account=line.account,
                    code=line.code,
                    name=line.name,
                    debit=line.debit_fen,
                    credit=line.credit_fen,
                )
                for line in trial.lines
            ],
        )


class TrialBalanceOut(Out):
    """Trial balances of every fund and book; `balanced` when every difference is zero."""

    as_of: date
    balanced: bool
    funds: list[TrialOut]

    @classmethod
    def of(cls, trials: Sequence[FundTrialBalance], as_of: date) -> TrialBalanceOut:
        """Answer all trial balances of a day."""
        funds = [TrialOut.of(trial) for trial in trials]
        return cls(as_of=as_of, balanced=all(fund.difference == 0 for fund in funds), funds=funds)


class HeadOut(Out):
    """The last position of a slot's chain."""

    slot: int
    seq: int
    hash: str


class ChainOut(Out):
    """The heads of all chains. Published daily, they anchor the books outside the database."""

    items: list[HeadOut]


def balances_out(
    catalogue: Catalogue,
    balances: Mapping[str, Mapping[str, int]],
    held: Mapping[str, int],
    *,
    as_of: date,
    district: str | None,
) -> FundBalancesOut:
    """Answer fund balances. The shape is shared with clients, so it cannot know the domain."""
    funds = []
    for code, accounts in balances.items():
        fund = catalogue.fund(code, as_of)
        name = fund.name if fund else code
        funds.append(
            FundBalanceOut(fund=code, name=name, accounts=dict(accounts), held=held.get(code, 0))
        )
    return FundBalancesOut(as_of=as_of, district=district, funds=funds)
