"""Lists that wait for a role beside the inbox's papers: proposals, signatures, open items."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from services.console.page import View, all_pages, link
from services.console.pages.home.figures import answer
from services.console.words import Text
from shared.roles import Right

COUNTED_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingList:
    """A list whose rows wait for whoever has the right.

    `only` are members that a row must have where the door cannot be asked for them. `items` is the
    member of the answer that lists the rows; a list of dated rows, as "waiting", has no pages.
    """

    title: Text
    right: Right
    door: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)
    items: str = "items"
    is_paged: bool = True


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """A list with its count; `has_more` where it is longer than what was counted."""

    waiting: WaitingList
    count: int
    has_more: bool

    @property
    def address(self) -> str | None:
        """The page of the list, if there is one."""
        return (
            link(self.waiting.path, **self.waiting.query) if has_page(self.waiting.path) else None
        )


def _list(title: Text, right: Right, door: str, status: str | None = None) -> WaitingList:
    """Return a list that the door can be asked for by status; its page has the door's own path."""
    path = door.partition(":/v1")[2]
    query = {"status": status} if status else {}
    return WaitingList(title=title, right=right, door=door, path=path, query=query)


def _rows(title: Text, door: str, right: Right = Right.APPROVE_CORRECTION) -> WaitingList:
    """Return the rows of a door that wait for a second person, beside those in force."""
    return WaitingList(
        title=title,
        right=right,
        door=door,
        path=door.partition(":/v1")[2],
        items="waiting",
        is_paged=False,
    )


