"""Printed statements of personal accounts (个人账户对账单): one page for each fund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.ledger.common.schemas import UNIT_NOTE, Fen, Row, Sheet
from services.ledger.personal.domain import Rate
from services.ledger.personal.schemas.account import StatementOut

_COLUMNS = (
    *("年度", "上年结转", "缴费划入", "统筹划入", "转入", "转出", "退还、继承", "支付养老金"),
    *("记账利率", "利息", "年末余额", "状态"),
)


def statement_sheets(
    statement: StatementOut, names: Mapping[str, str], rates: Sequence[Rate]
) -> list[Sheet]:
    """Lay a statement out as sheets; `names` are of the funds, `rates` those in force."""
    rate_of = {(rate.fund, rate.year): rate for rate in rates}
    notes = [
        f"个人编号:{statement.person}",
        f"对账期间:{statement.from_year} 年至 {statement.to_year} 年",
    ]
    if statement.merged_into is not None:
        notes.append(f"该编号已并入 {statement.merged_into}")
    funds = dict.fromkeys(one.fund for one in statement.items) or {"pension": None}
    sheets = []
    for fund in funds:
        rows = []
        for year in (one for one in statement.items if one.fund == fund):
            rate = rate_of.get((fund, year.year)) if year.is_closed else None
            amounts = (
                *(year.opening, year.contribution, year.injection),
                *(year.transfer_in, year.transfer_out, year.withdrawal, year.pension),
            )
            cells = (
                str(year.year),
                *(Fen(fen) for fen in amounts),
                "" if rate is None else _percent(rate.rate_ppm),
                Fen(year.interest),
                Fen(year.closing),
                "已结息" if year.is_closed else "未结息",
            )
            rows.append(Row(cells))
        brought = [one for one in statement.brought if one.fund == fund]
        rows += [
            Row((f"{one.year} 年外地缴费 {one.months} 个月", *(None,) * 11)) for one in brought
        ]
        rows.append(Row(("经办机构(章)", *(None,) * 5, "参保人签字", *(None,) * 5)))
        sheets.append(
            Sheet(
                f"statement-{fund}",
                "个人账户对账单",
                (f"基金:{names.get(fund, fund)}", *notes, UNIT_NOTE),
                _COLUMNS,
                tuple(rows),
            )
        )
    return sheets


def _percent(rate_ppm: int) -> str:
    whole, part = divmod(rate_ppm, 10_000)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".") + "%"
