"""Dated rows of the ledger and of payout: retirees' top-ups, thresholds, rules; what is to be confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from services.console import codes, names
from services.console.page import Area, FreePage, View, link
from services.console.pages.work.flags import two_decisions
from services.console.widgets import text
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.field import Choice, Field, Money, Note, Number, today
from services.console.widgets.field import Day as DayField
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.widgets.rules import RulesPage
from services.console.widgets.table import table
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, t
from shared.money import format_yuan
from shared.roles import Right

STANDINGS: Final[Mapping[str, Text]] = {
    "ordinary": ("退休人员", "Retiree"),
    "founding": ("建国前老工人", "Worker of before 1949"),
}
CERTAINTIES: Final[Mapping[str, Text]] = {
    "confirmed": ("已核实", "Confirmed"),
    "S": ("〔待核〕有出处", "To be confirmed; a source is known"),
    "P": ("〔待核〕有出处", "To be confirmed; a source is known"),
    "G": ("〔待核〕通行做法", "To be confirmed; common practice"),
}
CHOICES: Final[Mapping[str, Text]] = {
    code: name for code, name in CERTAINTIES.items() if code != "P"
}
TOPICS: Final[Mapping[str, Text]] = {
    "reason": ("变更事由", "Reasons"),
    "holder": ("代收款人", "Holders of accounts"),
    "account_hold": ("账户变更观察期", "Hold of a changed account"),
    "life_proof": ("资格认证周期", "Cycle of life proofs"),
    "deduction": ("抵扣追回", "Deductions"),
    "early_run": ("提前发放", "Early runs"),
    "pay_day": ("发放日", "Pay day"),
    "qualification": ("退休核查", "Retirement checks"),
    "posting": ("公示天数", "Days of posting"),
    "over_budget": ("超预算", "Beyond the budget"),
}
_FROM_TO: Final = (
    Column("in_force_from", ("自", "From"), Kind.DAY),
    Column("in_force_to", ("至", "To"), Kind.DAY),
)


def _yearly(row: Mapping[str, Any]) -> str:
    return format_yuan(int(row["yearly_fen"]))


def _injection(body: Mapping[str, Any]) -> Mapping[str, Any]:
    rest = {name: value for name, value in body.items() if name != "why"}
    return {"why": body["why"], "injection_rules": [rest]}


INJECTIONS: Final = ListPage(
    path="/retirees-top-ups",
    title=("退休人员划入标准", "Retirees' top-ups"),
    area=Area.POLICY,
    order=80,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/rules/personal_injection_rule",
    is_paged=False,
    about=(
        "按年龄和身份每月划入医保个人账户;订正由两人办理,在规则订正中核准。",
        "Paid into medical accounts month by month by age and standing; two people correct a row.",
    ),
    columns=(
        Column("fund", ("基金", "Fund"), Kind.FUND),
        Column("standing", ("身份", "Standing"), names=STANDINGS),
        Column("age_from", ("年龄自", "Age from"), Kind.NUMBER),
        Column("age_to", ("年龄至", "Age to"), Kind.NUMBER),
        Column("yearly_fen", ("每年(元)", "A year, yuan"), Kind.MONEY, of=_yearly),
        *_FROM_TO,
        Column("certainty", ("依据状态", "Certainty"), names=CERTAINTIES),
        Column("source", ("依据", "Source")),
    ),
    actions=(
        Action(
            title=("提出订正", "Propose a row"),
            door="ledger:/v1/corrections",
            right=Right.PROPOSE_CORRECTION,
            fields=(
                Choice(
                    member="fund",
                    title=("基金", "Fund"),
                    choices={"medical": names.FUNDS["medical"]},
                    start="medical",
                    is_needed=True,
                ),
                Choice(
                    member="standing",
                    title=("身份", "Standing"),
                    choices=STANDINGS,
                    start="ordinary",
                ),
                Number(member="age_from", title=("年龄自", "Age from"), is_needed=True),
                Number(member="age_to", title=("年龄至", "Age to")),
                Money(member="yearly", title=("每年", "A year"), is_needed=True),
                DayField(member="in_force_from", title=("自", "From"), is_needed=True, start=today),
                DayField(member="in_force_to", title=("至", "To")),
                Choice(member="certainty", title=("依据状态", "Certainty"), choices=CHOICES),
                Field(member="source", title=("依据", "Source"), is_needed=True),
                Note(member="why", title=("理由", "Reason"), is_needed=True),
            ),
            send=_injection,
            confirm=(
                "提出后由另一人核准;核准前不变。",
                "Another person approves it; nothing changes before.",
            ),
            done=("已提出", "Proposed"),
            after=lambda answer: f"/ledger-corrections/{answer['id']}",
        ),
    ),
)
TABLES: Final[Mapping[str, Text]] = {
    "fund": ("基金", "Funds"),
    "chart_account": ("会计科目", "Accounts"),
    "flow_matrix": ("记账分录", "Entries of vouchers"),
    "closing_rule": ("结账检查", "Closing rules"),
    "adjustment_rule": ("调剂金", "Adjustment money"),
    "report_line": ("报表项目", "Lines of statements"),
    "warning_threshold": ("预警阈值", "Warnings"),
    "personal_injection_rule": ("退休人员划入", "Retirees' top-ups"),
}
CORRECTION: Final = PaperPage(
    path="/ledger-corrections/{id}",
    title=("账务规则订正", "Correction of the ledger's rules"),
    area=Area.POLICY,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/corrections/{id}",
    fields=(
        Column("id", ("订正", "Correction"), Kind.CODE),
        Column("why", ("理由", "Reason")),
        Column("proposed_by", ("提出", "Proposed by")),
        Column("approved_by", ("核准", "Approved by")),
        Column("done_at", ("核准时间", "Done at"), Kind.TIME),
    ),
    parts=(
        Part(
            title=("变动的行", "Rows"),
            member="changes",
            columns=(
                Column("table", ("表", "Table"), names=TABLES),
                Column("name", ("行", "Row"), Kind.CODE),
                Column("before", ("原", "Before"), of=lambda row: _row(row["before"])),
                Column("after", ("改为", "After"), of=lambda row: _row(row["after"])),
            ),
        ),
    ),
    actions=(
        Action(
            title=("核准", "Approve"),
            door="ledger:/v1/corrections/{id}/approvals",
            right=Right.APPROVE_CORRECTION,
            when=lambda paper: paper["status"] == "proposed",
            told=lambda paper: {"count": len(paper["changes"])},
            confirm=("核准 {count} 行订正:{why}", "Approve {count} rows: {why}"),
            done=("已核准", "Approved"),
        ),
    ),
)
CORRECTIONS: Final = ListPage(
    path="/ledger-corrections",
    title=("账务规则订正", "Corrections of the ledger's rules"),
    area=Area.POLICY,
    order=84,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/corrections",
    filters=(
        Choice(
            member="status",
            title=("状态", "Status"),
            choices={"proposed": ("待核准", "Proposed"), "done": ("已核准", "Done")},
        ),
    ),
    columns=(
        Column("id", ("订正", "Correction"), Kind.CODE, link="/ledger-corrections/{id}"),
        Column("why", ("理由", "Reason")),
        Column("changes", ("行数", "Rows"), Kind.NUMBER, of=lambda row: len(row["changes"])),
        Column("proposed_by", ("提出", "Proposed by")),
        Column("approved_by", ("核准", "Approved by")),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)
_HIDDEN: Final = frozenset({"id", "recorded_at", "recorded_by"})


def _row(row: Mapping[str, Any] | None) -> str:
    """Return a row of rules as text; money in yuan."""
    if row is None:
        return text.NOTHING
    parts = []
    for name, value in row.items():
        if value is None or name in _HIDDEN:
            continue
        shown = format_yuan(int(value)) if name.endswith("_fen") else value
        parts.append(f"{name.removesuffix('_fen')} {shown}")
    return "; ".join(parts)


def _value(row: Mapping[str, Any]) -> str:
    return _row(row["value"])


RULES: Final = RulesPage(
    path="/entitlement-rules",
    title=("待遇规则", "Rules of entitlements"),
    area=Area.POLICY,
    order=62,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/entitlement-rules",
    fixed={"limit": 500},
    waiting=None,
    waiting_status="proposed",
    filters=(Choice(member="topic", title=("规则", "Topic"), choices=TOPICS),),
    columns=(
        Column("topic", ("规则", "Topic"), names=TOPICS),
        Column("code", ("编号", "Code"), Kind.CODE),
        Column("value", ("内容", "Value"), of=_value),
        Column("in_force_from", ("自", "From"), Kind.DAY),
        Column("source", ("依据", "Source")),
        Column("proposed_by", ("提出", "Proposed by"), names=codes.AUTHORS),
        Column("decided_by", ("批准", "Decided by")),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    decisions=two_decisions(
        "payout:/v1/entitlement-rules/{id}",
        Right.PUBLISH_POLICY,
        ("自 {in_force_from} 起,{source}", "from {in_force_from}, {source}"),
        reason="note",
    ),
)
KINDS: Final = RulesPage(
    path="/benefit-kind-corrections",
    title=("待遇种类更正", "Corrections of benefits"),
    area=Area.POLICY,
    order=52,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/benefit-kind-corrections",
    fixed={"limit": 500},
    waiting=None,
    columns=(
        Column("row.name", ("待遇", "Benefit")),
        Column("row.fund", ("基金", "Fund"), Kind.FUND),
        Column("row.account", ("支出科目", "Account"), names=codes.LEDGER_ACCOUNTS),
        Column("row.signatures", ("审签级数", "Signatures"), Kind.NUMBER),
        Column("row.line_limit", ("每笔限额(元)", "Limit, yuan"), Kind.MONEY),
        Column("row.in_force_from", ("自", "From"), Kind.DAY),
        Column("row.source", ("依据", "Source")),
        Column("reason", ("理由", "Reason")),
        Column("filed_by", ("提出", "Filed by")),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    decisions=two_decisions(
        "payout:/v1/benefit-kind-corrections/{id}",
        Right.APPROVE_CORRECTION,
        ("{row.name},自 {row.in_force_from} 起", "{row.name} from {row.in_force_from}"),
    ),
)
_DOUBTS: Final = (
    Column("title", ("标准", "Row"), address=lambda row: row["address"]),
    Column("place", ("地区", "Place"), names=codes.REGIONS),
    *_FROM_TO,
    Column("source", ("依据", "Source")),
)


async def show_doubts(view: View) -> None:
    """Show every row whose source a person must still confirm, with its page."""
    page_title(t("待核标准", "Rows to confirm"))
    about(
        t(
            "依据未经核实〔待核〕的标准。核对后提出确认,另一人批准后去掉标记。",
            "Rows whose source is not certain. Propose a confirmation; another person approves it.",
        )
    )
    if view.may(Right.READ_PAYOUT):
        found = await attempt(
            view.api, lambda: view.api.get("payout:/v1/formula-rows", status="in_force", limit=500)
        )
        rows = [row for row in (found or {"items": []})["items"] if not row["certain"]]
        _show(
            t("待遇计发参数", "Values of formulas"),
            [{**row, "address": f"/formula-rows/{row['id']}"} for row in rows],
        )
    if view.may(Right.READ_LEDGER):
        await _show_ledger(view)
    if view.may(Right.READ_COLLECTION):
        await _show_policy(view)


async def _show_ledger(view: View) -> None:
    rows = []
    for name in ("personal_injection_rule", "warning_threshold", "adjustment_rule"):
        found = await attempt(view.api, lambda name=name: view.api.get(f"ledger:/v1/rules/{name}"))  # type: ignore[misc]
        page = "/retirees-top-ups" if name == "personal_injection_rule" else "/ledger-corrections"
        rows += [
            {**row, "title": t(*TABLES[name]), "address": page}
            for row in (found or {"items": []})["items"]
            if row.get("certainty", "confirmed") != "confirmed"
        ]
    _show(t("账务规则", "Rules of the ledger"), rows)


async def _show_policy(view: View) -> None:
    day = today()
    found = await attempt(
        view.api, lambda: view.api.get("collection:/v1/policies/in-force", on=day)
    )
    if found is None:
        return
    rows = [
        {
            "title": found["title"],
            "place": found["region"],
            "in_force_from": found["in_force_from"],
            "in_force_to": found["in_force_to"],
            "source": source["text"],
            "address": link(f"/policies/{found['id']}"),
        }
        for source in found["content"]["sources"]
        if not source.get("certain", True)
    ]
    _show(t("征缴政策", "The policy of contributions"), rows)


def _show(title: str, rows: list[dict[str, Any]]) -> None:
    heading(f"{title} · {len(rows):,}")
    with ui.element("div").classes("wx-panel w-full"):
        table(_DOUBTS, rows)


PAGES: Final = (
    INJECTIONS,
    CORRECTIONS,
    CORRECTION,
    RULES,
    KINDS,
    FreePage(
        path="/rows-to-confirm",
        title=("待核标准", "Rows to confirm"),
        area=Area.POLICY,
        order=64,
        show=show_doubts,
        rights=(Right.READ_PAYOUT, Right.READ_LEDGER, Right.READ_COLLECTION),
    ),
)
