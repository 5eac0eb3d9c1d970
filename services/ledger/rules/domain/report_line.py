"""Statements with lines named by data, and their sections."""

from __future__ import annotations

from typing import Final

BALANCE_SHEET: Final = "balance_sheet"
INCOME_STATEMENT: Final = "income_statement"
UNCARRIED: Final = "uncarried_surplus"
"""本年收支结余(未结转): income less expense that no year's end has carried over yet."""
SECTIONS: Final = {
    BALANCE_SHEET: {
        "asset": "资产",
        "liability": "负债",
        "net_asset": "净资产",
        UNCARRIED: "本年收支结余(未结转)",
    },
    INCOME_STATEMENT: {"income": "收入", "expense": "支出"},
}
"""Report → its sections and own lines, as they are called where no row of data says otherwise."""
