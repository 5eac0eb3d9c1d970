"""Cut-offs of summaries by month (汇总截止日): by the city's rule, or a day that two people set."""

from __future__ import annotations

from typing import Final

from services.console import codes
from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Day, Field, Month, Number, this_year
from services.console.widgets.rules import RulesPage, row_decisions
from shared.roles import Right

_CUT_OFF: Final = (
    Column("period", ("费款所属期", "Month")),
    Column("cut_off_on", ("截止日", "Cut-off"), Kind.DAY),
)
CUT_OFFS: Final = RulesPage(
    path="/cut-offs",
    title=("汇总截止日", "Cut-offs"),
    area=Area.POLICY,
    order=78,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/cut-offs",
    about=(
        "按本市规则推算,也可由两人为某月另行公布;此后上报的汇总表按公布之日判断是否逾期。",
        "By the city's rule, or a day that two people set for a month; summaries sent from then on"
        " are judged by it.",
    ),
    filters=(Number(member="year", title=("年度", "Year"), is_needed=True, start=this_year),),
    columns=(
        *_CUT_OFF,
        Column("estimated", ("工作日未录入", "Workdays unknown"), Kind.YES),
        Column("certain", ("已核实", "Confirmed"), Kind.YES),
        Column("source", ("依据", "Source")),
        Column("set_by", ("公布", "Set by"), names=codes.AUTHORS),
    ),
    waiting_columns=(
        *_CUT_OFF,
        Column("source", ("依据", "Source")),
        Column("filed_by", ("提出", "Filed by")),
    ),
    decisions=row_decisions(
        "collection:/v1/cut-off-changes/{id}",
        Right.PUBLISH_POLICY,
        (
            "{period} 的汇总截止日为 {cut_off_on},依据 {source}",
            "{cut_off_on} for {period}, by {source}",
        ),
    ),
    actions=(
        Action(
            title=("公布某月截止日", "Set a month's cut-off"),
            door="collection:/v1/cut-offs",
            right=Right.PUBLISH_POLICY,
            fields=(
                Month(member="period", title=("费款所属期", "Month"), is_needed=True),
                Day(member="cut_off_on", title=("截止日", "Cut-off"), is_needed=True),
                Field(member="source", title=("依据", "Source"), is_needed=True),
            ),
            confirm=("提出后由另一人批准。", "Another person approves it."),
            done=("已提出,待另一人批准", "Filed; another person approves"),
        ),
    ),
)

PAGES: Final = (CUT_OFFS,)
