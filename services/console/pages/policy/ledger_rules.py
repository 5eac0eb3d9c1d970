"""Rules of the ledger: retirees' top-ups, and corrections of any rule by two people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import names
from services.console.page import Area
from services.console.pages.policy.rule_row import FROM_TO, in_words
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, Field, Money, Note, Number, today
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
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
        *FROM_TO,
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
                Day(member="in_force_from", title=("自", "From"), is_needed=True, start=today),
                Day(member="in_force_to", title=("至", "To")),
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
                Column("before", ("原", "Before"), of=lambda row: in_words(row["before"])),
                Column("after", ("改为", "After"), of=lambda row: in_words(row["after"])),
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

PAGES: Final = (INJECTIONS, CORRECTIONS, CORRECTION)
