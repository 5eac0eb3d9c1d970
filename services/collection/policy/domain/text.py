"""A policy as Chinese text (政策摘要): every row with its source, uncertain sources marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from services.collection.policy.domain import people_text as people_text_rules
from services.collection.policy.domain.allocation_order import AllocationMethod
from services.collection.policy.domain.charge import Cap, ChargeKind, ChargeRate, EndRule, StartRule
from services.collection.policy.domain.crediting import CreditRule
from services.collection.policy.domain.policy import Policy
from services.collection.policy.domain.rate import ANY, BaseKind, Limit, Rate
from shared.fund import INSURANCE_NAMES, AccountKind, Party
from shared.money import PPM, Rounding, RoundingMode, format_yuan

KIND_NAMES: Final = {
    ANY: "各类单位",
    "enterprise": "企业",
    "institution": "事业单位",
    "organ": "机关",
    "rural_enterprise": "农村企业",
    "flexible": "灵活就业人员",
}
PARTY_NAMES: Final = {Party.UNIT: "单位", Party.PERSONAL: "个人"}
BASE_NAMES: Final = {
    BaseKind.OWN: "本人基数",
    BaseKind.OWN_LAST_YEAR: "本人上年度月平均工资",
    BaseKind.OWN_LAST_MONTH: "本人上月工资",
    BaseKind.OWN_ARCHIVE: "本人工资,不低于档案工资",
    BaseKind.CITY_AVERAGE: "平均工资",
    BaseKind.HEAD: "每人定额",
    BaseKind.PERSONAL_SUM: "个人基数之和",
    BaseKind.UNIT_TOTAL: "单位工资总额",
    BaseKind.UNIT_LAST_YEAR: "单位上年度月平均工资总额",
    BaseKind.UNIT_LAST_MONTH: "单位上月工资总额",
    BaseKind.UNIT_DUAL: "单位工资总额与个人基数之和中较高者",
}
_ACCOUNT_NAMES: Final = {
    AccountKind.POOLED: "统筹",
    AccountKind.PERSONAL_ACCOUNT: "个人账户",
}
_MODE_NAMES: Final = {
    RoundingMode.HALF_UP: "四舍五入",
    RoundingMode.UP: "进位",
    RoundingMode.DOWN: "舍去",
}
_UNIT_NAMES: Final = {1: "分", 10: "角", 100: "元"}
_START_NAMES: Final = {
    StartRule.DAY_AFTER_DUE: "自应缴日次日起",
    StartRule.SECOND_MONTH_AFTER_SETTLEMENT: "自结算日后第二个月首日起",
    StartRule.NEXT_YEAR: "自次年1月1日起",
}
_END_NAMES: Final = {
    EndRule.DAY_PAID: "至缴清当日止",
    EndRule.DAY_BEFORE_PAID: "至缴清前一日止",
}
_CHARGE_NAMES: Final = {ChargeKind.LATE_FEE: "滞纳金", ChargeKind.INTEREST: "补缴利息"}
DOUBT: Final = "〔待核〕"
"""Mark of a row whose source is not certain."""


def percent(ppm: int) -> str:
    """Format parts per million as a percentage: 160,000 is "16%"."""
    whole, part = divmod(ppm, PPM // 100)
    decimals = f"{part:04d}".rstrip("0")
    return f"{whole}.{decimals}%" if decimals else f"{whole}%"


def markdown(policy: Policy) -> str:
    """Write the whole policy as Markdown, with a table for each group of rows."""
    cite = partial(_cited, policy)
    ends = "起施行" if policy.in_force_to is None else f"至{policy.in_force_to}"
    parts = [
        [
            f"# {policy.title}",
            "",
            f"政策包 `{policy.pack}`,统筹区 `{policy.region}`,"
            f"{policy.in_force_from}{ends}。带{DOUBT}的条目依据未经核实。",
        ],
        _section("险种与基金", ("险种", "基金", "自", "依据"), _funds(policy)),
        _section(
            "费率", ("险种", "缴费方", "适用", "费率", "基数", "记入", "依据"), _rates(policy)
        ),
        _section("不征", ("险种", "适用", "依据"), _exempt(policy)),
        _section(
            "参保类别",
            ("人员", "征缴范围", "期间", "依据"),
            people_text_rules.categories(policy, cite),
        ),
        _section("缴费基数上下限", ("险种", "下限", "上限", "依据"), _limits(policy)),
        _section("划入个人账户", ("险种", "人员", "标准", "依据"), _credits(policy)),
        _section("工伤费率浮动", ("档次", "系数", "适用", "依据"), _floating(policy)),
        _section("建设项目工伤保险", ("合同造价", "费率", "依据"), _construction(policy)),
        _section("逾期", ("项目", "期间", "标准", "起止", "依据"), _late(policy)),
        _section(
            "减免",
            ("险种", "适用", "期间", "减免比例", "依据"),
            people_text_rules.relief(policy, cite, percent, KIND_NAMES),
        ),
        ["## 办理", "", *(f"- {sentence}" for sentence in _handling(policy))],
        _section("依据", ("编号", "出处"), _sources(policy)),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _section(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Build a heading and its table; nothing if there are no rows."""
    lines = ["| " + " | ".join(_cell(text) for text in row) + " |" for row in rows]
    if not lines:
        return []
    head = "| " + " | ".join(columns) + " |"
    return [f"## {title}", "", head, "|" + " --- |" * len(columns), *lines]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _name(insurance: str) -> str:
    return "各险种" if insurance == ANY else INSURANCE_NAMES.get(insurance, insurance)


