"""Shapes of funding plans, as JSON and as the request to finance that is printed (请款单)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.payout.common.schemas import Note
from services.payout.funding.domain.plan import FundingPlan, FundingPlanStatus, PlanPart
from services.payout.funding.flows import FundingRequest
from shared.cn.capital import capital
from shared.fund import INSURANCE_NAMES
from shared.money import format_yuan
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, YuanOut
from shared.web.html import Html, page, row, tag


class FundingPlanIn(In):
    """A plan of a fund and month; the claims and amounts follow from what is approved."""

    fund: Code = Field(examples=["pension"])
    month: PeriodField = Field(description="用款月份 (the month in which it is spent)")
    note: Note = Field("", description="说明 (what finance should know)")


class FundingPlanApprovalIn(In):
    """An empty body."""


class FundingPlanRefusalIn(In):
    """The reason for refusing a plan."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class FundingPlanOut(Out):
    """A funding plan. Once approved it is the request to finance; settlements name its `id`."""

    id: str = Field(examples=[Reference.FUNDING_PLAN.example])
    fund: str
    month: PeriodField
    number: int = Field(description="1 为当月计划,其后为追加 (1, then supplementary plans)")
    status: FundingPlanStatus
    claims: int
    total: YuanOut
    note: str
    warnings: list[str] = Field(description="超预算提示 (accounts beyond their budget)")
    proposed_by: str
    proposed_on: date
    decided_by: str | None
    decided_on: date | None

    @classmethod
    def of(cls, plan: FundingPlan) -> FundingPlanOut:
        """Build it from a plan."""
        return cls(
            id=plan.ref.text(Reference.FUNDING_PLAN),
            fund=plan.fund,
            month=plan.month,
            number=plan.number,
            status=plan.status,
            claims=plan.claims,
            total=plan.total_fen,
            note=plan.note,
            warnings=list(plan.warnings),
            proposed_by=plan.proposed_by,
            proposed_on=plan.proposed_on,
            decided_by=plan.decided_by,
            decided_on=plan.decided_on,
        )


class PlanPartOut(Out):
    """One claim of a plan."""

    number: int
    claim: str
    kind: str
    district: str
    period: PeriodField
    account: str = Field(description="支出科目 (benefit account)")
    lines: int
    amount: YuanOut

    @classmethod
    def of(cls, part: PlanPart) -> PlanPartOut:
        """Build it from a part."""
        return cls(
            number=part.part_no,
            claim=part.claim.text(Reference.CLAIM),
            kind=part.kind,
            district=part.district,
            period=part.period,
            account=part.account,
            lines=part.lines,
            amount=part.amount_fen,
        )


def request_page(found: FundingRequest) -> str:
    """Write the request to finance: sums by benefit, then its list by claim."""
    plan = found.plan
    name = INSURANCE_NAMES.get(plan.fund, plan.fund)
    kind = "追加" if plan.is_supplementary else ""
    title = f"社会保险基金{kind}用款申请单"
    state = {
        FundingPlanStatus.PROPOSED: "(待批,不作请款依据)",
        FundingPlanStatus.REFUSED: "(未获批准)",
    }.get(plan.status, "")
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for part in found.parts:
        lines, fen = sums.get((part.kind, part.account), (0, 0))
        sums[part.kind, part.account] = (lines + part.lines, fen + part.amount_fen)
    totals = [
        row("td", found.names.get(of, of), account, str(lines), format_yuan(fen), money_from=2)
        for (of, account), (lines, fen) in sorted(sums.items())
    ]
    total_lines = sum(lines for lines, _ in sums.values())
    total = format_yuan(plan.total_fen)
    totals.append(row("td", "合计", "", str(total_lines), total, money_from=2, of="total"))
    facts = f"{name}基金 · {plan.month} · 第 {plan.number} 次 · 单位:元{state}"
    return page(
        title,
        tag("h1", title),
        tag("p", plan.ref.text(Reference.FUNDING_PLAN), of="number"),
        tag("p", facts),
        _table(("待遇项目", "支出科目", "笔数", "金额"), totals),
        tag("p", f"请由财政专户拨入支出户:{capital(plan.total_fen)}。{plan.note}", of="said"),
        tag("h2", "明细"),
        _table(
            ("序号", "申请单", "待遇项目", "分中心", "所属期", "笔数", "金额"),
            [_part(part, found) for part in found.parts],
        ),
        tag("div", tag("span", "编制:"), tag("span", "批准:"), tag("span", "财政:"), of="signed"),
    )


def _part(part: PlanPart, found: FundingRequest) -> Html:
    return row(
        "td",
        str(part.part_no),
        part.claim.text(Reference.CLAIM),
        found.names.get(part.kind, part.kind),
        part.district,
        str(part.period),
        str(part.lines),
        format_yuan(part.amount_fen),
        money_from=5,
    )


def _table(heads: tuple[str, ...], rows: list[Html]) -> Html:
    return tag("table", tag("thead", row("th", *heads)), tag("tbody", *rows))
