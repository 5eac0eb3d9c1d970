"""Names of roles, statuses, steps and places, as people read them."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final

from services.console.words import Text, t, tell
from shared.process.regions import district_names
from shared.process.settings import settings
from shared.roles import CENTRE, Role


class Tone(StrEnum):
    """The colour of a status: a word of its own says the same."""

    QUIET = "quiet"
    WAITS = "waits"
    GOOD = "good"
    BAD = "bad"


ROLES: Final[dict[Role, Text]] = {
    Role.DISTRICT_CLERK: ("分中心经办", "District clerk"),
    Role.DISTRICT_REVIEWER: ("分中心复核", "District reviewer"),
    Role.CENTRE_AUDITOR: ("市中心审核", "Centre auditor"),
    Role.CENTRE_CASHIER: ("市中心出纳", "Centre cashier"),
    Role.FUND_ACCOUNTANT: ("基金会计", "Fund accountant"),
    Role.DEPARTMENT_HEAD: ("职能部门负责人", "Department head"),
    Role.CENTRE_LEADER: ("中心主管领导", "Centre leader"),
    Role.SUPERVISOR: ("监督", "Supervisor"),
    Role.IDENTITY_ADMIN: ("身份管理员", "Identity administrator"),
    Role.EMPLOYER_PORTAL: ("单位网办", "Employers' portal"),
    Role.TAX_BUREAU: ("税务机关", "Tax bureau"),
    Role.BANK_GATEWAY: ("银行接口", "Bank gateway"),
    Role.DASHBOARD: ("看板", "Dashboard"),
    Role.COLLECTION_SERVICE: ("征缴服务", "Collection service"),
    Role.PAYOUT_SERVICE: ("支付服务", "Payout service"),
    Role.FINANCE_BUREAU: ("财政部门", "Finance bureau"),
}

FUNDS: Final[dict[str, Text]] = {
    "pension": ("企业职工基本养老保险基金", "Pension"),
    "medical": ("职工基本医疗保险基金", "Medical"),
    "unemployment": ("失业保险基金", "Unemployment"),
    "work_injury": ("工伤保险基金", "Work injury"),
    "maternity": ("生育保险基金", "Maternity"),
    "large_outpatient": ("大额门诊补助资金", "Large outpatient bills"),
    "large_medical": ("大额医疗救助资金", "Large medical bills"),
    "civil_servant_aid": ("公务员医疗补助资金", "Civil servants' medical aid"),
    "supplementary_medical": ("地方附加医疗保险资金", "Supplementary medical"),
    "serious_illness": ("职工大病保险资金", "Serious illness"),
    "long_term_care": ("长期护理保险资金", "Long-term care"),
}
ACCOUNT_FUNDS: Final[dict[str, Text]] = {fund: FUNDS[fund] for fund in ("pension", "medical")}
"""Funds with personal accounts."""

STATUSES: Final[dict[str, tuple[Text, Tone]]] = {
    "draft": (("草稿", "Draft"), Tone.QUIET),
    "submitted": (("待受理", "Submitted"), Tone.WAITS),
    "accepted": (("已受理", "Accepted"), Tone.WAITS),
    "reviewed": (("已复核", "Reviewed"), Tone.WAITS),
    "summarised": (("已汇总", "Summarised"), Tone.WAITS),
    "audited": (("已审核", "Audited"), Tone.GOOD),
    "billed": (("已开单", "Billed"), Tone.WAITS),
    "returned": (("已退回", "Returned"), Tone.BAD),
    "withdrawn": (("已撤回", "Withdrawn"), Tone.QUIET),
    "proposed": (("待批准", "Proposed"), Tone.WAITS),
    "requested": (("待批准", "Requested"), Tone.WAITS),
    "filed": (("待批准", "Filed"), Tone.WAITS),
    "approved": (("已批准", "Approved"), Tone.GOOD),
    "refused": (("不予批准", "Refused"), Tone.BAD),
    "rejected": (("已驳回", "Rejected"), Tone.BAD),
    "cancelled": (("已取消", "Cancelled"), Tone.QUIET),
    "open": (("未结", "Open"), Tone.WAITS),
    "closed": (("已结", "Closed"), Tone.GOOD),
    "issued": (("已出具", "Issued"), Tone.WAITS),
    "settled": (("已结清", "Settled"), Tone.GOOD),
    "part_paid": (("部分缴纳", "Part paid"), Tone.WAITS),
    "paid": (("已缴清", "Paid"), Tone.GOOD),
    "unpaid": (("未缴", "Unpaid"), Tone.WAITS),
    "overdue": (("逾期", "Overdue"), Tone.BAD),
    "executed": (("已执行", "Executed"), Tone.GOOD),
    "active": (("有效", "Active"), Tone.GOOD),
    "in_force": (("执行中", "In force"), Tone.GOOD),
    "ended": (("已终止", "Ended"), Tone.QUIET),
    "suspended": (("已暂停", "Suspended"), Tone.BAD),
    "failed": (("失败", "Failed"), Tone.BAD),
    "signed_1": (("分中心已签", "Signed once"), Tone.WAITS),
    "signed_2": (("职能部门已签", "Signed twice"), Tone.WAITS),
    "superseded": (("已被替代", "Superseded"), Tone.QUIET),
    "matched": (("已认领", "Matched"), Tone.GOOD),
    "in_transit": (("在途", "In transit"), Tone.QUIET),
    "cleared": (("已消除", "Cleared"), Tone.GOOD),
    "posted": (("已入账", "Posted"), Tone.GOOD),
    "confirmed": (("已确认", "Confirmed"), Tone.GOOD),
    "funding": (("备款中", "Funding"), Tone.WAITS),
    "unfunded": (("余额不足", "Unfunded"), Tone.BAD),
    "ready": (("待银行办理", "Ready"), Tone.WAITS),
    "cancelling": (("待批准解除", "Cancelling"), Tone.WAITS),
    "replaced": (("已更换", "Replaced"), Tone.QUIET),
    "waiting": (("等待", "Waiting"), Tone.WAITS),
    "succeeded": (("已完成", "Done"), Tone.GOOD),
    "running": (("办理中", "Running"), Tone.WAITS),
    "done": (("已完成", "Done"), Tone.GOOD),
    "part": (("部分缴纳", "Part paid"), Tone.WAITS),
    "opened": (("已立案", "Opened"), Tone.WAITS),
    "noticed": (("已送达", "Noticed"), Tone.WAITS),
    "decided": (("已决定", "Decided"), Tone.GOOD),
    "drafted": (("草拟", "Drafted"), Tone.QUIET),
    "signed": (("已签字", "Signed"), Tone.WAITS),
    "agreed": (("相符", "Agreed"), Tone.GOOD),
    "disputed": (("不符", "Disputed"), Tone.BAD),
    "returning": (("退回中", "Returning"), Tone.WAITS),
    "set_aside": (("已撤销", "Set aside"), Tone.QUIET),
    "undone": (("已冲销", "Undone"), Tone.QUIET),
    "dismissed": (("不成立", "Dismissed"), Tone.QUIET),
    "upheld": (("成立", "Upheld"), Tone.BAD),
    "pending": (("待回报", "Waiting"), Tone.WAITS),
    "unknown": (("状态不明", "Unknown"), Tone.BAD),
    "stopped": (("已止付", "Stopped"), Tone.GOOD),
    "in_flight": (("银行办理中", "At the bank"), Tone.WAITS),
    "to_recover": (("待追回", "To recover"), Tone.BAD),
    "sent": (("已上报", "Sent"), Tone.WAITS),
}


def status_name(status: str) -> str:
    """Return a status in words; an unknown one stands for itself."""
    known = STATUSES.get(status)
    return tell(known[0]) if known else status


def status_tone(status: str) -> Tone:
    """Return the tone of a status."""
    known = STATUSES.get(status)
    return known[1] if known else Tone.QUIET


def role_name(role: str) -> str:
    """Return a role in words."""
    try:
        known = ROLES.get(Role(role))
    except ValueError:
        return role
    return tell(known) if known else role


def fund_name(fund: str) -> str:
    """Return a fund in words."""
    return tell(FUNDS[fund]) if fund in FUNDS else fund


@cache
def districts() -> dict[str, str]:
    """Return the districts of this installation's region: code → name."""
    return district_names(settings().region, settings().regions_path)


def district_name(code: str | None) -> str:
    """Return a district in words."""
    if code in {None, "", CENTRE}:
        return t("市中心", "Centre")
    return districts().get(str(code), str(code))
