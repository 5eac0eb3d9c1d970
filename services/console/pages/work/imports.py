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
        template=(
            "统一社会信用代码,公民身份号码,缴费工资",
            "credit_code,identity_number,wage",
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
            "CSV 或 XLSX,列见模板。单位类型:企业、事业单位、机关、乡镇企业、灵活就业;工伤类别:1 至 8;征收方式:银行托收、税务征收;银行托收须填开户银行、银行账号、账户名称。",
            "CSV or XLSX with the columns of the template. Kinds: enterprise, institution, organ, rural_enterprise, flexible. Injury classes: 1 to 8. Collectors: bank_debit, which needs the account, or tax.",
        ),
        template=(
            "统一社会信用代码,单位名称,单位类型,分中心,工伤类别,征收方式,开户银行,银行账号,账户名称",
            "credit_code,name,kind,district,injury_class,collector,bank,account_number,account_name",
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
            "CSV 或 XLSX,列见模板。参保日期如 2026-08-01;参保类别(职工、仅工伤、灵活就业、退休)空白为职工。",
            "CSV or XLSX with the columns of the template. A day is 2026-08-01. Categories: employee (also when blank), injury_only, flexible, retiree.",
        ),
        template=(
            "统一社会信用代码,公民身份号码,姓名,参保日期,参保类别",
            "credit_code,identity_number,name,joined_on,category",
        ),
        fields=(_MODE,),
    ),
)
