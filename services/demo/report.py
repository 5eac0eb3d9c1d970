"""The report of a run: a table for people, one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from services.demo.proofs import DEPOSITS, Proof, State
from shared.money import format_yuan, parse_yuan

_COLUMNS = (
    ("declared", "应征", "declared"),
    ("collected", "实征", "collected"),
    ("income_account", "收入户", "income acct"),
    ("treasury", "国库", "treasury"),
    ("fiscal_account", "财政专户", "fiscal acct"),
    ("expenditure_account", "支出户", "expenditure"),
    ("paid", "支付", "paid"),
    ("balance", "结余", "balance"),
)
PROOFS = {
    "bill_equals_its_lines_and_its_fund_split": "每份缴费通知单 = 明细之和 = 各基金之和",
    "memo_receivable_equals_open_bills": "备查账应收 = 未缴清的通知单",
    "income_account_is_zero_after_the_sweep": "归集后收入户余额为零",
    "bank_statement_equals_the_books": "银行对账单 = 账面存款",
    "every_trial_balance_is_zero": "试算平衡",
    "receipts_equal_what_the_bank_took_in": "到账 = 银行进账",
    "allocated_receipts_equal_contribution_income": "业务实征 = 账面社会保险费收入",
    "paid_benefits_equal_benefit_expense": "业务支付 = 账面待遇支出",
    "deposits_equal_income_less_expense": "各基金存款 = 收入 - 支出",
    "personal_accounts_equal_the_general_ledger": "个人账户 = 总账,在途有说明",
    "dashboard_measures_equal_business_totals": "看板征缴率的分子分母 = 业务数",
    "three_totals_agree": "三数核对:业务 = 账簿 = 统计",
    "months_are_closed_by_two_people": "月结完成:两人办理,业务 = 账簿",
    "a_returned_debit_is_undone_and_paid_again": "银行退回的扣款已冲回,单位再缴清",
    "a_wrong_payers_money_is_moved_by_two_people": "误记的税款经两人改入真正的缴费人",
    "a_lowered_month_leaves_the_excess_as_credit": "部分缴费的月份调低后,多缴部分为贷项",
    "a_refused_pension_is_paid_again_once": "被拒付的养老金更正账户后再付,只付一次",
    "a_refund_that_came_back_is_free_again": "被银行退回的退费恢复为暂收款,再予认领",
    "a_month_after_a_death_comes_back": "死亡后多发的月份已追回,冲减当年支出",
    "a_raise_pays_its_arrears_once": "调整补发一次,人人有依据",
    "a_returned_pension_is_paid_again_once": "退汇的养老金更正账户后再付,只付一次",
    "a_stable_job_refund_is_computed_from_what_was_paid": "稳岗返还按实缴计算,三级审签,一年一次",
    "replaying_every_message_changes_nothing": "重放全部报文,账务不变",
    "plans_cover_payments": "每月用款计划 ≥ 当月支付",
}
"""The sentence of each proof, by its name."""
_ROOMY = 92
"""Columns of a terminal that has room for thousands apart."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run."""

    units: int
    persons: int
    funds: dict[str, dict[str, int]]
    names: dict[str, str]
    proofs: Sequence[Proof]
    seconds: dict[str, float]

    @property
    def ok(self) -> bool:
        """Return whether every proof holds."""
        return all(proof.ok for proof in self.proofs)

    def total_fen(self, column: str) -> int:
        """Return a column over all funds."""
        return sum(row[column] for row in self.funds.values())


def fund_rows(state: State) -> dict[str, dict[str, int]]:
    """Fund → column → fen, for the funds that something happened in."""
    rows = {}
    for fund, accounts in state.funds.items():
        totals = state.collected["funds"].get(fund, {})
        paid = state.paid["funds"].get(fund, {})
        row = {
            "declared": parse_yuan(totals.get("declared", "0.00")),
            "collected": parse_yuan(totals.get("collected", "0.00")),
            "income_account": accounts.get("income_deposit", 0),
            "treasury": accounts.get("treasury_deposit", 0),
            "fiscal_account": accounts.get("fiscal_deposit", 0),
            "expenditure_account": accounts.get("expenditure_deposit", 0),
            "paid": parse_yuan(paid.get("paid", "0.00")) - parse_yuan(paid.get("returned", "0.00")),
            "balance": sum(accounts.get(key, 0) for key in DEPOSITS),
        }
        if any(row.values()):
            rows[fund] = row
    return rows


def as_json(report: Report) -> str:
    """Return the object of `--json`: money as strings in yuan, seconds as numbers."""
    body: dict[str, Any] = {
        "units": report.units,
        "persons": report.persons,
        "declared": format_yuan(report.total_fen("declared")),
        "collected": format_yuan(report.total_fen("collected")),
        "paid": format_yuan(report.total_fen("paid")),
        "funds": {
            fund: {column: format_yuan(fen) for column, fen in row.items()}
            for fund, row in report.funds.items()
        },
        "proofs": [
            {"name": proof.name, "ok": proof.ok, "detail": proof.detail} for proof in report.proofs
        ],
        "seconds": {step: round(spent, 2) for step, spent in report.seconds.items()},
    }
    return json.dumps(body, ensure_ascii=False)


def show(report: Report, console: Console) -> None:
    """Print the table per fund, then the proofs."""
    console.print(_fund_table(report, _grouped if console.width >= _ROOMY else format_yuan))
    for proof in report.proofs:
        mark = "[green]✔[/green]" if proof.ok else "[red]✘[/red]"
        console.print(f"{mark} {PROOFS[proof.name]} · {proof.name.replace('_', ' ')}")
        console.print(f"  {proof.detail}", style="dim", markup=False)
    spent = sum(report.seconds.values())
    console.print(
        f"{report.units} 单位 units, {report.persons} 参保人 people, {spent:.1f} s: "
        + ("全部验证通过 all proofs hold" if report.ok else "[red]验证未通过 a proof fails[/red]")
    )


def _fund_table(report: Report, write: Callable[[int], str]) -> Table:
    """Funds side by side: narrow enough for a terminal of eighty columns."""
    table = Table(
        title="各险种基金收支(元) · The funds, in yuan",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("")
    for fund in report.funds:
        table.add_column(f"{report.names[fund]}\n{fund}", justify="right", overflow="fold")
    table.add_column("合计\ntotal", justify="right", style="bold")
    for column, chinese, english in _COLUMNS:
        cells = [write(row[column]) for row in report.funds.values()]
        table.add_row(f"{chinese}\n[dim]{english}[/dim]", *cells, write(report.total_fen(column)))
    return table


def _grouped(amount_fen: int) -> str:
    """Yuan with thousands apart: 1,234.56."""
    whole, _, part = format_yuan(amount_fen).partition(".")
    return f"{int(whole):,}.{part}" if whole != "-0" else f"-0.{part}"
