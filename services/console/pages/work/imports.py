"""Imports of units, people and declarations by file, with the faults as a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console.page import Area
from services.console.widgets.field import Choice, District, Field, Month
from services.console.widgets.file_form import FilePage
from services.console.words import Text
from shared.roles import Right

MODES: Final[Mapping[str, Text]] = {
    "all_or_nothing": ("全部无误才登记", "All or nothing"),
    "row_by_row": ("无误的行先登记", "The rows without faults"),
}
ON_FAULT: Final[Mapping[str, Text]] = {
    "refuse": ("有误即全部退回", "Refuse the file"),
    "skip_units": ("略过有误的单位", "Leave faulty units out"),
    "skip_rows": ("略过有误的行", "Leave faulty rows out"),
}
_MODE: Final = Choice(member="mode", title=("方式", "Mode"), choices=MODES)

PAGES: Final = (
    FilePage(
        path="/imports/declarations",
        title=("申报文件", "Declarations by file"),
        area=Area.WORK,
        order=80,
        rights=(Right.SUBMIT_DECLARATION,),
        door="collection:/v1/declaration-files",
        about=(
            "CSV 或 XLSX,列:统一社会信用代码、公民身份号码、缴费工资。人数与工资合计须与文件相符。",
            "CSV or XLSX with the columns credit_code, identity_number, wage. The totals must be the file's.",
        ),
        fields=(
            Month(member="period", title=("费款所属期", "Period"), is_needed=True),
            Field(member="control_people", title=("人数合计", "People in all"), is_needed=True),
            Field(
                member="control_wages", title=("工资合计(元)", "Wages in all, yuan"), is_needed=True
            ),
            District(),
            Choice(member="on_fault", title=("有误时", "On a fault"), choices=ON_FAULT),
        ),
    ),
    FilePage(
        path="/imports/units",
        title=("单位导入", "Import of units"),
        area=Area.WORK,
        order=81,
        rights=(Right.REGISTER,),
        door="collection:/v1/unit-imports",
        about=(
            "CSV 或 XLSX,列:credit_code、name、kind、district、collector;需要时另有 injury_class、bank、account_number、account_name。",
            "CSV or XLSX with the columns credit_code, name, kind, district, collector; where needed injury_class, bank, account_number, account_name.",
        ),
        fields=(_MODE,),
    ),
    FilePage(
        path="/imports/people",
        title=("人员参保导入", "Import of people"),
        area=Area.WORK,
        order=82,
        rights=(Right.REGISTER,),
        door="collection:/v1/enrolment-imports",
        about=(
            "CSV 或 XLSX,列:credit_code、identity_number、name、joined_on。",
            "CSV or XLSX with the columns credit_code, identity_number, name, joined_on.",
        ),
        fields=(_MODE,),
    ),
)
