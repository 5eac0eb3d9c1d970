"""HTML of printed notices: 缴费通知单, 催缴通知书, 足额缴费证明, 建设项目参保证明.

They are A4 pages; amounts are in digits and in Chinese capitals.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from services.collection.arrears.domain.charge_books import NAMES
from services.collection.billing.domain.bill import CHARGE
from services.collection.inspections.domain.finding import NAMES as FINDING_NAMES
from services.collection.notice.flows.notice import (
    BillPrint,
    CertificatePrint,
    DunningPrint,
    InspectionPrint,
    PrintHead,
    ProjectCertificatePrint,
)
from services.collection.policy.domain.charge import ChargeKind
from shared.cn.capital import capital
from shared.fund import INSURANCE_NAMES
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.web.html import Html, page, row, tag

PARTIES: Final = {"unit": "单位", "personal": "个人"}
ACCOUNTS: Final = {
    "pooled": "统筹",
    "personal_account": "个人账户",
    ChargeKind.LATE_FEE: NAMES[ChargeKind.LATE_FEE],
    ChargeKind.INTEREST: NAMES[ChargeKind.INTEREST],
}
COLLECTORS: Final = {"bank_debit": "银行托收", "tax": "税务征收"}


def bill_page(found: BillPrint) -> str:
    """Build a bill (缴费通知单), or a bill of late charges (加收通知单)."""
    bill = found.bill
    is_charge = bill.kind == CHARGE
    title = "社会保险费加收通知单" if is_charge else "社会保险费缴费通知单"
    facts = [
        ("费款所属期", bill.period),
        ("开具日期", bill.issued_on.isoformat()),
        ("应缴日", bill.due_on.isoformat() + ("(暂定)" if bill.due_estimated else "")),
        ("缴费方式", COLLECTORS.get(bill.collector, bill.collector)),
    ]
    lines = [
        (
            INSURANCE_NAMES.get(line.insurance, line.insurance),
            PARTIES.get(line.party, line.party),
            ACCOUNTS.get(line.account, line.account),
            format_yuan(line.amount_fen),
            format_yuan(line.settled_fen),
        )
        for line in found.lines
    ]
    heads = ("险种", "缴费方", "加收" if is_charge else "记入", "应缴(元)", "已缴(元)")
    total = ("合计", "", "", format_yuan(bill.total_fen), format_yuan(bill.settled_fen))
    amounts = [("应缴金额", bill.total_fen)]
    if bill.credited_fen:
        amounts.append(("已由贷项抵减(不在应缴金额内)", bill.credited_fen))
    if bill.waived_fen:
        amounts.append(("已减免(不在应缴金额内)", bill.waived_fen))
    if bill.settled_fen:
        amounts.append(("尚应缴纳", bill.total_fen - bill.settled_fen))
    return _page(
        found.head,
        title,
        Ref(bill.unit_id, bill.id).text(Reference.BILL),
        _facts(found.head, facts),
        _table(heads, lines, total, money_from=3),
        _amounts(amounts),
        on=bill.issued_on,
    )


def dunning_page(found: DunningPrint) -> str:
    """Build a dunning notice (催缴通知书)."""
    notice = found.notice
    lines = [
        (
            INSURANCE_NAMES.get(line.insurance, line.insurance),
            PARTIES.get(line.party, line.party),
            format_yuan(line.open_fen),
            format_yuan(line.late_fee_fen),
            format_yuan(line.interest_fen),
        )
        for line in found.lines
    ]
    heads = ("险种", "缴费方", "欠缴(元)", "滞纳金(元)", "利息(元)")
    sums = (notice.open_fen, notice.late_fee_fen, notice.interest_fen)
    total = ("合计", "", *map(format_yuan, sums))
    whole_fen = sum(sums)
    return _page(
        found.head,
        "社会保险费催缴通知书",
        notice.number,
        _facts(found.head, [("催缴日期", notice.day.isoformat()), ("最早所属期", notice.oldest)]),
        _table(heads, lines, total, money_from=2),
        _amounts([("欠缴金额", notice.open_fen), ("连同计至当日的滞纳金、利息", whole_fen)]),
        on=notice.day,
    )


def inspection_page(found: InspectionPrint) -> str:
    """Build the notice of an inspection's findings (稽核意见书)."""
    case = found.detail.case
    lines = [
        (
            str(one.number),
            FINDING_NAMES[one.kind],
            one.period,
            one.masked_number or f"{one.claim} 第{one.claim_line}笔",
            one.note,
            "" if one.wage_fen is None else format_yuan(one.wage_fen),
            "" if one.amount_fen is None else format_yuan(one.amount_fen),
        )
        for one in found.detail.findings
    ]
    heads = ("序号", "发现", "所属期", "人员或申请", "说明", "应申报工资(元)", "应退回(元)")
    back_fen = sum(one.amount_fen or 0 for one in found.detail.findings)
    total = ("合计", "", "", f"{len(lines)}项", "", "", format_yuan(back_fen) if back_fen else "")
    facts = [
        ("稽核文书", case.document),
        ("送达日期", found.noticed_on.isoformat()),
        ("陈述申辩截止日", str(case.objections_until)),
    ]
    return _page(
        found.head,
        "社会保险稽核意见书",
        case.reference,
        _facts(found.head, facts),
        _table(heads, lines, total, money_from=5),
        on=found.noticed_on,
    )


