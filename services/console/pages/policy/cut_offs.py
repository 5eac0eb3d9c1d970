"""Cut-offs of summaries by month (汇总截止日)."""

from __future__ import annotations

from typing import Final

from services.console import codes
from services.console.page import Area
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Number, this_year
from services.console.widgets.listing import ListPage
from shared.roles import Right

CUT_OFFS: Final = ListPage(
    path="/cut-offs",
    title=("汇总截止日", "Cut-offs"),
    area=Area.POLICY,
    order=78,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/cut-offs",
    is_paged=False,
    filters=(Number(member="year", title=("年度", "Year"), is_needed=True, start=this_year),),
    columns=(
        Column("period", ("费款所属期", "Month")),
        Column("cut_off_on", ("截止日", "Cut-off"), Kind.DAY),
        Column("estimated", ("按规则推算", "By the rule"), Kind.YES),
        Column("certain", ("已核实", "Confirmed"), Kind.YES),
        Column("source", ("依据", "Source")),
        Column("set_by", ("公布", "Set by"), names=codes.AUTHORS),
    ),
)

PAGES: Final = (CUT_OFFS,)
