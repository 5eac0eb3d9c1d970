"""Base reviews (缴费基数核定): submitted, confirmed by another person, corrected one by one, adjusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.widgets import text
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import (
    Choice,
    Day,
    Field,
    Input,
    Money,
    Month,
    Note,
    Number,
    Yes,
    amount_of,
    this_year,
    today,
)
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text, t, tell
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "submitted": ("待核定", "Submitted"),
    "confirmed": ("已核定", "Confirmed"),
    "refused": ("不予核定", "Refused"),
}
CORRECTIONS: Final[Mapping[str, Text]] = {
    "requested": ("待批准", "Requested"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
}
REASONS: Final[Mapping[str, Text]] = {
    "annual": ("年度核定", "Annual"),
    "block_transfer": ("建制批量转移", "Block transfer"),
    "split": ("分立", "Split"),
    "merger": ("合并", "Merger"),
}
STANDINGS: Final[Mapping[str, Text]] = {
    "insured": ("在本单位参保", "Insured here"),
    "rehired_retiree": ("聘用的退休人员", "Re-hired retiree"),
    "insured_elsewhere": ("已在外地参保", "Insured elsewhere"),
}
DOCUMENTS: Final[Mapping[str, Text]] = {
    "labour_statistics": ("上年度劳动工资统计年报", "Labour statistics return"),
    "final_accounts": ("上年度财务决算报表", "Final accounts"),
    "payroll_ledger": ("应付职工薪酬明细账", "Payroll ledger"),
    "wage_register": ("职工上年度月平均工资台账", "Wage register"),
    "base_form": ("年度缴费基数核定表", "Base form"),
}
_DOOR: Final = "collection:/v1/base-reviews/{review}"
_OF_UNIT: Final = "collection:/v1/units/{credit_code}/base-reviews"


def _has_unit(address: Mapping[str, Any]) -> bool:
    return "credit_code" in address


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedPeople(Note):
    """The people of a review, one on a line: identity number, wage and, where it is not 'insured', standing."""

    def read(self, input: Input) -> Any:
        """Return the people; what does not fit goes as it is, and the service says so."""
        lines = [line.strip() for line in str(input.value or "").splitlines() if line.strip()]
        return [_person(*_words(line)) for line in lines] or None


def _words(line: str) -> list[str]:
    """Split a line of a table, pasted or typed; amounts may have separators where blanks divide."""
    by_blanks = line.split(None, 2)
    return by_blanks if len(by_blanks) > 1 else line.split(",", 2)


def _person(number: str, wage: str = "", standing: str = "") -> dict[str, str]:
    known = {name: code for code, names in STANDINGS.items() for name in (*names, code)}
    person = {"identity_number": number, "wage": amount_of(wage)}
    return person | ({"standing": known.get(standing, standing)} if standing else {})


def _with_file(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the ticked documents into the list that the door takes."""
    file = dict(body["file"])
    documents = [name for name in DOCUMENTS if file.pop(name)]
    return {**body, "file": {**file, "documents": documents}}


_YEAR: Final = Number(member="year", title=("年度", "Year"), is_needed=True, start=this_year)
SUBMIT: Final = Action(
    title=("申报基数", "Submit bases"),
    door=_OF_UNIT,
    right=Right.REGISTER,
    when=_has_unit,
    fields=(
        _YEAR,
        Choice(
            member="reason",
            title=("事由", "Reason"),
            choices=REASONS,
            start="annual",
            is_needed=True,
        ),
        Month(
            member="from_period",
            title=("起始所属期,年度核定不填", "First month; none for the year"),
        ),
        Money(
            member="unit_wage_total",
            title=("单位月平均工资总额", "Unit's wages, a month"),
            is_needed=True,
        ),
        ReviewedPeople(
            member="people",
            title=(
                "名册,一人一行:证件号 月平均工资(聘用的退休人员、已在外地参保另注)",
                "People, one on a line: identity number, wage, standing if not insured here",
            ),
            is_needed=True,
        ),
        *(Yes(member=f"file.{code}", title=title) for code, title in DOCUMENTS.items()),
        Day(member="file.posted_on", title=("公示日", "Posted on")),
        Number(member="file.signed_people", title=("签字人数", "Signatures")),
        Day(member="file.undertaking_on", title=("承诺书签订日", "Undertaking of")),
    ),
    send=_with_file,
    confirm=(
        "为 {credit_code} 申报年度基数;另一人核定后当年不变。",
        "Submit the bases of {credit_code}. Once another person confirms them, they stay for the year.",
    ),
    done=(
        "已申报:{people} 人,单位基数 {unit_base} 元",
        "Submitted: {people} people, unit's base {unit_base} yuan",
    ),
    after=lambda answer: f"/base-reviews/{answer['id']}",
)
CARRY_ON: Final = Action(
    title=("暂定沿用上年基数", "Carry last year's bases on"),
    door=_OF_UNIT,
    right=Right.REGISTER,
    when=_has_unit,
    fields=(_YEAR,),
    body=lambda _: {"provisional": True},
    confirm=(
        "为 {credit_code} 暂定沿用上年度基数,年度核定后按差额补收或冲减。",
        "Let last year's bases of {credit_code} continue; the annual review then bills the difference.",
    ),
    done=(
        "已申报:{people} 人,单位基数 {unit_base} 元",
        "Submitted: {people} people, unit's base {unit_base} yuan",
    ),
    after=lambda answer: f"/base-reviews/{answer['id']}",
)