def _named(policy: Policy, insurance: str) -> str:
    return policy.names.get(insurance) or _name(insurance)


def _kinds(kinds: Iterable[str]) -> str:
    return "、".join(KIND_NAMES.get(kind, kind) for kind in kinds)


def _cited(policy: Policy, source: str) -> str:
    text, certain = policy.sources[source]
    return text if certain else f"{text}{DOUBT}"


def _funds(policy: Policy) -> Iterator[tuple[str, ...]]:
    for row in policy.fund_rows:
        since = max(row.in_force_from, policy.in_force_from).isoformat()
        yield (
            _named(policy, row.insurance),
            f"{_name(row.fund)}基金",
            since,
            _cited(policy, row.source),
        )


def _rates(policy: Policy) -> Iterator[tuple[str, ...]]:
    for rate in policy.rates:
        kinds = _kinds(rate.unit_kinds)
        if rate.injury_class is not None:
            kinds += f"({rate.injury_class}类)"
        if rate.categories:
            kinds += f"({people_text_rules.category_names(rate.categories)})"
        yield (
            _named(policy, rate.insurance),
            PARTY_NAMES[rate.party],
            kinds,
            _levied(rate),
            _base(policy, rate),
            _ACCOUNT_NAMES[rate.account],
            _cited(policy, rate.source),
        )


def _levied(rate: Rate) -> str:
    months = "" if not rate.months else "(" + "、".join(map(str, rate.months)) + "月)"
    if rate.base is BaseKind.HEAD:
        return f"每人{format_yuan(rate.fixed_fen or 0)}元{months}"
    return (
        percent(rate.rate_ppm) + months + (f"({_rounded(rate.rounding)})" if rate.rounding else "")
    )


def _rounded(rounding: Rounding) -> str:
    return f"{_MODE_NAMES[rounding.mode]}到{_UNIT_NAMES.get(rounding.unit_fen, '分')}"


def _base(policy: Policy, rate: Rate) -> str:
    if rate.base is BaseKind.CITY_AVERAGE:
        return f"按平均工资确定,{format_yuan(rate.fixed_fen or 0)}元"
    if rate.limit is not None:
        held = f"{_limit(rate.limit, 'floor')}至{_limit(rate.limit, 'ceiling')}"
        return f"{BASE_NAMES[rate.base]}({held})"
    if rate.sum_of is not None:
        return f"{BASE_NAMES[rate.base]}({BASE_NAMES[rate.sum_of]})"
    return BASE_NAMES[rate.base]


def _exempt(policy: Policy) -> Iterator[tuple[str, ...]]:
    for row in policy.exemptions:
        yield _named(policy, row.insurance), _kinds(row.unit_kinds), _cited(policy, row.source)


def _limits(policy: Policy) -> Iterator[tuple[str, ...]]:
    for row in policy.limits:
        yield (
            _named(policy, row.insurance),
            _limit(row, "floor"),
            _limit(row, "ceiling"),
            _cited(policy, row.source),
        )


def _limit(row: Limit, which: str) -> str:
    amount_fen = row.floor_fen if which == "floor" else row.ceiling_fen
    rule = row.floor_from if which == "floor" else row.ceiling_from
    if amount_fen is None:
        return "无"
    text = f"{format_yuan(amount_fen)}元"
    if rule is not None:
        text += f"(平均工资 {'、'.join(rule.of)} 的{percent(rule.factor_ppm)})"
    return text


def _credits(policy: Policy) -> Iterator[tuple[str, ...]]:
    for row in policy.credits:
        yield _named(policy, row.insurance), _people(row), _credit(row), _cited(policy, row.source)


def _people(row: CreditRule) -> str:
    ages = f"{row.age_from}周岁以上" if row.age_from else ""
    if row.age_below is not None:
        ages += f"不满{row.age_below}周岁"
    return ("退休" if row.retired else "在职") + ages + (f" {row.standing}" if row.standing else "")


