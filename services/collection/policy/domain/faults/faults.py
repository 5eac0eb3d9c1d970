"""Faults of a policy pack as a whole, so that none appears only when a unit declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, Final

from services.collection.policy.domain import charge_pack as charge_pack_rules
from services.collection.policy.domain import pack_rows as pack_rows_rules
from services.collection.policy.domain.faults import category_faults as category_faults_rules
from services.collection.policy.domain.faults import row_faults as row_faults_rules
from services.collection.policy.domain.policy import UNIT_KINDS, Policy
from services.collection.policy.domain.rate import ANY, BaseKind, Limit, Rate
from shared.entry import Account
from shared.errors import Fault
from shared.fund import INSURANCE_NAMES, Party
from shared.money import PPM, levy

LIMIT_MAX_FEN: Final = 10**10
"""No monthly base reaches 100 million yuan; the bound keeps every product inside 64 bits."""
CHANNELS: Final = ("bank_debit", "tax")
_RECEIPT_ACCOUNTS: Final = (Account.INCOME_DEPOSIT, Account.TREASURY_DEPOSIT)
_UNLIMITED_BASE_FEN: Final = 100_00


def faults_in(policy: Policy, content: Mapping[str, Any]) -> list[Fault]:
    """Find the faults of a pack; `content` is its JSON, which shows duplicates that a mapping
    hides."""
    return [
        *_days(policy),
        *_insurances(policy),
        *_names(content),
        *_funds(policy, content),
        *_receipt_accounts(content),
        *_sources(content),
        *_limits(policy),
        *_each_rate(policy),
        *_overlaps(policy),
        *_classes(policy),
        *_coverage(policy),
        *row_faults_rules.faults_in(policy, content),
        *category_faults_rules.faults_in(policy),
        *charge_pack_rules.faults_in(policy.charges, policy.insurances, content),
    ]


def _fault(pointer: str, code: str, message: str) -> Fault:
    return Fault(pointer, code, message)


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def _days(policy: Policy) -> Iterator[Fault]:
    if policy.in_force_to is not None and policy.in_force_to < policy.in_force_from:
        yield _fault("/in_force_to", "DAYS_REVERSED", "失效日早于生效日 (ends before it begins)")


def _insurances(policy: Policy) -> Iterator[Fault]:
    for number, name in enumerate(policy.insurances):
        pointer = f"/insurances/{number}"
        if name not in INSURANCE_NAMES and name not in policy.names:
            yield _fault(
                pointer, "INSURANCE_UNKNOWN", f"未知险种,须列入 names (unknown, not named): {name}"
            )
        if name in policy.insurances[:number]:
            yield _fault(pointer, "INSURANCE_REPEATED", f"险种重复 (repeated): {name}")
    rows: list[tuple[str, str]] = [
        *((f"/names/{n}/insurance", name) for n, name in enumerate(policy.names)),
        *((f"/rates/{n}/insurance", rate.insurance) for n, rate in enumerate(policy.rates)),
        *((f"/exempt/{n}/insurance", row.insurance) for n, row in enumerate(policy.exemptions)),
        *(
            (f"/limits/{n}/insurance", row.insurance)
            for n, row in enumerate(policy.limits)
            if row.insurance != ANY
        ),
    ]
    for pointer, name in rows:
        if name not in policy.insurances:
            yield _fault(
                pointer, "INSURANCE_NOT_LISTED", f"不在本政策险种之列 (not listed): {name}"
            )


def _names(content: Mapping[str, Any]) -> Iterator[Fault]:
    """Check that the region names each insurance that it alone has, once."""
    given = [row["insurance"] for row in content.get("names") or ()]
    for number, name in enumerate(given):
        pointer = f"/names/{number}/insurance"
        if name in given[:number]:
            yield _fault(pointer, "NAME_REPEATED", f"险种名称重复 (named twice): {name}")
        if name in INSURANCE_NAMES:
            yield _fault(pointer, "NAME_KNOWN", f"该险种已有名称 (it has a name already): {name}")


def _funds(policy: Policy, content: Mapping[str, Any]) -> Iterator[Fault]:
    rows = [(row["insurance"], row["fund"]) for row in content["fund_map"]]
    # Rows with their own days overlap only if their days do.
    twice = _repeated(
        row["insurance"]
        for row in content["fund_map"]
        if (row.get("in_force_from"), row.get("in_force_to")) == (None, None)
    )
    for number, (insurance, fund) in enumerate(rows):
        pointer = f"/fund_map/{number}"
        if fund not in INSURANCE_NAMES:
            yield _fault(f"{pointer}/fund", "FUND_UNKNOWN", f"未知基金 (unknown fund): {fund}")
        if insurance not in policy.insurances:
            yield _fault(
                f"{pointer}/insurance",
                "INSURANCE_NOT_LISTED",
                f"不在本政策险种之列 (not listed): {insurance}",
            )
        if insurance in twice:
            yield _fault(pointer, "FUND_REPEATED", f"险种归属重复 (mapped twice): {insurance}")
    for insurance in policy.insurances:
        if insurance not in policy.funds:
            yield _fault("/fund_map", "FUND_MISSING", f"险种未归属基金 (no fund for): {insurance}")
    if policy.suspense_fund not in {row.fund for row in policy.fund_rows}:
        yield _fault(
            "/suspense_fund", "FUND_UNKNOWN", "暂收基金不在归属表内 (not a fund of this policy)"
        )


def _receipt_accounts(content: Mapping[str, Any]) -> Iterator[Fault]:
    rows = [(row["channel"], row["account"]) for row in content["receipt_accounts"]]
    for number, (channel, account) in enumerate(rows):
        pointer = f"/receipt_accounts/{number}"
        if channel not in CHANNELS:
            yield _fault(f"{pointer}/channel", "CHANNEL_UNKNOWN", f"未知渠道: {channel}")
        if account not in _RECEIPT_ACCOUNTS:
            yield _fault(f"{pointer}/account", "ACCOUNT_UNKNOWN", f"不是收款账户: {account}")
    given = [channel for channel, _ in rows]
    for channel in CHANNELS:
        if given.count(channel) != 1:
            yield _fault(
                "/receipt_accounts",
                "RECEIPT_ACCOUNT_MISSING" if channel not in given else "RECEIPT_ACCOUNT_REPEATED",
                f"每一渠道须有且仅有一个收款账户 (one account for each channel): {channel}",
            )


def _sources(content: Mapping[str, Any]) -> Iterator[Fault]:
    known = [row["id"] for row in content["sources"]]
    for number, name in enumerate(known):
        if name in known[:number]:
            yield _fault(f"/sources/{number}/id", "SOURCE_REPEATED", f"依据编号重复: {name}")
    cited: list[tuple[str, str]] = [
        (f"/{part}/source", content[part]["source"])
        for part in ("rounding", "calendar", "allocation")
    ]
    cited += charge_pack_rules.cited(content) + pack_rows_rules.cited(content)
    for part in ("rates", "limits", "fund_map", "exempt"):
        cited += [(f"/{part}/{n}/source", row["source"]) for n, row in enumerate(content[part])]
    for pointer, name in cited:
        if name not in known:
            yield _fault(pointer, "SOURCE_UNKNOWN", f"依据未列出 (no such source): {name}")


def _limits(policy: Policy) -> Iterator[Fault]:
    given = [row.insurance for row in policy.limits]
    for number, row in enumerate(policy.limits):
        pointer = f"/limits/{number}"
        if row.insurance in given[:number]:
            yield _fault(pointer, "LIMIT_REPEATED", f"上下限重复 (repeated): {row.insurance}")
        yield from _limit(row, pointer)
    for number, rate in enumerate(policy.rates):
        if rate.limit is not None:
            yield from _limit(rate.limit, f"/rates/{number}/limits")
    for insurance in policy.insurances:
        if insurance not in given and ANY not in given:
            yield _fault(
                "/limits",
                "LIMIT_MISSING",
                f"缺少上下限;没有上下限也须写明 (say so when there is none): {insurance}",
            )


def _limit(row: Limit, pointer: str) -> Iterator[Fault]:
    for name, amount_fen in (("floor", row.floor_fen), ("ceiling", row.ceiling_fen)):
        if amount_fen is not None and not 0 <= amount_fen <= LIMIT_MAX_FEN:
            yield _fault(f"{pointer}/{name}", "LIMIT_OUT_OF_RANGE", "上下限超出范围")
    if _reversed(row.floor_fen, row.ceiling_fen):
        yield _fault(pointer, "LIMITS_REVERSED", "下限高于上限 (floor above ceiling)")


def _reversed(floor_fen: int | None, ceiling_fen: int | None) -> bool:
    return floor_fen is not None and ceiling_fen is not None and floor_fen > ceiling_fen


def _each_rate(policy: Policy) -> Iterator[Fault]:
    ids = [rate.id for rate in policy.rates]
    for number, rate in enumerate(policy.rates):
        pointer = f"/rates/{number}"
        if rate.id in ids[:number]:
            yield _fault(f"{pointer}/id", "RATE_REPEATED", f"费率编号重复 (repeated): {rate.id}")
        if rate.rate_ppm > PPM:
            yield _fault(f"{pointer}/rate", "RATE_ABOVE_ONE", "费率大于一 (above one)")
        if rate.party is Party.PERSONAL and not rate.base.per_person:
            yield _fault(
                f"{pointer}/base",
                "BASE_NOT_FOR_PARTY",
                "个人缴费只能以本人基数计算 (own base only)",
            )
        if 0 < rate.rate_ppm <= PPM and not rate.base.is_fixed and _rounds_away(policy, rate):
            yield _fault(
                f"{pointer}/rate",
                "RATE_ROUNDS_AWAY",
                "按最低基数计算舍入后为零 (rounds to nothing at the floor)",
            )
    for pointer, kinds in (
        *((f"/rates/{n}/unit_kinds", rate.unit_kinds) for n, rate in enumerate(policy.rates)),
        *((f"/exempt/{n}/unit_kinds", row.unit_kinds) for n, row in enumerate(policy.exemptions)),
    ):
        for kind in kinds:
            if kind != ANY and kind not in UNIT_KINDS:
                yield _fault(pointer, "UNIT_KIND_UNKNOWN", f"未知单位类型 (unknown): {kind}")


def _rounds_away(policy: Policy, rate: Rate) -> bool:
    floors = [row.floor_fen for row in policy.limits if row.insurance in {rate.insurance, ANY}]
    if rate.limit is not None:
        floors = [rate.limit.floor_fen]
    base_fen = min((fen for fen in floors if fen and fen > 0), default=_UNLIMITED_BASE_FEN)
    return levy(base_fen, rate.rate_ppm, rate.rounding or policy.rounding) == 0


def _overlaps(policy: Policy) -> Iterator[Fault]:
    """Find two rows that apply to one person, insurance and party: the levy could not choose."""
    for (_, earlier), (number, later) in combinations(enumerate(policy.rates), 2):
        if (earlier.insurance, earlier.party) != (later.insurance, later.party):
            continue
        if earlier.months and later.months and not {*earlier.months} & {*later.months}:
            continue
        if (earlier.base is BaseKind.HEAD) != (later.base is BaseKind.HEAD):
            continue  # 2%+3元: a share of the base, and an amount a head beside it
        bearers = category_faults_rules.bearers(policy, earlier)
        if not bearers & category_faults_rules.bearers(policy, later):
            continue
        kinds = [kind for kind in UNIT_KINDS if earlier.fits_kind(kind) and later.fits_kind(kind)]
        classes = {earlier.injury_class, later.injury_class}
        if kinds and (None in classes or len(classes) == 1):
            yield _fault(
                f"/rates/{number}",
                "RATE_OVERLAPS",
                f"与费率 {earlier.id} 重叠 (overlaps it) for {', '.join(kinds)}",
            )


def _classes(policy: Policy) -> Iterator[Fault]:
    """Check that the classes of an insurance, party and kind run 1, 2, … without a gap."""
    for insurance in policy.insurances:
        for party in Party:
            for kind in UNIT_KINDS:
                classes = {
                    rate.injury_class
                    for rate in policy.rates
                    if rate.insurance == insurance and rate.party is party and rate.fits_kind(kind)
                }
                numbers = sorted(number for number in classes if number is not None)
                missing = sorted(set(range(1, numbers[-1] + 1)) - set(numbers)) if numbers else []
                if missing:
                    yield _fault(
                        "/rates",
                        "CLASS_GAP",
                        f"缺少类别 (no rate for class) {missing}: {insurance} {party} {kind}",
                    )


def _coverage(policy: Policy) -> Iterator[Fault]:
    """Check that a unit kind with some rate has a rate or an exemption in every insurance."""
    for kind in UNIT_KINDS:
        if not policy.covers(kind):
            continue
        for insurance in policy.insurances:
            rated = any(r.insurance == insurance and r.fits_kind(kind) for r in policy.rates)
            exempt = any(
                row.insurance == insurance and (ANY in row.unit_kinds or kind in row.unit_kinds)
                for row in policy.exemptions
            )
            if not rated and not exempt:
                yield _fault(
                    "/rates",
                    "RATE_GAP",
                    f"缺少费率;不征须列入 exempt (no rate, not exempt): {insurance} {kind}",
                )
            if rated and exempt:
                yield _fault(
                    "/exempt",
                    "EXEMPT_CONTRADICTED",
                    f"既有费率又列为不征 (rated and exempt): {insurance} {kind}",
                )
