"""Progress and time: bars for people, plain lines for pipes, seconds per step for the report."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

TITLES = {
    "install": "启动数据库与服务 · Start the database and the services",
    "register": "登记单位与参保人 · Register units and people",
    "declare": "单位申报 · Units declare",
    "accept": "分中心受理 · Districts accept",
    "review": "分中心复核 · Districts review",
    "summarise": "分中心汇总 · Districts send summaries",
    "audit": "市中心审核 · The centre audits",
    "bill": "开具缴费通知单 · Bills go out",
    "debit": "银行托收 · The bank debits",
    "tax": "税务征收 · The tax bureau pushes",
    "book": "记账送达 · The outbox drains",
    "bounce": "银行退回一笔扣款 · The bank returns a debit",
    "move": "误记的税款改入 · Move a wrong payer's money",
    "refund": "退费被银行退回 · The bank sends a refund back",
    "lower": "更正部分缴费的月份 · Lower a part-paid month",
    "repay": "更正账户后再付 · Pay a refused pension again",
    "death": "补报死亡 · A death is known late",
    "raise": "调整养老金并补发 · Raise pensions, with arrears",
    "recover": "追回多发 · Recover an overpaid month",
    "send_back": "退汇后再付 · A returned pension is paid again",
    "stable": "稳岗返还 · Refund a unit that kept its staff",
    "early": "月结(过早,应被拒)· Close too early: refused",
    "inquire": "查询状态不明的扣款 · Ask about debits of unknown state",
    "retry": "再次扣款 · Debit again what was refused or returned",
    "owners": "暂收款找到主人 · Find the owners of suspense",
    "compare": "与税务比对 · Compare with the tax bureau",
    "differences": "处理对账差异 · Work through the differences",
    "identify": "认领到账 · Identify strangers' money",
    "settle": "归集财政专户 · Sweep to the fiscal account",
    "claim": "待遇申请 · Pensions, hospitals, maternity",
    "sign": "三级审批 · Three signatures",
    "pay": "拨付与银行回执 · Payment batches and the bank",
    "reconcile": "对账 · Reconcile with bank and treasury",
    "close": "日结、月结 · Close the day and the month",
    "prove": "验证 · Proofs",
    "replay": "重放全部报文 · Replay every message",
}
"""Step → what people read."""


@dataclass(slots=True)
class Bar:
    """One step under way. `advance` counts one thing done; `note` says something about it."""

    progress: Progress | None
    task: int
    done: int = 0
    notes: list[str] = field(default_factory=list)

    def advance(self) -> None:
        """Count one more as done."""
        self.done += 1
        if self.progress is not None:
            self.progress.advance(self.task)  # type: ignore[arg-type]

    def note(self, text: str) -> None:
        """Report a fact to the viewer."""
        self.notes.append(text)


class Stage:
    """Shows steps as they happen, on stderr; keeps their seconds."""

    def __init__(self) -> None:
        self.console = Console(file=sys.stderr, soft_wrap=True)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, total: int | None = None, period: str = "") -> Iterator[Bar]:
        """Begin a step of a period, with `total` things to do when that is known."""
        began = time.monotonic()
        title = f"{period} {TITLES[name]}".strip()
        if self.console.is_terminal:
            with self._bars() as progress:
                yield (bar := Bar(progress, progress.add_task(title, total=total)))
                progress.update(bar.task, total=bar.done or 1, completed=bar.done or 1)  # type: ignore[arg-type]
        else:
            self._line(f"begin {name} {period}".strip())
            bar = Bar(None, 0)
            yield bar
        spent = time.monotonic() - began
        self.seconds[name] = self.seconds.get(name, 0.0) + spent
        if not self.console.is_terminal:
            self._line(f"end {name} {period}".strip() + f" {spent:.2f}s {bar.done}")
        for note in bar.notes:
            self._line(f"  {note}")

    def _bars(self) -> Progress:
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
        )

    def _line(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False)
