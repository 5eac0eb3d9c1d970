"""A pack's rows and values in words: names of parts and members, rates and amounts with units."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from services.console import codes
from services.console.widgets import text
from services.console.words import Text, t, tell

Pack = Mapping[str, Any]


class Unit(StrEnum):
    """The unit of a figure."""

    RATE = "rate"
    YUAN = "yuan"


PARTS: Final[Mapping[str, Text]] = {
    "title": ("名称", "Title"),
    "region": ("统筹区", "Region"),
    "in_force_to": ("有效期止", "In force to"),
    "sources": ("依据", "Source"),
    "rounding": ("舍入", "Rounding"),
    "insurances": ("险种", "Insurances"),
    "names": ("险种名称", "Names"),
    "fund_map": ("基金归属", "Fund"),
    "suspense_fund": ("暂收基金", "Fund of suspense"),
    "receipt_accounts": ("到账账户", "Receipt account"),
    "rates": ("费率", "Rate"),
    "exempt": ("不征", "Exempt"),
    "limits": ("基数上下限", "Limits"),
    "calendar": ("日历", "Calendar"),
    "allocation": ("分配次序", "Allocation"),
    "late_fee": ("滞纳金", "Late fee"),
    "late_fee_caps": ("滞纳金上限", "Cap of the late fee"),
    "interest": ("补缴利息", "Interest"),
    "charge_accounts": ("滞纳金账户", "Account of charges"),
    "deferral": ("缓缴", "Deferral"),
    "relief": ("减免", "Relief"),
    "averages": ("平均工资", "Average wage"),
    "crediting": ("划入个人账户", "Credits to accounts"),
    "injury_floating": ("工伤费率浮动", "Floating of work injury"),
    "construction": ("建设项目", "Construction"),
    "default_levy": ("未申报核定", "Default levy"),
    "frozen_bases": ("基数冻结", "Frozen bases"),
    "categories": ("参保类别", "Categories"),
    "notes": ("说明", "Notes"),
}
MEMBERS: Final[Mapping[str, Text]] = {
    "id": ("编号", "Id"),
    "text": ("出处", "Text"),
    "certain": ("已核实", "Confirmed"),
    "source": ("依据", "Source"),
    "insurance": ("险种", "Insurance"),
    "insurances": ("险种", "Insurances"),
    "party": ("缴费方", "Party"),
    "unit_kinds": ("适用单位", "Kinds of units"),
    "injury_class": ("工伤类别", "Injury class"),
    "rate": ("费率", "Rate"),
    "base": ("基数", "Base"),
    "account": ("记入", "Booked in"),
    "amount": ("金额", "Amount"),
    "average": ("按平均工资", "By the average"),
    "sum_of": ("合计的基数", "Bases summed"),
    "months": ("月份", "Months"),
    "categories": ("适用人员", "People"),
    "category": ("人员", "People"),
    "rounding": ("舍入", "Rounding"),
    "base_rounding": ("基数取整", "Rounding of bases"),
    "limits": ("上下限", "Limits"),
    "floor": ("下限", "Floor"),
    "ceiling": ("上限", "Ceiling"),
    "floor_from": ("下限算法", "Floor from"),
    "ceiling_from": ("上限算法", "Ceiling from"),
    "of": ("平均工资", "Average of"),
    "factor": ("比例", "Factor"),
    "unit": ("单位", "Unit"),
    "mode": ("方式", "Mode"),
    "level": ("层级", "Level"),
    "fund": ("基金", "Fund"),
    "channel": ("渠道", "Channel"),
    "in_force_from": ("自", "From"),
    "in_force_to": ("至", "To"),
    "due_day": ("缴费截止日(次月)", "Due day, next month"),
    "declare_day": ("申报截止日(次月)", "Last day to declare, next month"),
    "settlement_day": ("结算日(次月)", "Settlement day, next month"),
    "order": ("次序", "Order"),
    "charges": ("滞纳金次序", "Order of charges"),
    "daily_rate": ("日加收率", "Daily rate"),
    "yearly_rate": ("年利率", "Yearly rate"),
    "start": ("起算", "Starts"),
    "end": ("止算", "Ends"),
    "share": ("比例", "Share"),
    "kind": ("种类", "Kind"),
    "name": ("名称", "Name"),
    "from": ("起", "From"),
    "below": ("不满", "Below"),
    "enforced": ("执行", "Enforced"),
    "yearly": ("每年", "A year"),
    "compounds": ("连续计算", "Compounds"),
    "capacity_months": ("可支付月数", "Months of capacity"),
}
UNITS: Final[Mapping[str, Unit]] = {
    **dict.fromkeys(("rate", "daily_rate", "yearly_rate", "factor", "share"), Unit.RATE),
    **dict.fromkeys(("amount", "floor", "ceiling", "below", "yearly"), Unit.YUAN),
}
BASES: Final[Mapping[str, Text]] = {
    "own": ("本人基数", "the person's base"),
    "own_last_year": ("本人上年度月平均工资", "the person's wage of last year"),
    "own_last_month": ("本人上月工资", "the person's wage of last month"),
    "own_archive": ("本人工资,不低于档案工资", "the wage, at least the one on file"),
    "city_average": ("平均工资", "the average wage"),
    "head": ("每人定额", "a fixed amount a head"),
    "personal_sum": ("个人基数之和", "the sum of personal bases"),
    "unit_total": ("单位工资总额", "the unit's wage bill"),
    "unit_last_year": ("单位上年度月平均工资总额", "the unit's wage bill of last year"),
    "unit_last_month": ("单位上月工资总额", "the unit's wage bill of last month"),
    "unit_dual": ("单位工资总额与个人基数之和中较高者", "the higher of wage bill and bases"),
}
_WORDS: Final[Mapping[str, Text]] = {
    **codes.INSURANCES,
    **codes.PARTIES,
    **codes.UNIT_KINDS,
    **codes.CATEGORIES,
    **codes.COLLECTORS,
    **codes.REGIONS,
    **BASES,
    "*": ("各类", "all"),
    "pooled": ("统筹", "pooled"),
    "personal_account": ("个人账户", "personal account"),
    "income_deposit": codes.LEDGER_ACCOUNTS["income_deposit"],
    "treasury_deposit": codes.LEDGER_ACCOUNTS["treasury_deposit"],
    "half_up": ("四舍五入", "half up"),
    "up": ("进位", "up"),
    "down": ("舍去", "down"),
    "person": ("逐人", "each person"),
    "one_ticket": ("一票征缴", "one ticket"),
    "insurance_order": ("按险种次序", "insurance by insurance"),
    "oldest_first": ("先清最早所属期", "oldest month first"),
    "pro_rata": ("按比例", "pro rata"),
    "principal_first": ("先本金", "principal first"),
    "charges_first": ("先滞纳金", "charges first"),
    "day_after_due": ("自应缴日次日起", "from the day after due"),
    "second_month_after_settlement": ("自结算日后第二个月首日起", "from the second month"),
    "next_year": ("自次年1月1日起", "from the next year"),
    "day_paid": ("至缴清当日止", "to the day of payment"),
    "day_before_paid": ("至缴清前一日止", "to the day before payment"),
}
_NAMED_BY: Final = ("id", "insurance", "channel", "kind")


def part_name(part: str) -> str:
    """Return the name of a part of a pack."""
    return tell(PARTS[part]) if part in PARTS else part


def member_name(member: str | None) -> str:
    """Return the name of a member; of one within another, both: 下限算法 · 比例."""
    if member is None:
        return t("整行", "The row")
    return " · ".join(tell(MEMBERS[one]) if one in MEMBERS else one for one in member.split("."))


def row_name(row: str, *packs: Pack | None) -> str:
    """Return a row in words: "rates pension.unit" is 基本养老保险 · 单位."""
    part, _, name = row.partition(" ")
    for pack in packs:
        for known in _rows_of(pack, part):
            if name == next((str(known[key]) for key in _NAMED_BY if known.get(key)), None):
                return _described(known) or name
    return tell(_WORDS[name]) if name in _WORDS else name


def _rows_of(pack: Pack | None, part: str) -> Sequence[Mapping[str, Any]]:
    rows = (pack or {}).get(part)
    return rows if isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows) else ()


def _described(row: Mapping[str, Any]) -> str:
    words = [_word(row[one]) for one in ("insurance", "party", "channel") if row.get(one)]
    kinds = row.get("unit_kinds")
    if kinds and kinds != ["*"]:
        words.append(value_text("unit_kinds", kinds))
    if row.get("injury_class"):
        words.append(t(f"{row['injury_class']}类", f"class {row['injury_class']}"))
    if row.get("categories"):
        words.append(value_text("categories", row["categories"]))
    return " · ".join(words)


def _word(value: Any) -> str:
    return tell(_WORDS[str(value)]) if str(value) in _WORDS else str(value)


def unit_of(member: str | None, value: Any) -> Unit | None:
    """Return the unit of a figure; None for what is no figure."""
    last = (member or "").rpartition(".")[2]
    if last not in UNITS or isinstance(value, (list, Mapping)):
        return None
    return UNITS[last] if value is None or _number(value) is not None else None


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


_FIGURES: Final[Mapping[Unit, Callable[[str], str]]] = {
    Unit.RATE: text.rate,
    Unit.YUAN: lambda value: t(f"{text.money(value)} 元", f"{text.money(value)} yuan"),
}


def value_text(member: str | None, value: Any) -> str:
    """Return a value in words, figures with their units."""
    if value is None:
        return text.NOTHING
    if isinstance(value, bool):
        return text.yes(value)
    if isinstance(value, Mapping):
        parts = (f"{member_name(one)} {value_text(one, inner)}" for one, inner in value.items())
        return t(";", "; ").join(parts)
    if isinstance(value, list):
        return t("、", ", ").join(value_text(member, one) for one in value)
    last = (member or "").rpartition(".")[2]
    if last.endswith("_day"):
        return t(f"{value} 日", f"day {value}")
    unit = unit_of(member, value)
    return _FIGURES[unit](str(value)) if unit else _word(value)


def difference(member: str | None, was: Any, now: Any) -> str:
    """Return by how much a figure has changed, with its sign; a dash where it is new or gone."""
    unit, old, new = unit_of(member, now), _number(was), _number(now)
    if unit is None or old is None or new is None:
        return text.NOTHING
    by = new - old
    return ("+" if by > 0 else "") + _FIGURES[unit](str(by))
