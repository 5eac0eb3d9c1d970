"""The step that puts money on an account which is short, for refusals."""

from __future__ import annotations

from typing import Final

from shared.entry import Account

_SWEPT: Final = (
    '款已划转财政专户:由专户付,写 "deposit": "fiscal_deposit" '
    '(the money was moved on: pay it with "deposit": "fiscal_deposit")'
)
_STEPS: Final = {
    Account.INCOME_DEPOSIT: _SWEPT,
    Account.TREASURY_DEPOSIT: _SWEPT,
    Account.FISCAL_DEPOSIT: (
        "先归集收入户、国库款,或待补助到账:POST /v1/settlements, kind sweep、treasury_remit、"
        "fiscal_subsidy (move money here first)"
    ),
    Account.EXPENDITURE_DEPOSIT: (
        "先由财政专户拨款:POST /v1/settlements, kind expenditure_funding (fund it first)"
    ),
}


def funding_step(account: str) -> str:
    """Return what to do about an account that is short, after a dot; empty for other accounts."""
    step = _STEPS.get(account)
    return f" · {step}" if step else ""
