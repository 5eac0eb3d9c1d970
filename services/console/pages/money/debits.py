"""Direct debits: batches, what each line came to, the reasons of failures, success by bank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console import codes
from services.console.api import Api
from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, Field, Loaded, Month, first_of_month, today
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

LINE_STATUSES: Final[Mapping[str, Text]] = {
    "waiting": ("待回执", "Waiting"),
    "unknown": ("状态不明", "Unknown"),
    "settled": ("扣款成功", "Settled"),
    "refused": ("扣款失败", "Refused"),
    "returned": ("成功后退回", "Returned"),
}
REASONS: Final[Mapping[str, Text]] = {
    "insufficient_funds": ("余额不足", "Insufficient funds"),
    "account_name_mismatch": ("户名不符", "Name differs"),
    "code_wrong": ("账号有误", "Account unknown"),
    "account_state": ("账户状态异常", "Account's state"),
    "status_unknown": ("状态不明", "Unknown"),
}
EXCLUSIONS: Final[Mapping[str, Text]] = {
    "deferred": ("缓缴期内", "Deferred"),
    "no_agreement": ("无扣款协议", "No agreement"),
    "agreement_not_yet_valid": ("协议尚未生效", "Agreement not yet valid"),
    "agreement_expired": ("协议已到期", "Agreement expired"),
    "agreement_ended": ("协议已终止", "Agreement ended"),
    "above_limit": ("超过协议限额", "Above the limit"),
    "retry_not_due": ("未到再扣日", "Not yet to be tried again"),
    "retries_used": ("再扣次数用完", "No retries left"),
}
BATCH_STATUSES: Final[Mapping[str, Text]] = {
    "created": ("待回执", "Waiting for results"),
    "closed": ("回执已齐", "All results are in"),
}


async def banks(api: Api) -> dict[str, str]:
    """Return the banks of direct debits: code → name."""
    found = await api.get("collection:/v1/bank-profiles")
    return {row["code"]: row["name"] for row in found["items"]}


_TOTALS: Final = (
    Column("control.lines", ("笔数", "Lines"), Kind.NUMBER),
    Column("control.total", ("金额(元)", "Total, yuan"), Kind.MONEY),
    Column("settled.total", ("成功(元)", "Settled, yuan"), Kind.MONEY),
    Column("refused.total", ("失败(元)", "Refused, yuan"), Kind.MONEY),
    Column("returned.total", ("退回(元)", "Returned, yuan"), Kind.MONEY),
    Column("waiting.lines", ("待回执", "Waiting"), Kind.NUMBER),
    Column("excluded", ("未列入", "Left out"), Kind.NUMBER),
)
_LINE: Final = (
    Column(
        "credit_code", ("统一社会信用代码", "Credit code"), Kind.CODE, link="/units/{credit_code}"
    ),
    Column("name", ("单位名称", "Unit")),
    Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
)
_OUTCOME: Final = (
    Column("reason_class", ("失败类别", "Class of reason"), names=REASONS),
    Column("reason", ("银行答复", "The bank's words")),
    Column("status", ("状态", "Status"), names=LINE_STATUSES),
)

BATCHES: Final = ListPage(
    path="/debit-batches",
    title=("扣款批次", "Debit batches"),
    area=Area.MONEY,
    order=50,
    rights=(Right.READ_COLLECTION, Right.CREATE_DEBIT_BATCH),
    door="collection:/v1/debit-batches",
    filters=(
        Month(member="period", title=("费款所属期", "Period")),
        Choice(member="status", title=("状态", "Status"), choices=BATCH_STATUSES),
    ),
    columns=(
        Column("id", ("批次号", "Batch"), Kind.CODE, link="/debit-batches/{id}"),
        Column("bank", ("银行", "Bank"), names=codes.BANKS),
        Column("period", ("费款所属期", "Period")),
        Column("debit_date", ("扣款日", "Debit date"), Kind.DAY),
        *_TOTALS,
        Column("status", ("状态", "Status"), names=BATCH_STATUSES),
    ),
    actions=(
        Action(
            title=("生成批次", "Make a batch"),
            door="collection:/v1/debit-batches",
            right=Right.CREATE_DEBIT_BATCH,
            fields=(
                Month(member="period", title=("费款所属期", "Period"), is_needed=True),
                Day(member="debit_date", title=("扣款日", "Debit date"), is_needed=True),
                Loaded(member="bank", title=("银行", "Bank"), load=banks, is_needed=True),
            ),
            confirm=(
                "把该所属期全部可扣通知单列入一个批次。",
                "All bills of the period that may be debited go into one batch.",
            ),
            done=("已生成", "Made"),
            after=lambda answer: f"/debit-batches/{answer['id']}",
        ),
    ),
)
BATCH: Final = PaperPage(
    path="/debit-batches/{batch}",
    title=("扣款批次", "Debit batch"),
    area=Area.MONEY,
    rights=(Right.READ_COLLECTION, Right.CREATE_DEBIT_BATCH),
    door="collection:/v1/debit-batches/{batch}",
    fields=(
        Column("id", ("批次号", "Batch"), Kind.CODE),
        Column("file_no", ("文件号", "File"), Kind.CODE),
        Column("bank", ("银行", "Bank"), names=codes.BANKS),
        Column("period", ("费款所属期", "Period")),
        Column("debit_date", ("扣款日", "Debit date"), Kind.DAY),
        Column("created_by", ("生成", "Made by")),
        Column("created_at", ("生成时间", "Made at"), Kind.TIME),
        *_TOTALS,
    ),
    parts=(
        Part(
            title=("扣款明细", "Lines"),
            door="collection:/v1/debit-batches/{batch}/lines",
            columns=(Column("line", ("序号", "Line"), Kind.NUMBER), *_LINE, *_OUTCOME),
        ),
        Part(
            title=("未列入", "Left out"),
            door="collection:/v1/debit-batches/{batch}/exclusions",
            columns=(
                *_LINE,
                Column("bill", ("缴费通知单", "Bill"), Kind.CODE, link="/bills/{bill}"),
                Column("reason", ("原因", "Reason"), names=EXCLUSIONS),
            ),
        ),
    ),
)
LINES: Final = ListPage(
    path="/debit-lines",
    title=("扣款明细", "Debits"),
    area=Area.MONEY,
    order=60,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/debit-lines",
    filters=(
        Day(member="from", title=("自", "From"), is_needed=True, start=first_of_month),
        Day(member="to", title=("至", "To"), is_needed=True, start=today),
        Loaded(member="bank", title=("银行", "Bank"), load=banks),
        Field(member="credit_code", title=("统一社会信用代码", "Credit code")),
        Choice(member="status", title=("状态", "Status"), choices=LINE_STATUSES),
        Choice(member="reason_class", title=("失败类别", "Class of reason"), choices=REASONS),
    ),
    columns=(
        Column("batch", ("批次号", "Batch"), Kind.CODE, link="/debit-batches/{batch}"),
        Column("bank", ("银行", "Bank"), names=codes.BANKS),
        Column("debit_date", ("扣款日", "Debit date"), Kind.DAY),
        *_LINE,
        *_OUTCOME,
    ),
)

PAGES: Final = (BATCHES, BATCH, LINES)