WAITING: Final = (
    _list(
        ("暂收款待认领", "Suspense to match"),
        Right.MATCH_RECEIPT,
        "collection:/v1/receipts",
        "suspended",
    ),
    _list(
        ("对账差异待处理", "Differences to work"),
        Right.RECONCILE,
        "collection:/v1/reconciliation-items",
        "open",
    ),
    _list(
        ("对账差异待批准", "Differences to approve"),
        Right.APPROVE_RECONCILIATION,
        "collection:/v1/reconciliation-items",
        "proposed",
    ),
    _list(
        ("扣款协议待批准", "Debit agreements to approve"),
        Right.APPROVE_AGREEMENT,
        "collection:/v1/debit-agreements",
        "filed",
    ),
    _list(
        ("缓缴协议待批准", "Agreements to approve"),
        Right.APPROVE_AGREEMENT,
        "collection:/v1/agreements",
        "filed",
    ),
    _list(
        ("滞纳金减免待批准", "Waivers to approve"),
        Right.APPROVE_WAIVER,
        "collection:/v1/waivers",
        "filed",
    ),
    _list(
        ("涉税差异待批准", "Tax differences to approve"),
        Right.APPROVE_RECEIPT_CHANGE,
        "collection:/v1/tax-items",
        "proposed",
    ),
    _list(
        ("退费待批准", "Refunds to approve"),
        Right.APPROVE_REFUND,
        "collection:/v1/refunds",
        "requested",
    ),
    _list(
        ("到账退回待批准", "Returns to approve"),
        Right.APPROVE_RECEIPT_CHANGE,
        "collection:/v1/receipt-returns",
        "filed",
    ),
    _list(
        ("到账改入待批准", "Moves to approve"),
        Right.APPROVE_RECEIPT_CHANGE,
        "collection:/v1/receipt-moves",
        "filed",
    ),
    WaitingList(
        title=("结算待批准", "Settlements to approve"),
        right=Right.APPROVE_SETTLEMENT,
        door="ledger:/v1/settlements",
        path="/settlements",
        only={"status": "proposed"},
    ),
    WaitingList(
        title=("冲销待核准", "Reversals to approve"),
        right=Right.APPROVE_SETTLEMENT,
        door="ledger:/v1/reversals",
        path="/reversals",
        query={"status": "proposed"},
    ),
    WaitingList(
        title=("结账待批准", "Closings to approve"),
        right=Right.APPROVE_CLOSING,
        door="ledger:/v1/closings",
        path="/closings",
        only={"status": "proposed"},
    ),
    WaitingList(
        title=("规则订正待批准", "Corrections to approve"),
        right=Right.APPROVE_CORRECTION,
        door="ledger:/v1/corrections",
        path="/ledger-corrections",
        query={"status": "proposed"},
    ),
    WaitingList(
        title=("政策版本待批准", "Policies to approve"),
        right=Right.PUBLISH_POLICY,
        door="collection:/v1/policies",
        path="/policies",
        only={"status": "draft"},
    ),
    _rows(("本市规则待批准", "Rules of the city to approve"), "collection:/v1/city-rules"),
    _rows(("工作日待批准", "Workdays to approve"), "collection:/v1/workdays"),
    _rows(("代扣银行待批准", "Banks to approve"), "collection:/v1/bank-profiles"),
    _rows(("拒付代码待批准", "Codes of refusals to approve"), "collection:/v1/debit-reasons"),
    _rows(("再扣规则待批准", "Rules of retries to approve"), "collection:/v1/retry-rules"),
    _rows(("稽核规则待批准", "Rules of inspections to approve"), "collection:/v1/inspection-rules"),
    _list(
        ("待遇规则待批准", "Entitlement rules to approve"),
        Right.PUBLISH_POLICY,
        "payout:/v1/entitlement-rules",
        "proposed",
    ),
    _list(
        ("待遇项目待批准", "Benefit kinds to approve"),
        Right.APPROVE_CORRECTION,
        "payout:/v1/benefit-kind-corrections",
        "filed",
    ),
    _list(
        ("调待待批准", "Raises to approve"),
        Right.SIGN_THIRD,
        "payout:/v1/pension-raises",
        "draft",
    ),
    _list(
        ("计发参数待批准", "Values of formulas to approve"),
        Right.PUBLISH_POLICY,
        "payout:/v1/formula-rows",
        "proposed",
    ),
    _list(
        ("用款计划待批准", "Funding plans to approve"),
        Right.APPROVE_SETTLEMENT,
        "payout:/v1/funding-plans",
        "proposed",
    ),
    _list(
        ("稽核决定待批准", "Inspections to decide"),
        Right.DECIDE_INSPECTION,
        "collection:/v1/inspections",
        "proposed",
    ),
    _list(
        ("申请待分中心签批", "Claims, first signature"),
        Right.SIGN_FIRST,
        "payout:/v1/claims",
        "filed",
    ),
    _list(
        ("申请待职能部门签批", "Claims, second signature"),
        Right.SIGN_SECOND,
        "payout:/v1/claims",
        "signed_1",
    ),
    _list(
        ("申请待中心领导签批", "Claims, third signature"),
        Right.SIGN_THIRD,
        "payout:/v1/claims",
        "signed_2",
    ),
    _list(
        ("申请待支付", "Claims to pay"), Right.CREATE_PAYMENT_BATCH, "payout:/v1/claims", "approved"
    ),
    _list(
        ("待遇变更待复核", "Entitlement changes to review"),
        Right.SIGN_FIRST,
        "payout:/v1/entitlement-changes",
        "proposed",
    ),
    _list(
        ("待遇终止待批准", "Ends of entitlements to approve"),
        Right.SIGN_FIRST,
        "payout:/v1/entitlement-ends",
        "proposed",
    ),
    _list(
        ("账户更正待复核", "Account corrections to review"),
        Right.SIGN_FIRST,
        "payout:/v1/account-corrections",
        "proposed",
    ),
    _list(
        ("追回待确认", "Recovery cases to confirm"),
        Right.SIGN_FIRST,
        "payout:/v1/recovery-cases",
        "proposed",
    ),
    *(
        WaitingList(
            title=title,
            right=right,
            door="payout:/v1/qualifications",
            path="/qualifications",
            query={"status": "open", "step": step},
        )
        for step, right, title in (
            ("section", Right.SIGN_FIRST, ("退休待负责人审核", "Retirements, section head")),
            ("leader", Right.SIGN_SECOND, ("退休待领导核定", "Retirements, leader")),
            ("meeting", Right.SIGN_THIRD, ("退休待会审", "Retirements, meeting")),
        )
    ),
    *(
        WaitingList(
            title=title,
            right=Right.REPLAY_OUTBOX,
            door=f"{service}:/v1/refused-messages",
            path=f"/refused-messages/{service}",
        )
        for service, title in (
            ("collection", ("征缴报文被拒", "Refused messages of collection")),
            ("payout", ("支付报文被拒", "Refused messages of payout")),
        )
    ),
    WaitingList(
        title=("角色变更待决定", "Changes of roles to decide"),
        right=Right.MANAGE_IDENTITY,
        door="identity:/v1/role-changes",
        path="/role-changes",
        only={"status": "proposed"},
    ),
    _list(
        ("人员变更待决定", "Changes of people to decide"),
        Right.MANAGE_IDENTITY,
        "identity:/v1/principal-changes",
        "proposed",
    ),
)


async def counted(view: View) -> list[WaitingCount]:
    """Count what waits for the person's role, in every list at once."""
    lists = [one for one in WAITING if view.may(one.right)]
    pages = await asyncio.gather(*(answer(view.api, one.door, **_asked(one)) for one in lists))
    return [
        WaitingCount(one, len(_fitting(one, page[one.items])), bool(page.get("has_more")))
        for one, page in zip(lists, pages, strict=True)
        if page is not None
    ]


def _asked(waiting: WaitingList) -> dict[str, Any]:
    return {**waiting.query, **({"limit": COUNTED_MAX} if waiting.is_paged else {})}


def _fitting(waiting: WaitingList, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in items if all(row[name] == value for name, value in waiting.only.items())]


@cache
def has_page(path: str) -> bool:
    """Return whether the console has a page of this address."""
    return any(page.path == path for page in all_pages())
