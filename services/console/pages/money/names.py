"""Names of codes that several pages of money show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console.words import Text

CHANNELS: Final[Mapping[str, Text]] = {
    "bank_debit": ("银行托收", "Direct debit"),
    "tax": ("税务征收", "Tax bureau"),
}
RECEIPT_STATUSES: Final[Mapping[str, Text]] = {
    "matched": ("已认领", "Matched"),
    "suspended": ("暂收", "In suspense"),
}
DEPOSITS: Final[Mapping[str, Text]] = {
    "income_deposit": ("收入户存款", "Income deposit"),
    "treasury_deposit": ("国库存款", "Treasury deposit"),
    "fiscal_deposit": ("财政专户存款", "Fiscal deposit"),
    "expenditure_deposit": ("支出户存款", "Expenditure deposit"),
}
REFUND_DEPOSITS: Final[Mapping[str, Text]] = {
    code: name for code, name in DEPOSITS.items() if code != "expenditure_deposit"
}
"""Deposits that a refund may be paid from."""
FILED: Final[Mapping[str, Text]] = {
    "filed": ("待批准", "Filed"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
}
