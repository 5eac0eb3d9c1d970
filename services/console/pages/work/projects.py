"""Construction projects (工程项目参保): register, declare on the contract sum, certify payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console.page import Area, FreePage, View
from services.console.pages.policy.contribution_quotes import SUMS, show_lines, show_totals, sums_of
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Day, District, Field, Money, today
from services.console.widgets.form import build_calculator
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.widgets.table import table_panel
from services.console.widgets.title import about, heading, page_title
from services.console.words import t
from shared.roles import Right

_DOOR: Final = "collection:/v1/projects/{project}"
_CONTRACT: Final = (
    Money(member="contract_sum", title=("合同造价", "Contract sum"), is_needed=True),
    Day(member="signed_on", title=("签订日", "Signed on"), is_needed=True),
    Field(member="source_paper", title=("合同文书", "Contract"), is_needed=True),
)
_UNIT: Final = Column(
    "credit_code", ("施工单位", "Builder"), Kind.CODE, link="/units/{credit_code}"
)
_PROJECT: Final = (
    Column("number", ("项目编号", "Number"), Kind.CODE),
    Column("name", ("项目名称", "Name")),
    _UNIT,
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("starts_on", ("开工", "Begins"), Kind.DAY),
    Column("ends_on", ("竣工", "Ends"), Kind.DAY),
    Column("period", ("费款所属期", "Month")),
    Column("contract_sum", ("合同造价(元)", "Contract sum, yuan"), Kind.MONEY),
)

REGISTER: Final = Action(
    title=("登记项目", "Register a project"),
    door="collection:/v1/projects",
    right=Right.REGISTER,
    fields=(
        Field(
            member="credit_code",
            title=("施工单位统一社会信用代码", "Credit code of the builder"),
            is_needed=True,
        ),
        Field(member="number", title=("施工许可或项目编号", "Project's number"), is_needed=True),
        Field(member="name", title=("项目名称", "Name"), is_needed=True),
        *_CONTRACT,
        Day(member="starts_on", title=("开工", "Begins"), is_needed=True),
        Day(member="ends_on", title=("竣工", "Ends"), is_needed=True),
    ),
    confirm=(
        "登记一个项目;按合同造价在开工当月一次缴纳工伤保险费。",
        "Register one project; work-injury contributions are paid once, on the contract sum.",
    ),
    done=("已登记", "Registered"),
    after=lambda answer: f"/projects/{answer['id']}",
)
DECLARE: Final = Action(
    title=("申报", "Declare"),
    door=f"{_DOOR}/declarations",
    right=Right.SUBMIT_DECLARATION,
    confirm=(
        "申报 {name}:合同造价 {contract_sum} 元,所属期 {period}。",
        "Declare {name}: contract sum {contract_sum} yuan, month {period}.",
    ),
    done=("已申报", "Declared"),
    after=lambda answer: f"/declarations/{answer['id']}",
)
CHANGE: Final = Action(
    title=("变更合同造价", "Change the contract sum"),
    door=f"{_DOOR}/contracts",
    right=Right.REGISTER,
    fields=_CONTRACT,
    confirm=(
        "现合同造价 {contract_sum} 元;变更后再申报一次,只补收或冲减差额。",
        "The contract sum is {contract_sum} yuan. Declare again after the change: only the difference"
        " is billed or credited.",
    ),
    done=("已变更", "Changed"),
)
CERTIFY: Final = Action(
    title=("出具参保证明", "Certify"),
    door=f"{_DOOR}/certificates",
    right=Right.ISSUE_CERTIFICATE,
    fields=(Day(member="as_of", title=("截至", "As of"), is_needed=True, start=today),),
    confirm=(
        "为 {name} 出具一份参保证明,合同造价 {contract_sum} 元。",
        "Issue one certificate for {name}, contract sum {contract_sum} yuan.",
    ),
    done=("已出具", "Issued"),
    after=lambda answer: f"/project-certificates/{answer['id']}",
)
LIST: Final = ListPage(
    path="/projects",
    title=("工程项目参保", "Construction projects"),
    area=Area.WORK,
    order=45,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/projects",
    about=(
        "施工单位按合同造价在开工前一次缴纳工伤保险费,不报名单。",
        "A builder pays work-injury contributions once, on the contract sum; no people are listed.",
    ),
    filters=(
        Field(member="credit_code", title=("统一社会信用代码", "Credit code")),
        District(),
    ),
    columns=(Column("id", ("项目", "Project"), Kind.CODE, link="/projects/{id}"), *_PROJECT),
    actions=(REGISTER,),
)
PAPER: Final = PaperPage(
    path="/projects/{project}",
    title=("工程项目", "Construction project"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door=_DOOR,
    trail=f"{_DOOR}/trail",
    status=None,
    fields=(Column("id", ("项目", "Project"), Kind.CODE), *_PROJECT),
    parts=(
        Part(
            title=("申报与缴费", "Declarations and bills"),
            member="papers",
            columns=(
                Column(
                    "declaration",
                    ("申报", "Declaration"),
                    Kind.CODE,
                    link="/declarations/{declaration}",
                ),
                Column("contract_version", ("造价版本", "Contract version"), Kind.NUMBER),
                Column("total", ("应缴(元)", "Due, yuan"), Kind.MONEY),
                Column("bill", ("通知单号", "Bill"), Kind.CODE, link="/bills/{bill}"),
                Column("status", ("状态", "Status"), Kind.STATUS),
            ),
        ),
        Part(
            title=("合同造价", "Contract sums"),
            member="contracts",
            columns=(
                Column("version", ("版本", "Version"), Kind.NUMBER),
                Column("contract_sum", ("合同造价(元)", "Contract sum, yuan"), Kind.MONEY),
                Column("signed_on", ("签订日", "Signed on"), Kind.DAY),
                Column("source_paper", ("合同文书", "Contract")),
            ),
        ),
    ),
    actions=(DECLARE, CHANGE, CERTIFY),
)
CERTIFICATE: Final = PaperPage(
    path="/project-certificates/{certificate}",
    title=("建设项目参保证明", "Project certificate"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/project-certificates/{certificate}",
    status=None,
    fields=(
        Column("number", ("证明号", "Certificate"), Kind.CODE),
        Column("project", ("项目", "Project"), Kind.CODE, link="/projects/{project}"),
        _UNIT,
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("as_of", ("截至", "As of"), Kind.DAY),
        Column("contract_sum", ("合同造价(元)", "Contract sum, yuan"), Kind.MONEY),
        Column("paid", ("已缴(元)", "Paid, yuan"), Kind.MONEY),
        Column("issued_by", ("出具", "Issued by")),
        Column("issued_at", ("出具时间", "Issued at"), Kind.TIME),
    ),
)


async def show_quote(view: View) -> None:
    """Show the calculator of a project's contributions."""
    page_title(t("工程项目试算", "A project's contributions"))
    about(
        t(
            "按开工当月的政策;只试算,不保存。",
            "By the policy of its first month; nothing is stored.",
        )
    )
    fields = (
        Day(member="starts_on", title=("开工", "Begins"), is_needed=True, start=today),
        Money(member="contract_sum", title=("合同造价", "Contract sum"), is_needed=True),
    )
    await build_calculator(view, fields, "collection:/v1/project-quotes", _show_quote)


def _show_quote(quote: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    show_totals(quote)
    table_panel(SUMS, sums_of(quote["lines"]))
    heading(t("怎样算出", "How it came about"))
    show_lines(quote, quote["lines"])


PAGES: Final = (
    LIST,
    PAPER,
    CERTIFICATE,
    FreePage(
        path="/quote-project",
        title=("工程项目试算", "A project's contributions"),
        area=Area.POLICY,
        order=26,
        rights=(Right.QUOTE,),
        show=show_quote,
    ),
)
