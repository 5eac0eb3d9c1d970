"""Recoveries of what was paid beyond what was due, or twice; raises; advances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console import codes
from services.console.page import Area
from services.console.widgets.action import Action, decisions
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, District, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

CASES: Final[Mapping[str, Text]] = {
    "proposed": ("待确认", "Proposed"),
    "confirmed": ("追回中", "Confirmed"),
    "refused": ("不予立案", "Refused"),
    "closed": ("已结案", "Closed"),
}
CAUSES: Final[Mapping[str, Text]] = {
    "overpaid": ("多付", "Overpaid"),
    "claim": ("申请有误", "A wrong claim"),
}
WAYS: Final[Mapping[str, Text]] = {
    "repayment": ("退款", "Repayment"),
    "deduction": ("抵扣", "Deduction"),
    "write_off": ("核销", "Write-off"),
}
ENTRIES: Final[Mapping[str, Text]] = {
    "proposed": ("待批准", "Proposed"),
    "settled": ("已入账", "Settled"),
    "refused": ("不予同意", "Refused"),
    "undone": ("已冲回", "Undone"),
}
RAISE_STATUSES: Final[Mapping[str, Text]] = {
    "draft": ("待批准", "Draft"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
}
RAISES: Final[Mapping[str, Text]] = {
    "draft": ("待批准", "Draft"),
    "approved": ("已执行", "Approved"),
    "refused": ("不予调整", "Refused"),
}
DOUBLES: Final[Mapping[str, Text]] = {
    "stopped": ("已止付", "Stopped"),
    "in_flight": ("银行办理中", "At the bank"),
    "to_recover": ("待追回", "To recover"),
}
_AMOUNTS: Final = (
    Column("amount", ("应追回(元)", "To recover, yuan"), Kind.MONEY),
    Column("recovered", ("已追回(元)", "Recovered, yuan"), Kind.MONEY),
    Column("written_off", ("已核销(元)", "Written off, yuan"), Kind.MONEY),
    Column("open", ("未追回(元)", "Open, yuan"), Kind.MONEY),
)
_CASE: Final = (
    Column("name", ("姓名", "Name")),
    Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("fund", ("基金", "Fund"), Kind.FUND),
    Column("cause", ("起因", "Cause"), names=CAUSES),
)
_PERCENT: Final = Column("percent", ("比例", "Percent"))

LIST: Final = ListPage(
    path="/recovery-cases",
    title=("追回案件", "Recovery cases"),
    area=Area.PAYOUT,
    order=110,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/recovery-cases",
    filters=(Choice(member="status", title=("状态", "Status"), choices=CASES), District()),
    columns=(
        Column("id", ("案件", "Case"), Kind.CODE, link="/recovery-cases/{id}"),
        *_CASE,
        *_AMOUNTS,
        Column("status", ("状态", "Status"), names=CASES),
    ),
)
PAPER: Final = PaperPage(
    path="/recovery-cases/{number}",
    title=("追回案件", "Recovery case"),
    area=Area.PAYOUT,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/recovery-cases/{number}",
    prints="payout:/v1/recovery-cases/{number}/notice",
    status=None,
    fields=tuple(
        Column(f"case.{one.member}", one.title, one.kind, names=one.names)
        for one in (
            Column("id", ("案件", "Case"), Kind.CODE),
            Column("status", ("状态", "Status"), names=CASES),
            Column("notice_no", ("通知书号", "Notice"), Kind.CODE),
            *_CASE,
            *_AMOUNTS,
            Column("reason", ("事由", "Reason")),
            Column("document", ("凭据", "Document")),
            Column("opened_by", ("立案", "Opened by")),
            Column("opened_on", ("立案日", "Opened on"), Kind.DAY),
            Column("decided_by", ("确认", "Confirmed by")),
        )
    ),
    parts=(
        Part(
            title=("逐月", "By month"),
            member="lines",
            columns=(
                Column("line", ("序号", "Line"), Kind.NUMBER),
                Column("period", ("所属期", "Period")),
                Column("claim", ("申请号", "Claim"), Kind.CODE, link="/claims/{claim}"),
                Column("paid_year", ("支付年度", "Year paid")),
                *_AMOUNTS,
            ),
        ),
        Part(
            title=("收回明细", "Recovered"),
            door="payout:/v1/recovery-cases/{number}/entries",
            is_paged=False,
            columns=(
                Column("way", ("方式", "Way"), names=WAYS),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
                Column("bank_serial", ("银行流水号", "Bank serial"), Kind.CODE),
                Column("booked_on", ("入账日", "Booked on"), Kind.DAY),
                Column("entered_by", ("登记", "Entered by")),
                Column("decided_by", ("批准", "Approved by")),
                Column("status", ("状态", "Status"), names=ENTRIES),
            ),
        ),
    ),
    actions=decisions(
        "payout:/v1/recovery-cases/{number}",
        Right.SIGN_FIRST,
        ("应追回 {case.amount} 元", "{case.amount} yuan"),
        when=lambda paper: paper["case"]["status"] == "proposed",
    ),
)
RAISE_LIST: Final = ListPage(
    path="/pension-raises",
    title=("待遇调整", "Raises"),
    area=Area.PAYOUT,
    order=120,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/pension-raises",
    filters=(Choice(member="status", title=("状态", "Status"), choices=RAISE_STATUSES),),
    columns=(
        Column("id", ("调整单", "Raise"), Kind.CODE, link="/pension-raises/{id}"),
        Column("title", ("名称", "Title")),
        Column("from", ("自", "From")),
        Column("control.people", ("人数", "People"), Kind.NUMBER),
        Column("control.monthly", ("月增(元)", "Monthly, yuan"), Kind.MONEY),
        Column("control.arrears", ("补发(元)", "Arrears, yuan"), Kind.MONEY),
        Column("status", ("状态", "Status"), names=RAISES),
    ),
)
RAISE: Final = PaperPage(
    path="/pension-raises/{pension_raise}",
    title=("待遇调整", "Raise"),
    area=Area.PAYOUT,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/pension-raises/{pension_raise}",
    status=None,
    fields=(
        Column("title", ("名称", "Title")),
        Column("status", ("状态", "Status"), names=RAISES),
        Column("source", ("依据", "Source")),
        Column("from", ("自", "From")),
        Column("sequence", ("次序", "Sequence"), Kind.NUMBER),
        Column("floor", ("最低增加(元)", "Floor, yuan"), Kind.MONEY),
        Column("cap", ("最高增加(元)", "Cap, yuan"), Kind.MONEY),
        Column("control.people", ("人数", "People"), Kind.NUMBER),
        Column("control.monthly", ("月增(元)", "Monthly, yuan"), Kind.MONEY),
        Column("control.arrears", ("补发(元)", "Arrears, yuan"), Kind.MONEY),
        Column("drafted_by", ("起草", "Drafted by")),
        Column("decided_by", ("批准", "Approved by")),
    ),
    parts=(
        Part(
            title=("调整办法", "Groups"),
            member="groups",
            columns=(
                Column("name", ("人员", "Group")),
                Column("fixed", ("定额(元)", "Fixed, yuan"), Kind.MONEY),
                Column("per_year", ("每年(元)", "Per year, yuan"), Kind.MONEY),
                _PERCENT,
                Column("born_from", ("出生自", "Born from")),
                Column("born_to", ("出生至", "Born to")),
                Column("retired_from", ("退休自", "Retired from")),
                Column("retired_to", ("退休至", "Retired to")),
            ),
        ),
    ),
    actions=(
        Action(
            title=("批准并执行", "Approve and apply"),
            door="payout:/v1/pension-raises/{pension_raise}/approvals",
            right=Right.SIGN_THIRD,
            when=lambda paper: paper["status"] == "draft" and paper["control"] is not None,
            body=lambda paper: {"control": paper["control"]},
            confirm=(
                "调整 {control.people} 人,每月增加 {control.monthly} 元,补发 {control.arrears} 元。",
                "Raise {control.people} people by {control.monthly} yuan a month; arrears"
                " {control.arrears} yuan.",
            ),
            done=("已执行", "Applied"),
        ),
        Action(
            title=("不予调整", "Refuse"),
            door="payout:/v1/pension-raises/{pension_raise}/refusals",
            right=Right.SIGN_THIRD,
            when=lambda paper: paper["status"] == "draft",
            fields=(Note(member="note", title=("理由", "Reason"), is_needed=True),),
            confirm=("不予调整:{title}", "Refuse: {title}"),
            done=("不予调整", "Refused"),
            is_grave=True,
        ),
    ),
)
ADVANCES: Final = ListPage(
    path="/advances",
    title=("未结清的预付", "Open advances"),
    area=Area.PAYOUT,
    order=130,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/advances",
    filters=(District(),),
    columns=(
        Column("claim", ("申请号", "Claim"), Kind.CODE, link="/claims/{claim}"),
        Column("payee_name", ("收款人", "Payee")),
        Column("fund", ("基金", "Fund"), Kind.FUND),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("paid_on", ("付款日", "Paid on"), Kind.DAY),
        Column("days", ("天数", "Days"), Kind.NUMBER),
        Column("amount", ("预付(元)", "Advance, yuan"), Kind.MONEY),
        Column("settled", ("已结(元)", "Settled, yuan"), Kind.MONEY),
        Column("open", ("未结(元)", "Open, yuan"), Kind.MONEY),
    ),
)
DOUBLE: Final = ListPage(
    path="/double-payments",
    title=("重复支付", "Paid twice"),
    area=Area.PAYOUT,
    order=116,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/double-payments",
    filters=(
        Choice(member="status", title=("状态", "Status"), choices=DOUBLES),
        District(),
    ),
    columns=(
        Column("payee_name", ("收款人", "Payee")),
        Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
        Column("kind", ("待遇种类", "Kind"), names=codes.BENEFITS),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("claim", ("申请号", "Claim"), Kind.CODE, link="/claims/{claim}"),
        Column("line", ("序号", "Line"), Kind.NUMBER),
        Column("first_claim", ("先付申请", "First claim"), Kind.CODE, link="/claims/{first_claim}"),
        Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)

PAGES: Final = (LIST, PAPER, RAISE_LIST, RAISE, ADVANCES, DOUBLE)