def _is(status: str) -> Any:
    return lambda review: review["status"] == status


CONFIRM: Final = Action(
    title=("核定", "Confirm"),
    door=f"{_DOOR}/confirmations",
    right=Right.REVIEW_DECLARATION,
    when=_is("submitted"),
    fields=(Note(member="note", title=("说明", "Note")),),
    confirm=(
        "核定 {year} 年度基数:{people} 人,个人基数合计 {personal_sum} 元,单位基数 {unit_base} 元。",
        "Confirm the bases of {year}: {people} people, their sum {personal_sum} yuan, the unit's base"
        " {unit_base} yuan.",
    ),
    done=("已核定", "Confirmed"),
)
REFUSE: Final = Action(
    title=("不予核定", "Refuse"),
    door=f"{_DOOR}/refusals",
    right=Right.REVIEW_DECLARATION,
    when=_is("submitted"),
    fields=(Note(member="note", title=("理由", "Reason"), is_needed=True),),
    confirm=(
        "不予核定 {year} 年度基数:{people} 人。",
        "Refuse the bases of {year}: {people} people.",
    ),
    done=("不予核定", "Refused"),
    is_grave=True,
)
CORRECT: Final = Action(
    title=("申请核改", "Request a correction"),
    door=f"{_DOOR}/corrections",
    right=Right.REGISTER,
    when=_is("confirmed"),
    fields=(
        Field(member="identity_number", title=("证件号", "Identity number"), is_needed=True),
        Money(
            member="wage", title=("上年度月平均工资", "Wage of last year, a month"), is_needed=True
        ),
        Field(member="request_no", title=("申请书编号", "Number of the request"), is_needed=True),
        Day(member="requested_on", title=("申请日", "Requested on"), is_needed=True, start=today),
    ),
    confirm=(
        "申请核改 {year} 年度名册中一人的基数,由另一人批准。",
        "Request the correction of one person's base of {year}, for another person to approve.",
    ),
    done=("已申请:第 {line} 行,{wage} 元", "Requested: line {line}, {wage} yuan"),
)
APPROVE: Final = Action(
    title=("批准核改", "Approve"),
    door="collection:/v1/base-corrections/{id}/approvals",
    right=Right.REVIEW_DECLARATION,
    when=_is("requested"),
    confirm=(
        "批准核改 1 人:第 {line} 行,月平均工资 {wage} 元。",
        "Approve the correction of one person: line {line}, wage {wage} yuan a month.",
    ),
    done=("已批准", "Approved"),
)
REFUSE_CORRECTION: Final = Action(
    title=("不批准核改", "Refuse"),
    door="collection:/v1/base-corrections/{id}/refusals",
    right=Right.REVIEW_DECLARATION,
    when=_is("requested"),
    fields=(Note(member="why", title=("理由", "Reason"), is_needed=True),),
    confirm=(
        "不批准核改 1 人:第 {line} 行,月平均工资 {wage} 元;基数不变,可另行申请。",
        "Refuse the correction of one person: line {line}, wage {wage} yuan a month. The base stays;"
        " another request may follow.",
    ),
    done=("不予批准", "Refused"),
    is_grave=True,
)
ADJUST: Final = Action(
    title=("核定后补收", "Adjust a billed month"),
    door=f"{_DOOR}/adjustments",
    right=Right.REVIEW_DECLARATION,
    when=lambda review: review["status"] == "confirmed" and not review["provisional"],
    fields=(Month(member="period", title=("费款所属期", "Month"), is_needed=True),),
    confirm=(
        "按核定的 {people} 人基数重算一个已开单的月份;有差额的提交更正申报,只补收或冲减差额。",
        "Calculate one billed month on the bases of {people} people. Where it differs, a correction is"
        " submitted, and only the difference is billed or credited.",
    ),
    done=(
        "{period}:{people} 人有差额,共 {difference} 元",
        "{period}: {people} people differ, {difference} yuan",
    ),
    after=lambda answer: f"/declarations/{answer['adjustment']}" if answer["adjustment"] else None,
)
_REVIEW: Final = (
    Column("year", ("年度", "Year")),
    Column("version", ("版本", "Version"), Kind.NUMBER),
    Column("reason", ("事由", "Reason"), names=REASONS),
    Column("from_period", ("起始所属期", "From")),
    Column("provisional", ("暂定", "Provisional"), Kind.YES),
    Column("people", ("人数", "People"), Kind.NUMBER),
    Column("personal_sum", ("个人基数合计(元)", "Sum of people, yuan"), Kind.MONEY),
    Column("unit_base", ("单位基数(元)", "Unit's base, yuan"), Kind.MONEY),
    Column("status", ("状态", "Status"), names=STATUSES),
)