def _credit(row: CreditRule) -> str:
    if row.yearly_fen is not None:
        return f"每年{format_yuan(row.yearly_fen)}元"
    return ("养老金的" if row.retired else "基数的") + percent(row.rate_ppm or 0)


def _floating(policy: Policy) -> Iterator[tuple[str, ...]]:
    if policy.floating is None:
        return
    for step in policy.floating.steps:
        classes = "、".join(map(str, step.classes)) + "类" if step.classes else "各类"
        yield step.id, percent(step.factor_ppm), classes, _cited(policy, step.source)
    for cut in policy.floating.cuts:
        months = f"可支付{_months(cut.months_from_hundredths)}个月以上"
        if cut.months_below_hundredths is not None:
            months += f"、不满{_months(cut.months_below_hundredths)}个月"
        yield cut.id, percent(cut.factor_ppm), months, _cited(policy, cut.source)


def _months(hundredths: int) -> str:
    return format_yuan(hundredths).rstrip("0").rstrip(".")


def _construction(policy: Policy) -> Iterator[tuple[str, ...]]:
    if policy.construction is None:
        return
    for tier in policy.construction.tiers:
        span = f"{format_yuan(tier.from_fen)}元起"
        if tier.below_fen is not None:
            span += f"、不满{format_yuan(tier.below_fen)}元"
        how = "(分段计算)" if policy.construction.by_slice else ""
        yield span, percent(tier.rate_ppm) + how, _cited(policy, tier.source)


def _late(policy: Policy) -> Iterator[tuple[str, ...]]:
    for row in policy.charges.rates:
        yield (
            _CHARGE_NAMES[row.kind],
            _days(row),
            f"{'每日' if row.per_days == 1 else '每年'}{percent(row.rate_ppm)}",
            _START_NAMES[row.start] + ";" + _END_NAMES[row.end],
            _cited(policy, row.source),
        )
    for cap in policy.charges.caps:
        shares = [] if cap.share_ppm is None else [f"不超过本金的{percent(cap.share_ppm)}"]
        if cap.amount_fen is not None:
            shares.append(f"不超过{format_yuan(cap.amount_fen)}元")
        yield "滞纳金上限", _days(cap), "且".join(shares), "", _cited(policy, cap.source)


def _days(row: ChargeRate | Cap) -> str:
    start = "" if row.in_force_from.year < 1900 else row.in_force_from.isoformat()
    if row.in_force_to is None:
        return f"{start}起" if start else "全部期间"
    return f"{start}至{row.in_force_to}"


def _handling(policy: Policy) -> Iterator[str]:
    level = "单位部分按单位合计" if policy.level == "unit" else "逐人、逐险种、分单位和个人"
    yield f"{level}{_rounded(policy.rounding)}"
    for row in policy.limits:
        if row.base_rounding is not None:
            yield f"{_named(policy, row.insurance)}缴费基数{_rounded(row.base_rounding)}"
    if policy.declare_day is not None:
        yield f"次月{policy.declare_day}日前申报"
    yield f"次月{policy.due_day}日前缴费,遇非工作日顺延"
    if policy.charges.settlement_day is not None:
        yield f"次月{policy.charges.settlement_day}日结算"
    yield _default(policy)
    if policy.freezes_bases:
        frozen = policy.bases_frozen
        cited = "" if frozen is None else f"({_cited(policy, frozen.source)})"
        yield f"年度缴费基数核定后当年不变,申报须与核定一致{cited}"
    yield f"缓缴最长{policy.charges.deferral_months}个月"
    yield _allocation(policy)


def _default(policy: Policy) -> str:
    rule = policy.default_levy
    on = "" if rule.compounds else ";连续未申报的,仍以最近一次申报的缴费额为准"
    cited = f"({_cited(policy, rule.source)})" if rule.source else ""
    return f"未按规定申报的,按上月缴费额的{percent(rule.factor_ppm)}确定{on}{cited}"


def _allocation(policy: Policy) -> str:
    match policy.allocation.name:
        case AllocationMethod.ONE_TICKET:
            return "部分到账按一票征缴分至各险种"
        case AllocationMethod.INSURANCE_ORDER:
            turn = "、".join(_named(policy, name) for name in policy.allocation.insurances)
            return f"部分到账按险种次序缴清:{turn}"
        case AllocationMethod.OLDEST_FIRST:
            return "到账先清最早的所属期,各险种按一票征缴"
        case AllocationMethod.PRO_RATA:
            return "到账在各所属期的欠费之间按比例分配,各险种按一票征缴"


def _sources(policy: Policy) -> Iterator[tuple[str, ...]]:
    for name in policy.sources:
        yield name, _cited(policy, name)