def certificate_page(found: CertificatePrint) -> str:
    """Build a full-payment certificate (足额缴费证明)."""
    certificate = found.certificate
    facts = [
        ("所属期", f"{certificate.period_from} 至 {certificate.period_to}"),
        ("截至日期", certificate.as_of.isoformat()),
    ]
    if (mark := certificate.mark) is not None:
        remark = f"{mark.day} {mark.reason},款项已退回或改入他处,本证明不再有效({mark.paper})"
        facts.append(("注记", remark))
    amounts = [("应缴金额", certificate.billed_fen)]
    if certificate.deferred_fen:
        amounts.append(("其中经批准缓缴", certificate.deferred_fen))
    return _page(
        found.head,
        "社会保险费足额缴费证明",
        certificate.number,
        _facts(found.head, facts),
        _amounts(amounts),
        on=certificate.as_of,
    )


def project_certificate_page(found: ProjectCertificatePrint) -> str:
    """Build a project's certificate (建设项目参保证明)."""
    certificate, project = found.certificate, found.project
    facts = [
        ("项目编号", project.number),
        ("项目名称", project.name),
        ("工期", f"{project.starts_on} 至 {project.ends_on}"),
        ("截至日期", certificate.as_of.isoformat()),
    ]
    amounts = [("合同造价", certificate.contract_fen), ("已缴工伤保险费", certificate.paid_fen)]
    return _page(
        found.head,
        "建设项目参加工伤保险证明",
        certificate.number,
        _facts(found.head, facts),
        _amounts(amounts),
        on=certificate.as_of,
    )


# --- common parts --------------------------------------------------------------------------


def _page(head: PrintHead, title: str, number: str, *parts: Html, on: date) -> str:
    sentence = [tag("p", head.sentence, of="said")] if head.sentence else []
    return page(
        f"{title} {number}",
        tag("div", f"{head.centre} · {head.district}分中心", of="issuer"),
        tag("h1", title),
        tag("div", f"编号:{number}", of="number"),
        *parts,
        *sentence,
        tag(
            "div",
            tag("span", "经办人:"),
            tag("span", "复核人:"),
            tag("span", f"(盖章) {on.year}年{on.month}月{on.day}日"),
            of="signed",
        ),
    )


def _facts(head: PrintHead, facts: Iterable[tuple[str, str]]) -> Html:
    """Build the table of the unit and the facts of the document, two in a row."""
    known = [("单位名称", head.unit.name), ("统一社会信用代码", head.unit.credit_code), *facts]
    known += [("", "")] * (len(known) % 2)
    return tag(
        "table",
        tag(
            "tbody",
            *(
                tag(
                    "tr", tag("th", one[0]), tag("td", one[1]), tag("th", two[0]), tag("td", two[1])
                )
                for one, two in zip(known[::2], known[1::2], strict=True)
            ),
        ),
    )


def _table(
    heads: Iterable[str],
    lines: Iterable[tuple[str, ...]],
    total: tuple[str, ...],
    *,
    money_from: int,
) -> Html:
    return tag(
        "table",
        tag("thead", row("th", *heads, money_from=money_from)),
        tag(
            "tbody",
            *(row("td", *cells, money_from=money_from) for cells in lines),
            row("td", *total, money_from=money_from, of="total"),
        ),
    )


def _amounts(amounts: Iterable[tuple[str, int]]) -> Html:
    """Build the table of amounts, in digits and in capitals."""
    return tag(
        "table",
        tag(
            "tbody",
            *(
                tag(
                    "tr",
                    tag("th", name),
                    tag("td", f"¥{format_yuan(amount_fen)}", of="money"),
                    tag("td", f"(大写)人民币{capital(amount_fen)}"),
                )
                for name, amount_fen in amounts
            ),
        ),
    )
