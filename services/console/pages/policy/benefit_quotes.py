"""The calculator of benefits: pension, unemployment, maternity, hospital and others, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nicegui import ui

from services.console import codes
from services.console.page import Area, FreePage, View, link
from services.console.widgets import text
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, Field, Money, Month, Number, Yes, today
from services.console.widgets.form import build_calculator
from services.console.widgets.table import table_panel
from services.console.widgets.tile import tile
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, t, tell
from shared.roles import Right

DOOR: Final = "payout:/v1/benefit-quotes"
_DAY: Final = Day(member="on", title=("按此日标准", "By the rows of"), is_needed=True, start=today)
RETIREMENTS: Final[Mapping[str, Text]] = {
    "men": ("男职工", "Men"),
    "women_55": ("原55周岁退休的女职工", "Women, 55 before"),
    "women_50": ("原50周岁退休的女职工", "Women, 50 before"),
}
BIRTHS: Final[Mapping[str, Text]] = {
    "birth": ("生育", "Birth"),
    "early_miscarriage": ("怀孕未满4个月流产", "Miscarriage before four months"),
    "late_miscarriage": ("怀孕满4个月流产", "Miscarriage after four months"),
}
LEVELS: Final[Mapping[str, Text]] = {
    "1": ("一级医院", "Level 1"),
    "2": ("二级医院", "Level 2"),
    "3": ("三级医院", "Level 3"),
}
SIZES: Final[Mapping[str, Text]] = {
    "large": ("大型企业", "Large"),
    "other": ("中小微企业和参照执行的单位", "Others"),
}
GRADES: Final[Mapping[str, Text]] = {
    str(grade): (f"{name}级", f"Grade {grade}")
    for grade, name in enumerate("一二三四五六七八九十", start=1)
}
_PAID: Final = Number(
    member="paid_months",
    title=("累计缴费月数(含视同缴费)", "Months paid, with deemed ones"),
    is_needed=True,
)
_DEEMED: Final = Number(member="deemed_months", title=("其中视同缴费月数", "Of them deemed"))
_AGE: Final = Number(
    member="age_months", title=("退休时年龄(月)", "Age at retirement, months"), is_needed=True
)
_INDEX: Final = Field(
    member="average_index", title=("平均缴费指数", "Average contribution index"), is_needed=True
)
_BALANCE: Final = Money(
    member="account_balance", title=("个人账户储存额", "Balance of the account"), is_needed=True
)


@dataclass(frozen=True, slots=True)
class Quote:
    """A kind of quote: its name and what it asks for."""

    title: Text
    fields: Sequence[Field]


QUOTES: Final[Mapping[str, Quote]] = {
    "pension": Quote(
        ("基本养老金", "Basic pension"),
        (
            Month(member="retirement_month", title=("退休月", "Retires in"), is_needed=True),
            _AGE,
            _PAID,
            _DEEMED,
            Number(
                member="before_account_months",
                title=("建账户前缴费月数", "Months before the account"),
            ),
            Number(member="early_months", title=("提前退休月数", "Months of early retirement")),
            _INDEX,
            _BALANCE,
            Money(
                member="estimated_account",
                title=("视同账户或推算储存额", "Estimated account of earlier years"),
            ),
        ),
    ),
    "retirement": Quote(
        ("法定退休时间", "Month of retirement"),
        (
            Choice(
                member="category",
                title=("职工类别", "Category"),
                choices=RETIREMENTS,
                is_needed=True,
            ),
            Month(member="birth_month", title=("出生月", "Born in"), is_needed=True),
            Month(member="chosen_month", title=("弹性选择的退休月", "Month chosen")),
        ),
    ),
    "unemployment": Quote(
        ("失业保险金", "Unemployment benefit"),
        (
            Number(member="paid_months", title=("累计缴费月数", "Months paid"), is_needed=True),
            Number(member="used_months", title=("其中已领过待遇的月数", "Months drawn before")),
        ),
    ),
    "maternity": Quote(
        ("生育津贴", "Maternity allowance"),
        (
            Money(
                member="average_wage",
                title=("单位上年度职工月平均工资", "The unit's average wage of last year"),
                is_needed=True,
            ),
            Choice(
                member="event",
                title=("生育情形", "Event"),
                choices=BIRTHS,
                start="birth",
                is_needed=True,
            ),
            Number(member="children", title=("婴儿数", "Children"), start="1"),
            Yes(member="difficult", title=("难产", "Difficult birth")),
        ),
    ),
    "hospital": Quote(
        ("住院医疗费", "Hospital stay"),
        (
            Choice(member="level", title=("医院级别", "Hospital"), choices=LEVELS, is_needed=True),
            Money(member="total", title=("住院总费用", "Total cost"), is_needed=True),
            Money(member="own", title=("目录外自费", "Outside the catalogue")),
            Money(member="first", title=("乙类等先行自付", "Paid first by the person")),
            Number(
                member="admission", title=("本年第几次住院", "Admission of the year"), start="1"
            ),
            Money(
                member="year_cost",
                title=("本年此前政策范围内费用", "Eligible costs earlier this year"),
            ),
            Money(member="pool_paid", title=("本年统筹基金已付", "Paid by the pool this year")),
            Money(
                member="large_paid",
                title=("本年大额补助已付", "Paid for large sums this year"),
            ),
            Yes(member="retired", title=("退休人员", "Retired")),
        ),
    ),
    "sickness": Quote(
        ("病残津贴", "Sickness and disability allowance"),
        (
            Month(member="month", title=("申领月", "Claimed in"), is_needed=True),
            Month(
                member="statutory_month", title=("法定退休月", "Statutory month"), is_needed=True
            ),
            _AGE,
            _PAID,
            _DEEMED,
            _INDEX,
            _BALANCE,
        ),
    ),
    "injury": Quote(
        ("工伤伤残待遇", "Work injury"),
        (
            Choice(member="grade", title=("伤残等级", "Grade"), choices=GRADES, is_needed=True),
            Money(
                member="wage",
                title=("本人工资(受伤前12个月月均)", "Own wage, 12 months before"),
                is_needed=True,
            ),
            Yes(member="leaves", title=("终止劳动关系", "The contract ends")),
        ),
    ),
    "injury_death": Quote(
        ("因工死亡待遇", "Death at work"),
        (
            Money(member="wage", title=("本人工资", "Own wage"), is_needed=True),
            Yes(member="spouse", title=("有配偶", "A spouse")),
            Yes(member="spouse_alone", title=("配偶为孤寡老人", "The spouse is alone")),
            Number(member="others", title=("其他供养亲属人数", "Other dependants")),
            Number(member="others_alone", title=("其中孤寡老人或孤儿", "Of them alone")),
        ),
    ),
    "death": Quote(
        ("丧葬补助金和抚恤金", "Funeral and death grant"),
        (
            _PAID,
            Number(
                member="drawn_months",
                title=("已领养老金月数(在职不填)", "Months drawn; empty if insured"),
            ),
        ),
    ),
    "stable_job": Quote(
        ("稳岗返还", "Stable-job refund"),
        (
            Choice(member="size", title=("单位规模", "Size"), choices=SIZES, is_needed=True),
            Money(
                member="contributions",
                title=("上年度实缴失业保险费", "Unemployment contributions of last year"),
                is_needed=True,
            ),
            Number(member="paid_months", title=("累计缴费月数", "Months paid"), is_needed=True),
            Number(member="heads_before", title=("年初参保人数", "Heads before"), is_needed=True),
            Number(member="heads_after", title=("年末参保人数", "Heads after"), is_needed=True),
            Number(member="natural_heads", title=("自然减员人数", "Retired or died")),
            Number(member="drawing_heads", title=("领取失业金人数", "Drawing benefit")),
            Number(member="head_months", title=("各月参保人数之和", "Heads of all months")),
            Yes(member="disqualified", title=("严重失信或僵尸企业", "Disqualified")),
        ),
    ),
}
_CONDITIONS: Final = (
    Column("name", ("条件", "Condition")),
    Column("required", ("要求", "Required")),
    Column("given", ("实际", "Given")),
    Column("met", ("符合", "Met"), Kind.YES),
)
_LINES: Final = (
    Column("name", ("项目", "Part")),
    Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
    Column("monthly", ("按月", "Monthly"), Kind.YES),
    Column("months", ("月数", "Months"), Kind.NUMBER),
)
_STEPS: Final = (
    Column("name", ("步骤", "Step")),
    Column("formula", ("算式", "Formula")),
    Column("result", ("结果", "Result"), Kind.FIGURE),
    Column("cited", ("依据", "Source")),
)
_FACTS: Final = (
    Column("name", ("事项", "Fact")),
    Column("value", ("值", "Value"), Kind.FIGURE),
)


async def show(view: View) -> None:
    """Show the choice of benefits, the form of one, and its answer below."""
    kind = view.query.get("kind", "pension")
    kind = kind if kind in QUOTES else "pension"
    page_title(t("待遇试算", "Benefit calculator"))
    about(
        t(
            "按所填情况和当日标准试算,逐步列出算式与依据;只试算,不保存。",
            "By what is filled in and the rows of the day, step by step; nothing is stored.",
        )
    )
    with ui.row().classes("wx-choices").props("role=navigation"):
        for code, quote in QUOTES.items():
            chosen = " wx-choice-on" if code == kind else ""
            ui.link(tell(quote.title), link("/quote-benefit", kind=code)).classes(
                f"wx-choice{chosen}"
            )

    def body(typed: Mapping[str, Any]) -> Mapping[str, Any]:
        benefit = {name: value for name, value in typed.items() if name != "on"}
        if "grade" in benefit:
            benefit["grade"] = int(benefit["grade"])
        return {"on": typed["on"], "benefit": {"kind": kind, **benefit}}

    fields = (_DAY, *QUOTES[kind].fields)
    await build_calculator(view, fields, DOOR, lambda found, _: show_quote(found), body)


def show_quote(found: Mapping[str, Any]) -> None:
    """Show a quote: whether it is due, its amounts, how they came about, and the rows used."""
    rows = {row["id"]: row for row in (*found["rows"], *found["last_known"])}
    with ui.element("div").classes("wx-tiles"):
        due = t("可以享受", "Due") if found["eligible"] else t("不符合条件", "Not due")
        tile(t("结论", "Result"), due, found["on"], None, is_on=found["eligible"])
        if found["lines"]:
            tile(t("合计", "Total"), text.money(found["total"]), t("元", "yuan"), None)
    if not found["confirmed"]:
        about(
            t(
                "用到的标准中有待核实的行〔待核〕,结果仅供参考。",
                "Some rows used must still be confirmed; take the result as a guide.",
            )
        )
    parts = (
        (t("条件", "Conditions"), _CONDITIONS, found["conditions"]),
        (t("待遇", "Benefits"), _LINES, found["lines"]),
        (t("事项", "Facts"), _FACTS, found["facts"]),
        (
            t("怎样算出", "How it came about"),
            _STEPS,
            [{**step, "cited": _cited(step, rows)} for step in found["steps"]],
        ),
    )
    for title, columns, shown in parts:
        if shown:
            heading(title)
            table_panel(columns, shown)
    if rows:
        heading(t("所用标准", "Rows used"))
        table_panel(ROWS_USED, list(rows.values()))


ROWS_USED: Final = (
    Column("title", ("标准", "Row"), link="/formula-rows/{id}"),
    Column("place", ("地区", "Place"), names=codes.REGIONS),
    Column("in_force_from", ("自", "From"), Kind.DAY),
    Column("in_force_to", ("至", "To"), Kind.DAY),
    Column("certain", ("已核实", "Confirmed"), Kind.YES),
    Column("source", ("依据", "Source")),
)


def _cited(step: Mapping[str, Any], rows: Mapping[str, Any]) -> str:
    used = [rows[one] for one in step["rows"] if one in rows]
    return t(";", "; ").join(row["title"] + ("" if row["certain"] else "〔待核〕") for row in used)


PAGES: Final = (
    FreePage(
        path="/quote-benefit",
        title=("待遇试算", "Benefit calculator"),
        area=Area.POLICY,
        order=26,
        rights=(Right.READ_PAYOUT,),
        show=show,
    ),
)
