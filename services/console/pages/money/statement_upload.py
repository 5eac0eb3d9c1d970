"""The upload of a bank's or the treasury's statement of one of our accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console.page import Area
from services.console.pages.money.names import DEPOSITS
from services.console.widgets.field import Choice, Day, Money
from services.console.widgets.file_form import FilePage
from services.console.words import Text
from shared.roles import Right

FORMATS: Final[Mapping[str, Text]] = {
    "csv": ("CSV", "CSV"),
    "iso20022": ("ISO 20022 (camt.053)", "ISO 20022 (camt.053)"),
    "json": ("JSON", "JSON"),
}

PAGES: Final = (
    FilePage(
        path="/imports/bank-statements",
        title=("上传对账单", "Upload a statement"),
        area=Area.MONEY,
        order=79,
        rights=(Right.UPLOAD_STATEMENT,),
        door="collection:/v1/bank-statements",
        about=(
            "CSV 列:booked_on、amount(付出为负)、serial,需要时另有 reference、counter_account、counter_name、text。",
            "Columns of CSV: booked_on, amount (negative when paid out), serial; where known reference, counter_account, counter_name, text.",
        ),
        fields=(
            Choice(member="account", title=("账户", "Account"), choices=DEPOSITS, is_needed=True),
            Day(member="first", title=("首日", "First day"), is_needed=True),
            Day(member="last", title=("末日", "Last day"), is_needed=True),
            Money(member="opening", title=("期初余额", "Opening"), is_needed=True),
            Money(member="closing", title=("期末余额", "Closing"), is_needed=True),
            Choice(member="format", title=("格式", "Format"), choices=FORMATS, start="csv"),
        ),
    ),
)
