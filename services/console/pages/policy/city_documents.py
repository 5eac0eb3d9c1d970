"""The city's own rules as documents: the columns of their rows, and the fields to change one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.console import codes
from services.console.pages.policy.contribution_quotes import regions
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import (
    Choice,
    Day,
    Field,
    Loaded,
    Money,
    Month,
    Note,
    Number,
    Several,
    Words,
    Yes,
)
from services.console.words import Text, tell
from shared.money import NotAnAmount, format_yuan, parse_yuan

Row = Mapping[str, Any]
RULES: Final[Mapping[str, Text]] = {
    "summary_calendar": ("汇总截止日", "Cut-off days"),
    "filing": ("申报年度", "Declaration year"),
    "levy_items": ("征收品目", "Levy items"),
    "notice_texts": ("通知书文字", "Sentences of notices"),
    "quality_checks": ("数据质量界限", "Limits of data quality"),
    "return_codes": ("退回原因", "Return codes"),
    "waiver_reasons": ("减免原因", "Reasons of waivers"),
}
NOTICES: Final[Mapping[str, Text]] = {
    "bill": ("缴费通知单", "Bill"),
    "charge": ("滞纳金通知单", "Bill of late charges"),
    "dunning": ("催缴通知书", "Dunning notice"),
    "certificate": ("足额缴费证明", "Certificate"),
    "inspection": ("稽核文书", "Paper of an inspection"),
    "project_certificate": ("项目参保证明", "Certificate of a project"),
}
PAPERS: Final[Mapping[str, Text]] = {
    "declaration": ("申报", "Declaration"),
    "summary": ("汇总表", "Summary"),
    "change": ("变更登记", "Register change"),
}
CHARGES: Final[Mapping[str, Text]] = {
    "late_fee": ("滞纳金", "Late fee"),
    "interest": ("利息", "Interest"),
}
PARTIES: Final[Mapping[str, Text]] = {**codes.PARTIES, "late_fee": CHARGES["late_fee"]}
LIMITS: Final[Mapping[str, Text]] = {
    "low_fen": ("不低于(元)", "At least, yuan"),
    "high_fen": ("不高于(元)", "At most, yuan"),
    "times": ("倍数", "Times"),
    "placeholders_fen": ("占位工资(元)", "Placeholders, yuan"),
    "uniform_people": ("人数", "People"),
    "dropped_people": ("减少人数", "People fewer"),
    "dropped_times": ("减少倍数", "Times fewer"),
    "earliest": ("最早日期", "Earliest day"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsOfRule:
    """A list of rows of a document. `key` names a row; its members are typed only for a new one."""

    title: Text
    member: str
    key: Sequence[str]
    columns: Sequence[Column]
    fields: Sequence[Field] = ()
    can_add: bool = True

    def name_of(self, row: Row) -> tuple[str, ...]:
        """Return what names a row."""
        return tuple(str(row[member]) for member in self.key)


def _several(member: str, names: Mapping[str, Text]) -> Callable[[Row], str]:
    return lambda row: "、".join(
        tell(names[code]) if code in names else code for code in row[member]
    )


def limit_text(name: str, value: Any) -> str:
    """Return a limit as people write it: money in yuan."""
    if isinstance(value, list):
        return "、".join(limit_text(name, one) for one in value)
    return format_yuan(value) if name.endswith("_fen") else str(value)


def limit_read(name: str, written: Any) -> Any:
    """Return a limit as the document holds it; what is no amount goes as it is, for the door to name."""
    if isinstance(written, list):
        return [limit_read(name, one) for one in written]
    if not name.endswith("_fen") or not isinstance(written, str):
        return written
    try:
        return parse_yuan(written)
    except NotAnAmount:
        return written


def limit_field(name: str, value: Any) -> Field:
    """Return the field of a limit, by the value that it has now."""
    kind = (
        Words
        if isinstance(value, list)
        else Money
        if name.endswith("_fen")
        else Day
        if isinstance(value, str)
        else Number
    )
    return kind(member=f"limits.{name}", title=LIMITS.get(name, (name, name)), is_needed=True)


def _limits(row: Row) -> str:
    return ";".join(
        f"{tell(LIMITS[name]) if name in LIMITS else name} {limit_text(name, value)}"
        for name, value in row["limits"].items()
    )


_CODE: Final = Column("code", ("代码", "Code"), Kind.CODE)
_TEXT: Final = Column("text", ("文字", "Text"))
_REGION: Final = Column("region", ("统筹区", "Region"), names=codes.REGIONS)
_FROM_TO: Final = (
    Column("in_force_from", ("自", "From"), Kind.DAY),
    Column("in_force_to", ("至", "To"), Kind.DAY),
)
_SOURCED: Final = (
    Column("source", ("依据", "Source")),
    Column("certain", ("已核实", "Confirmed"), Kind.YES),
)
_SOURCE_FIELDS: Final = (
    Field(member="source", title=("依据", "Source"), is_needed=True),
    Yes(member="certain", title=("已核实", "Confirmed")),
)
_DAY_FIELDS: Final = (
    Day(member="in_force_from", title=("自", "From"), is_needed=True),
    Day(member="in_force_to", title=("至", "To")),
)
_TEXT_FIELD: Final = Note(member="text", title=("文字", "Text"), is_needed=True)
_CODE_FIELD: Final = Field(member="code", title=("代码", "Code"), is_needed=True)
_REGION_FIELD: Final = Loaded(
    member="region", title=("统筹区", "Region"), load=regions, is_needed=True
)
_MONTH_FIELD: Final = Number(
    member="year_begins_month", title=("起始月", "First month"), is_needed=True
)

ROWS: Final[Mapping[str, Sequence[RowsOfRule]]] = {
    "summary_calendar": (
        RowsOfRule(
            title=("每月截止日", "Days of a month"),
            member="rules",
            key=("region", "from_period"),
            columns=(
                _REGION,
                Column("from_period", ("自费款所属期", "From month")),
                Column("cut_off_day", ("次月几日", "Day of the next month"), Kind.NUMBER),
                *_SOURCED,
            ),
            fields=(
                _REGION_FIELD,
                Month(member="from_period", title=("自费款所属期", "From month"), is_needed=True),
                Number(
                    member="cut_off_day",
                    title=("次月几日", "Day of the next month"),
                    is_needed=True,
                ),
                *_SOURCE_FIELDS,
            ),
        ),
    ),
    "filing": (
        RowsOfRule(
            title=("统筹区", "Regions"),
            member="regions",
            key=("region",),
            columns=(
                _REGION,
                Column("year_begins_month", ("起始月", "First month"), Kind.NUMBER),
                Column("source", ("依据编号", "Id of the source"), Kind.CODE),
            ),
            fields=(
                _REGION_FIELD,
                _MONTH_FIELD,
                Field(member="source", title=("依据编号", "Id of the source"), is_needed=True),
            ),
        ),
        RowsOfRule(
            title=("依据", "Sources"),
            member="sources",
            key=("id",),
            columns=(
                Column("id", ("编号", "Id"), Kind.CODE),
                _TEXT,
                Column("certain", ("已核实", "Confirmed"), Kind.YES),
            ),
            fields=(
                Field(member="id", title=("编号", "Id"), is_needed=True),
                _TEXT_FIELD,
                _SOURCE_FIELDS[1],
            ),
        ),
    ),
    "levy_items": (
        RowsOfRule(
            title=("品目", "Items"),
            member="items",
            key=("code",),
            columns=(
                _CODE,
                Column("name", ("名称", "Name")),
                Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
                Column("party", ("缴费方", "Party"), names=PARTIES),
                Column("certain", ("已核实", "Confirmed"), Kind.YES),
            ),
            fields=(
                _CODE_FIELD,
                Field(member="name", title=("名称", "Name"), is_needed=True),
                Choice(
                    member="insurance",
                    title=("险种", "Insurance"),
                    choices=codes.INSURANCES,
                    is_needed=True,
                ),
                Choice(member="party", title=("缴费方", "Party"), choices=PARTIES, is_needed=True),
                _SOURCE_FIELDS[1],
            ),
        ),
    ),
    "notice_texts": (
        RowsOfRule(
            title=("文字", "Sentences"),
            member="texts",
            key=("notice", "in_force_from"),
            columns=(
                Column("notice", ("通知书", "Notice"), names=NOTICES),
                _TEXT,
                *_FROM_TO,
                *_SOURCED,
            ),
            fields=(
                Choice(
                    member="notice",
                    title=("通知书", "Notice"),
                    choices=NOTICES,
                    is_needed=True,
                ),
                _TEXT_FIELD,
                *_DAY_FIELDS,
                *_SOURCE_FIELDS,
            ),
        ),
    ),
    "quality_checks": (
        RowsOfRule(
            title=("检查项", "Checks"),
            member="checks",
            key=("id",),
            columns=(
                Column("id", ("检查项", "Check"), Kind.CODE),
                Column("title", ("名称", "Title")),
                Column("limits", ("界限", "Limits"), of=_limits),
                *_SOURCED,
            ),
            fields=(
                Field(member="title", title=("名称", "Title"), is_needed=True),
                *_SOURCE_FIELDS,
            ),
            can_add=False,
        ),
        RowsOfRule(
            title=("目标", "Targets"),
            member="targets",
            key=("id",),
            columns=(
                Column("title", ("名称", "Title")),
                Column("at_least", ("不低于", "At least"), Kind.PERCENT),
                *_SOURCED,
            ),
            fields=(
                Field(member="at_least", title=("不低于(如 0.9000)", "At least, as 0.9000")),
                *_SOURCE_FIELDS,
            ),
            can_add=False,
        ),
    ),
    "return_codes": (
        RowsOfRule(
            title=("原因", "Reasons"),
            member="codes",
            key=("code",),
            columns=(
                _CODE,
                _TEXT,
                Column("papers", ("适用单据", "Papers"), of=_several("papers", PAPERS)),
                Column("needs_note", ("须附说明", "Needs a note"), Kind.YES),
                *_SOURCED,
            ),
            fields=(
                _CODE_FIELD,
                _TEXT_FIELD,
                Several(member="papers", title=("适用单据", "Papers"), choices=PAPERS),
                Yes(member="needs_note", title=("须附说明", "Needs a note")),
                *_SOURCE_FIELDS,
            ),
        ),
    ),
    "waiver_reasons": (
        RowsOfRule(
            title=("原因", "Reasons"),
            member="reasons",
            key=("code", "in_force_from"),
            columns=(
                _CODE,
                _TEXT,
                Column("kinds", ("适用", "For"), of=_several("kinds", CHARGES)),
                *_FROM_TO,
                *_SOURCED,
            ),
            fields=(
                _CODE_FIELD,
                _TEXT_FIELD,
                Several(member="kinds", title=("适用", "For"), choices=CHARGES),
                *_DAY_FIELDS,
                *_SOURCE_FIELDS,
            ),
        ),
    ),
}
"""The lists of each document that people change. What else a document holds stays as it is."""
