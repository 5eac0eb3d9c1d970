"""Claims with their three signatures (三级审签), the month's run, failed payments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.api import Api
from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, District, Loaded, Month, Note
from services.console.widgets.listing import BulkAction, ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text, t, tell
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "filed": ("待分中心复核", "Waits for the district"),
    "signed_1": ("待部门审核", "Waits for the department"),
    "signed_2": ("待领导审签", "Waits for the leader"),
    "approved": ("已审签", "Approved"),
    "refused": ("不予支付", "Refused"),
}
OUTCOMES: Final[Mapping[str, Text]] = {
    "pending": ("待回报", "Waiting"),
    "unknown": ("状态不明", "Unknown"),
    "return_early": ("提前退回", "Returned early"),
    "paid": ("已付", "Paid"),
    "refused": ("付款失败", "Refused"),
    "returned": ("付后退回", "Returned"),
}
SCOPES: Final[Mapping[str, Text]] = {
    "month": ("当月及补发", "The month and arrears"),
    "arrears": ("只补发", "Arrears alone"),
}
_SIGNING: Final = {
    Right.SIGN_FIRST: "filed",
    Right.SIGN_SECOND: "signed_1",
    Right.SIGN_THIRD: "signed_2",
}
ACCOUNT: Final = (
    Column("bank_account.bank", ("开户银行", "Bank")),
    Column("bank_account.number", ("账号", "Account"), Kind.CODE),
)


async def kinds(api: Api) -> dict[str, str]:
    """Return the kinds of benefits: code → name."""
    found = await api.get("payout:/v1/benefit-kinds")
    named = {row["kind"]: row["name"] for row in found["items"]}
    codes.learn_benefits(named)
    return {kind: tell(codes.BENEFITS[kind]) for kind in named}


def documents_of(row: Mapping[str, Any]) -> str:
    """Return the documents of a claim, or of a kind of benefit, in words."""
    known = (codes.DOCUMENTS.get(one) or (one, one) for one in row["documents"])
    return t("、", ", ").join(map(tell, known))


_FIELDS: Final = (
    Column("kind", ("待遇种类", "Kind"), names=codes.BENEFITS),
    Column("summary", ("摘要", "Summary")),
    Column("fund", ("基金", "Fund"), Kind.FUND),
    Column("period", ("所属期", "Period")),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("lines", ("人次", "Lines"), Kind.NUMBER),
    Column("total", ("金额(元)", "Total, yuan"), Kind.MONEY),
)


def _sign(decision: str) -> tuple[Action, ...]:
    title: Text = ("审签同意", "Sign") if decision == "approve" else ("不予支付", "Refuse")
    note = Note(member="note", title=("意见", "Note"), is_needed=decision == "refuse")
    return tuple(
        Action(
            title=title,
            door="payout:/v1/claims/{claim}/signatures",
            right=right,
            when=lambda paper, status=status: paper["status"] == status,  # type: ignore[misc]
            fields=(note,),
            body=lambda _: {"decision": decision},
            confirm=(
                f"{title[0]}:{{lines}} 笔,{{total}} 元。",
                f"{title[1]}: {{lines}} lines, {{total}} yuan.",
            ),
            done=("已办理", "Done"),
            is_grave=decision == "refuse",
        )
        for right, status in _SIGNING.items()
    )


CORRECTION_STATUSES: Final[Mapping[str, Text]] = {
    "proposed": ("待复核", "Proposed"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
}
LIST: Final = ListPage(
    path="/claims",
    title=("支付申请", "Claims"),
    area=Area.PAYOUT,
    order=10,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/claims",
    filters=(
        Month(member="period", title=("所属期", "Period")),
        Loaded(member="kind", title=("待遇种类", "Kind"), load=kinds),
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
        District(),
    ),
    columns=(
        Column("id", ("申请号", "Claim"), Kind.CODE, link="/claims/{id}"),
        *_FIELDS,
        Column("settled", ("已付(元)", "Paid, yuan"), Kind.MONEY),
        Column("signatures", ("须签", "Signatures"), Kind.NUMBER),
        Column("status", ("状态", "Status"), names=STATUSES),
    ),
    actions=(
        Action(
            title=("月度发放", "Run of the month"),
            door="payout:/v1/pension-runs",
            right=Right.FILE_CLAIM,
            fields=(
                Month(member="period", title=("所属期", "Period"), is_needed=True),
                District(is_needed=True),
                Choice(
                    member="scope",
                    title=("范围", "Scope"),
                    choices=SCOPES,
                    start="month",
                    is_needed=True,
                ),
            ),
            confirm=(
                "为该区全部应发人员生成一份申请;待三级审签。",
                "File one claim for everybody entitled in the district; three people sign it.",
            ),
            done=("已生成", "Filed"),
            after=lambda answer: f"/claims/{answer['id']}",
        ),
    ),
    bulk=(
        BulkAction(
            action=Action(
                title=("生成支付批次", "Form a payment batch"),
                door="payout:/v1/payment-batches",
                right=Right.CREATE_PAYMENT_BATCH,
                fields=(Day(member="pay_date", title=("支付日", "Pay date"), is_needed=True),),
                confirm=(
                    "把 {count} 份已审签的申请、合计 {sum} 元组成一个批次;须属同一基金。",
                    "Form one batch of {count} approved claims, {sum} yuan, all of one fund.",
                ),
                done=("已生成,正在落实资金", "Formed; the ledger holds its money"),
                after=lambda answer: f"/payment-batches/{answer['id']}",
            ),
            amount="total",
            when=lambda claim: claim["status"] == "approved",
            body=lambda claims: {"claims": [claim["id"] for claim in claims]},
        ),
    ),
)
PAPER: Final = PaperPage(
    path="/claims/{claim}",
    title=("支付申请", "Claim"),
    area=Area.PAYOUT,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/claims/{claim}",
    trail="payout:/v1/claims/{claim}/trail",
    status=None,
    fields=(
        Column("id", ("申请号", "Claim"), Kind.CODE),
        Column("status", ("状态", "Status"), names=STATUSES),
        *_FIELDS,
        Column("settled", ("已付(元)", "Paid, yuan"), Kind.MONEY),
        Column("account", ("支出科目", "Account"), names=codes.LEDGER_ACCOUNTS),
        Column("credit_code", ("单位", "Unit"), Kind.CODE, link="/units/{credit_code}"),
        Column("documents", ("材料", "Documents"), of=documents_of),
        Column("filed_by", ("经办", "Filed by")),
        Column("filed_on", ("申请日", "Filed on"), Kind.DAY),
        Column("signatures", ("须签", "Signatures"), Kind.NUMBER),
    ),
    parts=(
        Part(
            title=("明细", "Lines"),
            door="payout:/v1/claims/{claim}/lines",
            columns=(
                Column("line", ("序号", "Line"), Kind.NUMBER),
                Column("payee_name", ("收款人", "Payee")),
                Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
                *ACCOUNT,
                Column("reference", ("凭据", "Reference")),
                Column("event_on", ("发生日", "Event"), Kind.DAY),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
                Column("settled", ("已付(元)", "Paid, yuan"), Kind.MONEY),
            ),
        ),
    ),
    actions=(*_sign("approve"), *_sign("refuse")),
)
FAILED: Final = ListPage(
    path="/failed-payments",
    title=("待重付", "Payments to make again"),
    area=Area.PAYOUT,
    order=40,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/failed-payments",
    filters=(District(),),
    columns=(
        Column("claim", ("申请号", "Claim"), Kind.CODE, link="/claims/{claim}"),
        Column("line", ("序号", "Line"), Kind.NUMBER),
        Column("payee_name", ("收款人", "Payee")),
        *ACCOUNT,
        Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
        Column("outcome", ("结果", "Outcome"), names=OUTCOMES),
        Column("reason", ("银行答复", "The bank's words")),
        Column("is_due", ("可重付", "Ready"), Kind.YES),
    ),
)
CORRECTIONS: Final = ListPage(
    path="/account-corrections",
    title=("收款账户更正", "Corrections of accounts"),
    area=Area.PAYOUT,
    order=50,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/account-corrections",
    filters=(
        Choice(member="status", title=("状态", "Status"), choices=CORRECTION_STATUSES),
        District(),
    ),
    columns=(
        Column("claim", ("申请号", "Claim"), Kind.CODE, link="/claims/{claim}"),
        Column("line", ("序号", "Line"), Kind.NUMBER),
        Column("bank_account.name", ("户名", "Holder")),
        *ACCOUNT,
        Column("note", ("说明", "Note")),
        Column("proposed_by", ("提出", "Proposed by")),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)

PAGES: Final = (LIST, PAPER, FAILED, CORRECTIONS)
