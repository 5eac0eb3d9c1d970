"""Plan against actual: what a month's plans asked for, and what the ledger says became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FundAccount = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class PlannedSum:
    """Planned and requested amounts of a fund and account; requested are the approved plans'."""

    planned_fen: int = 0
    requested_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAccount:
    """An account's month as the ledger has it, and its budget of the year."""

    received_fen: int = 0
    paid_fen: int = 0
    returned_fen: int = 0
    budget_fen: int | None = None
    unplanned_fen: int = 0
    entries: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFunding:
    """Money that one settlement brought, as the ledger has it."""

    settlement: str
    day: str
    plan: str | None
    account: str | None
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFund:
    """A fund's month of the expenditure account as the ledger has it."""

    fund: str
    opening_fen: int
    other_fen: int
    closing_fen: int
    held_fen: int
    entries: str | None
    accounts: Mapping[str | None, LedgerAccount]
    fundings: Sequence[LedgerFunding]

    @property
    def has_budget(self) -> bool:
        """Tell whether the fund has a budget this year."""
        return any(one.budget_fen is not None for one in self.accounts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingLine:
    """One account of a fund: planned, requested, and what the ledger has."""

    account: str | None
    planned_fen: int
    requested_fen: int
    actual: LedgerAccount

    @property
    def waiting_fen(self) -> int:
        """Compute what was requested and has not been received."""
        return self.requested_fen - self.actual.received_fen

    @property
    def left_fen(self) -> int:
        """Compute what the month's money leaves."""
        return self.actual.received_fen - self.actual.paid_fen + self.actual.returned_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class FundFunding:
    """One fund's month. `in_batches_fen` is what payment batches still hold, as payout has it."""

    fund: str
    ledger: LedgerFund
    in_batches_fen: int
    lines: Sequence[FundingLine]

    @property
    def warnings(self) -> list[str]:
        """Name what does not fit: money unasked, unplanned or held for nobody."""
        found = []
        for line in self.lines:
            name = f"{self.fund}/{line.account or '-'}"
            if line.waiting_fen < 0:
                found.append(f"RECEIVED_BEYOND_REQUEST {name}")
            if line.actual.paid_fen - line.actual.returned_fen > line.planned_fen:
                found.append(f"PAID_BEYOND_PLAN {name}")
        if self.ledger.held_fen != self.in_batches_fen:
            found.append(f"HELD_DIFFERS {self.fund}")
        return found


def funding_of(
    planned: Mapping[FundAccount, PlannedSum],
    ledger: Mapping[str, LedgerFund],
    in_batches: Mapping[str, int],
) -> list[FundFunding]:
    """Put the plans of a month beside what the ledger has, fund by fund."""
    funds = sorted({fund for fund, _ in planned} | set(ledger) | set(in_batches))
    return [
        _fund(fund, planned, ledger.get(fund, _empty(fund)), in_batches.get(fund, 0))
        for fund in funds
    ]


def _fund(
    fund: str,
    planned: Mapping[FundAccount, PlannedSum],
    ledger: LedgerFund,
    in_batches_fen: int,
) -> FundFunding:
    sums = {account: one for (of, account), one in planned.items() if of == fund}
    accounts = sorted({*sums, *ledger.accounts}, key=lambda name: name or "")
    return FundFunding(
        fund=fund,
        ledger=ledger,
        in_batches_fen=in_batches_fen,
        lines=[
            FundingLine(
                account=account,
                planned_fen=sums.get(account, PlannedSum()).planned_fen,
                requested_fen=sums.get(account, PlannedSum()).requested_fen,
                actual=ledger.accounts.get(account, LedgerAccount()),
            )
            for account in accounts
        ],
    )


def _empty(fund: str) -> LedgerFund:
    return LedgerFund(
        fund=fund,
        opening_fen=0,
        other_fen=0,
        closing_fen=0,
        held_fen=0,
        entries=None,
        accounts={},
        fundings=(),
    )
