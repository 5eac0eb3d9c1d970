"""Printed pages: the notice of a result (核定结果通知单) and the posting of a meeting (公示名单)."""

from __future__ import annotations

from collections.abc import Iterable

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import masked_name
from services.payout.qualifications.domain.qualification import QualificationStatus
from services.payout.qualifications.domain.result_notice import ResultNotice
from services.payout.qualifications.flows.posting import QualificationPosting
from shared.cn.capital import capital
from shared.money import format_yuan
from shared.references import Reference
from shared.web.html import Html, page, row, tag


def result_notice_page(notice: ResultNotice) -> str:
    """Build the notice of a result."""
    paper, outcome = notice.paper, notice.paper.outcome
    number = paper.ref.text(Reference.QUALIFICATION)
    facts = [
        ("姓名", notice.name),
        ("公民身份号码", notice.masked_number),
        ("退休月", str(outcome.retirement)),
        ("累计缴费月数(含视同)", str(outcome.paid_months)),
    ]
    parts: list[Html] = []
    if paper.status is QualificationStatus.APPROVED and outcome.monthly_fen is not None:
        facts += [("首个待遇月", str(outcome.since)), ("大写", capital(outcome.monthly_fen))]
        lines = [(line["name"], line["amount"]) for line in outcome.evidence["lines"]]
        parts.append(_table(("项目", "月标准(元)"), lines, format_yuan(outcome.monthly_fen)))
        if outcome.provisional:
            parts.append(
                tag("p", "计发基数尚未公布,本金额暂按上一年度计发,公布后补差。", of="said")
            )
    return page(
        f"退休核定结果通知单 {number}",
        tag("h1", "退休核定结果通知单"),
        tag("div", f"编号:{number}", of="number"),
        _facts(facts),
        *parts,
        tag("p", notice.text, of="said"),
        tag(
            "div",
            tag("span", f"{paper.district}分中心(盖章)"),
            tag("span", notice.decided_on.isoformat()),
            of="signed",
        ),
    )


def posting_page(posting: QualificationPosting, keys: PersonKeys) -> str:
    """Build the posting of a meeting: masked names, no amounts."""
    meeting = posting.meeting
    heads = ("序号", "姓名", "公民身份号码", "退休月", "累计缴费月数")
    lines = [
        (
            str(number),
            masked_name(keys.name.open(paper.name)),
            keys.mask(paper.sealed_number),
            str(paper.outcome.retirement),
            str(paper.outcome.paid_months),
        )
        for number, paper in enumerate(posting.people, start=1)
    ]
    return page(
        f"退休核定公示 {meeting.document}",
        tag("h1", "退休核定公示"),
        tag("div", f"{meeting.document}", of="number"),
        tag(
            "p",
            f"经会审,下列 {meeting.people} 人的退休申请拟予核定,自 {meeting.held_on} 至 "
            f"{meeting.posted_until} 公示。对名单有异议的,请在公示期内向{meeting.district}分中心提出。",
            of="said",
        ),
        tag(
            "table",
            tag("thead", row("th", *heads)),
            tag("tbody", *(row("td", *cells) for cells in lines)),
        ),
    )


def _facts(facts: Iterable[tuple[str, str]]) -> Html:
    return tag(
        "table",
        tag("tbody", *(tag("tr", tag("th", name), tag("td", value)) for name, value in facts)),
    )


def _table(heads: tuple[str, str], lines: Iterable[tuple[str, str]], total: str) -> Html:
    return tag(
        "table",
        tag("thead", row("th", *heads, money_from=1)),
        tag(
            "tbody",
            *(row("td", *cells, money_from=1) for cells in lines),
            row("td", "合计", total, money_from=1, of="total"),
        ),
    )
