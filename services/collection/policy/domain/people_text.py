"""The categories and reliefs of a policy as Chinese text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from services.collection.policy.domain.category import EMPLOYEE, BaseChoice, Category
from services.collection.policy.domain.policy import Policy
from shared.fund import INSURANCE_NAMES, UnitSize
from shared.money import PPM, format_yuan

CATEGORY_NAMES: Final = {
    EMPLOYEE: "职工",
    "injury_only": "仅参加工伤保险人员",
    "flexible": "灵活就业人员",
    "retiree": "退休人员",
}
"""Names of the usual categories. A pack's other categories are shown as written."""
SIZE_NAMES: Final = {
    UnitSize.LARGE: "大型企业",
    UnitSize.MEDIUM: "中型企业",
    UnitSize.SMALL: "小型企业",
    UnitSize.MICRO: "微型企业",
    UnitSize.SOLE: "个体工商户",
}
Cite = Callable[[str], str]
Percent = Callable[[int], str]


def category_names(categories: Iterable[str]) -> str:
    """Return the Chinese names of categories."""
    return "、".join(CATEGORY_NAMES.get(name, name) for name in categories)


def categories(policy: Policy, cited: Cite) -> Iterator[tuple[str, ...]]:
    """Build a table row for each category, and one for each base that it may choose."""
    for row in policy.categories:
        names = [INSURANCE_NAMES.get(name, name) for name in row.insurances]
        what = "、".join(names) or "无(只征列明该类别的项目)"
        yield _who(row), what, _months(row), cited(row.source)
        for choice in row.choices:
            yield (
                f"{_who(row)},档次 {choice.choice}",
                _base(choice),
                _months(choice),
                cited(choice.source),
            )


def _who(row: Category) -> str:
    kinds = "" if row.unit_kinds == ("*",) else f"({'、'.join(row.unit_kinds)})"
    return CATEGORY_NAMES.get(row.category, row.category) + kinds


def _base(choice: BaseChoice) -> str:
    whole, part = divmod(choice.factor_ppm, PPM // 100)
    percent = f"{whole}.{part:04d}".rstrip("0").rstrip(".")
    of = "、".join(INSURANCE_NAMES.get(name, name) for name in choice.insurances)
    return f"{of}基数为平均工资的{percent}%,{format_yuan(choice.base_fen)}元"


def _months(row: Category | BaseChoice) -> str:
    if row.period_from is None and row.period_to is None:
        return "全部期间"
    first = "" if row.period_from is None else str(row.period_from)
    return f"{first}至{'' if row.period_to is None else row.period_to}"


def relief(
    policy: Policy, cited: Cite, percent: Percent, kinds: dict[str, str]
) -> Iterator[tuple[str, ...]]:
    """Build a table row for each relief: insurance, units, months, share and cap."""
    names = {**kinds, **{size.value: name for size, name in SIZE_NAMES.items()}}
    for row in policy.charges.reliefs:
        share = f"单位部分的{percent(row.factor_ppm)}"
        if row.cap_fen is not None:
            share += f",每月不超过{format_yuan(row.cap_fen)}元"
        if row.spares_accounts:
            share += ",个人账户照常划入"
        yield (
            INSURANCE_NAMES.get(row.insurance, row.insurance),
            "、".join(names.get(name, name) for name in row.unit_classes),
            f"{row.period_from}至{row.period_to}",
            share,
            cited(row.source),
        )