def _bases(person: Mapping[str, Any]) -> str:
    """Return the bases in words: one amount where all insurances have the same."""
    bases: Mapping[str, str] = person["bases"]
    amounts = set(bases.values())
    if len(amounts) <= 1:
        return text.money(next(iter(amounts), None))
    named = (f"{tell(codes.INSURANCES[one])} {text.money(bases[one])}" for one in bases)
    return t("\uff1b", "; ").join(named)


LIST: Final = ListPage(
    path="/base-reviews",
    title=("基数核定", "Base reviews"),
    area=Area.WORK,
    order=42,
    rights=(Right.READ_COLLECTION,),
    door=_OF_UNIT,
    filters=(
        Field(member="credit_code", title=("统一社会信用代码", "Credit code"), is_needed=True),
    ),
    columns=(Column("id", ("核定", "Review"), Kind.CODE, link="/base-reviews/{id}"), *_REVIEW),
    actions=(SUBMIT, CARRY_ON),
)
PAPER: Final = PaperPage(
    path="/base-reviews/{review}",
    title=("基数核定", "Base review"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door=_DOOR,
    status=None,
    fields=(
        Column("id", ("核定", "Review"), Kind.CODE),
        Column("credit_code", ("单位", "Unit"), Kind.CODE, link="/units/{credit_code}"),
        Column("unit_kind", ("单位类型", "Kind of unit"), names=codes.UNIT_KINDS),
        *_REVIEW,
        Column("unit_wage_total", ("单位工资总额(元)", "Unit's wages, yuan"), Kind.MONEY),
        Column("counted_only", ("只计入单位的人数", "People who only count"), Kind.NUMBER),
        Column("counted_only_wages", ("其工资(元)", "Their wages, yuan"), Kind.MONEY),
    ),
    parts=(
        Part(
            title=("核改", "Corrections"),
            door=f"{_DOOR}/corrections",
            columns=(
                Column("line", ("名册行", "Line"), Kind.NUMBER),
                Column("wage", ("月平均工资(元)", "Wage, yuan"), Kind.MONEY),
                Column("request_no", ("申请书编号", "Request"), Kind.CODE),
                Column("requested_on", ("申请日", "Requested on"), Kind.DAY),
                Column("status", ("状态", "Status"), names=CORRECTIONS),
            ),
            steps=(APPROVE, REFUSE_CORRECTION),
        ),
        Part(
            title=("名册", "People"),
            door=f"{_DOOR}/people",
            columns=(
                Column("line", ("行", "Line"), Kind.NUMBER),
                Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
                Column("standing", ("身份", "Standing"), names=STANDINGS),
                Column("wage", ("月平均工资(元)", "Wage, yuan"), Kind.MONEY),
                Column("bases", ("缴费基数(元)", "Bases, yuan"), Kind.FIGURE, of=_bases),
                Column("corrected", ("已核改", "Corrected"), Kind.YES),
            ),
        ),
    ),
    actions=(CONFIRM, REFUSE, CORRECT, ADJUST),
)

PAGES: Final = (LIST, PAPER)
