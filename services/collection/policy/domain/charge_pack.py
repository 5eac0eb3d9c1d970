"""The late-charge members of a policy pack: reading them and finding their faults.

`late_fee` is a list of dated rows. Older packs have a single object, which is one row for all days
of the pack. The other members (`late_fee_caps`, `interest`, `charge_accounts`, `deferral`,
`relief`) are optional: without them there is no cap and no interest, and the default accounts
apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final, TypeVar

from services.collection.policy.domain.charge import Cap, ChargeKind, ChargeRate, EndRule, StartRule
from services.collection.policy.domain.charge_timeline import (
    ACCOUNTS,
    DEFERRAL_MONTHS,
    EVERY_UNIT,
    KINDS,
    SIZES,
    ChargeRules,
    Relief,
)
from shared.entry import Account
from shared.errors import Fault
from shared.fund import Party
from shared.money import PPM
from shared.period import Period

OPTIONAL: Final = ("late_fee_caps", "interest", "charge_accounts", "deferral", "relief")
"""Members that a pack may leave out."""
_ACCOUNTS: Final = (Account.OTHER_INCOME, Account.INTEREST_INCOME)
_LISTS: Final = ("late_fee", "late_fee_caps", "interest", "charge_accounts", "relief")

T = TypeVar("T")
Read = Callable[[str, str, list[Fault]], int]
"""Reads a rate's or an amount's text, or notes its fault under a pointer."""


def attempt(
    content: Mapping[str, Any], rate: Read, amount: Read, faults: list[Fault]
) -> ChargeRules:
    """Read the rules from a pack of the right shape; an unreadable value is reported and read as
    0."""
    deferral = content.get("deferral") or {}
    insurances = deferral.get("insurances")
    return ChargeRules(
        rates=(*_late_fees(content, rate, faults), *_interest(content, rate, faults)),
        caps=tuple(
            Cap(
                id=row["id"],
                in_force_from=_from(row),
                in_force_to=_to(row),
                share_ppm=_maybe(row.get("share"), f"{at}/share", rate, faults),
                amount_fen=_maybe(row.get("amount"), f"{at}/amount", amount, faults),
                source=row["source"],
            )
            for at, row in _rows(content, "late_fee_caps")
        ),
        accounts=dict(ACCOUNTS)
        | {row["kind"]: row["account"] for _, row in _rows(content, "charge_accounts")},
        charges_first=content["allocation"].get("charges") == "charges_first",
        settlement_day=content["calendar"].get("settlement_day"),
        deferral_months=deferral.get("max_months", DEFERRAL_MONTHS),
        deferrable=None if insurances is None else tuple(insurances),
        reliefs=tuple(
            Relief(
                id=row["id"],
                insurance=row["insurance"],
                party=Party(row["party"]),
                unit_classes=tuple(row["unit_classes"]),
                period_from=Period.parse(row["period_from"]),
                period_to=Period.parse(row["period_to"]),
                factor_ppm=rate(row["factor"], f"{at}/factor", faults),
                cap_fen=_maybe(row.get("cap"), f"{at}/cap", amount, faults),
                source=row["source"],
                spares_accounts=bool(row.get("spares_accounts")),
            )
            for at, row in _rows(content, "relief")
        ),
    )


def _rows(content: Mapping[str, Any], part: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the rows of a member with their pointers; a single object is one row."""
    given = content.get(part) or []
    if isinstance(given, Mapping):
        return [(f"/{part}", given)]
    return [(f"/{part}/{number}", row) for number, row in enumerate(given)]


def _late_fees(content: Mapping[str, Any], rate: Read, faults: list[Fault]) -> Iterator[ChargeRate]:
    for at, row in _rows(content, "late_fee"):
        yield ChargeRate(
            id=row.get("id", "late_fee"),
            kind=ChargeKind.LATE_FEE,
            in_force_from=_from(row),
            in_force_to=_to(row),
            rate_ppm=rate(row["daily_rate"], f"{at}/daily_rate", faults),
            per_days=1,
            start=StartRule(row["start"]),
            end=EndRule(row.get("end", EndRule.DAY_PAID)),
            source=row["source"],
        )


def _interest(content: Mapping[str, Any], rate: Read, faults: list[Fault]) -> Iterator[ChargeRate]:
    for at, row in _rows(content, "interest"):
        yield ChargeRate(
            id=row["id"],
            kind=ChargeKind.INTEREST,
            in_force_from=_from(row),
            in_force_to=_to(row),
            rate_ppm=rate(row["yearly_rate"], f"{at}/yearly_rate", faults),
            per_days=row["day_count"],
            start=StartRule(row["start"]),
            end=EndRule(row.get("end", EndRule.DAY_PAID)),
            source=row["source"],
        )


def _from(row: Mapping[str, Any]) -> date:
    text = row.get("in_force_from")
    return date.min if text is None else date.fromisoformat(text)


def _to(row: Mapping[str, Any]) -> date | None:
    text = row.get("in_force_to")
    return None if text is None else date.fromisoformat(text)


def _maybe(text: str | None, pointer: str, read: Read, faults: list[Fault]) -> int | None:
    return None if text is None else read(text, pointer, faults)


def cited(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return every (pointer, source) of these members."""
    found = [(f"{at}/source", row["source"]) for part in _LISTS for at, row in _rows(content, part)]
    if content.get("deferral"):
        found.append(("/deferral/source", content["deferral"]["source"]))
    return found


def faults_in(
    rules: ChargeRules, insurances: Sequence[str], content: Mapping[str, Any]
) -> Iterator[Fault]:
    """Find the faults of these members."""
    for part, kind in (("late_fee", ChargeKind.LATE_FEE), ("interest", ChargeKind.INTEREST)):
        rows = [row for row in rules.rates if row.kind is kind]
        yield from _rates(part, rows, content)
    yield from _caps(rules, content)
    yield from _accounts(content)
    yield from _deferral(rules, insurances)
    yield from _reliefs(rules, insurances)


def _rates(part: str, rows: Sequence[ChargeRate], content: Mapping[str, Any]) -> Iterator[Fault]:
    places = [at for at, _ in _rows(content, part)]
    word = part.upper()
    settlement = content["calendar"].get("settlement_day")
    for number, (at, row) in enumerate(zip(places, rows, strict=True)):
        if row.id in {earlier.id for earlier in rows[:number]}:
            yield Fault(f"{at}/id", f"{word}_REPEATED", f"规则编号重复 (repeated): {row.id}")
        if row.rate_ppm > PPM:
            yield Fault(at, "RATE_ABOVE_ONE", "费率大于一 (above one)")
        if row.in_force_to is not None and row.in_force_to < row.in_force_from:
            yield Fault(at, "DAYS_REVERSED", "失效日早于生效日 (ends before it begins)")
        if row.start is StartRule.SECOND_MONTH_AFTER_SETTLEMENT and settlement is None:
            yield Fault(
                f"{at}/start", "SETTLEMENT_DAY_MISSING", "起算规则需要结算日 (no settlement day)"
            )
    dated = sorted(zip(rows, places, strict=True), key=lambda pair: pair[0].in_force_from)
    for (earlier, _), (later, at) in pairwise(dated):
        if earlier.in_force_to is None or later.in_force_from <= earlier.in_force_to:
            yield Fault(at, f"{word}_OVERLAPS", f"与 {earlier.id} 的日期重叠 (overlaps it)")
        elif (later.in_force_from - earlier.in_force_to).days > 1:
            yield Fault(at, f"{word}_GAP", f"与 {earlier.id} 之间有空档 (days without a rate)")


def _caps(rules: ChargeRules, content: Mapping[str, Any]) -> Iterator[Fault]:
    for number, ((at, _), cap) in enumerate(
        zip(_rows(content, "late_fee_caps"), rules.caps, strict=True)
    ):
        if cap.id in {earlier.id for earlier in rules.caps[:number]}:
            yield Fault(f"{at}/id", "CAP_REPEATED", f"上限编号重复 (repeated): {cap.id}")
        if cap.share_ppm is None and cap.amount_fen is None:
            yield Fault(at, "CAP_EMPTY", "上限须有比例或金额 (neither share nor amount)")
        if cap.share_ppm is not None and cap.share_ppm > PPM:
            yield Fault(
                f"{at}/share", "CAP_ABOVE_PRINCIPAL", "滞纳金不得超过本金 (above the principal)"
            )
        if cap.amount_fen is not None and cap.amount_fen < 0:
            yield Fault(f"{at}/amount", "CAP_NEGATIVE", "上限不得为负 (negative)")
        if cap.in_force_to is not None and cap.in_force_to < cap.in_force_from:
            yield Fault(at, "DAYS_REVERSED", "失效日早于生效日 (ends before it begins)")


def _accounts(content: Mapping[str, Any]) -> Iterator[Fault]:
    rows = _rows(content, "charge_accounts")
    kinds = [row["kind"] for _, row in rows]
    for number, (at, row) in enumerate(rows):
        if row["kind"] not in set(ChargeKind):
            yield Fault(f"{at}/kind", "CHARGE_UNKNOWN", f"未知加收项目: {row['kind']}")
        if row["kind"] in kinds[:number]:
            yield Fault(at, "CHARGE_ACCOUNT_REPEATED", f"科目重复 (twice): {row['kind']}")
        if row["account"] not in _ACCOUNTS:
            yield Fault(f"{at}/account", "ACCOUNT_UNKNOWN", f"不是收入科目: {row['account']}")


def _deferral(rules: ChargeRules, insurances: Sequence[str]) -> Iterator[Fault]:
    for number, name in enumerate(rules.deferrable or ()):
        if name not in insurances:
            yield _not_listed(f"/deferral/insurances/{number}", name)


def _reliefs(rules: ChargeRules, insurances: Sequence[str]) -> Iterator[Fault]:
    for number, row in enumerate(rules.reliefs):
        at = f"/relief/{number}"
        if row.id in {earlier.id for earlier in rules.reliefs[:number]}:
            yield Fault(f"{at}/id", "RELIEF_REPEATED", f"减免编号重复 (repeated): {row.id}")
        if row.insurance not in insurances:
            yield _not_listed(f"{at}/insurance", row.insurance)
        if row.party is not Party.UNIT:
            yield Fault(
                f"{at}/party", "RELIEF_NOT_FOR_STAFF", "只减免单位缴费部分 (the unit's share only)"
            )
        if row.period_to < row.period_from:
            yield Fault(at, "DAYS_REVERSED", "终止月早于起始月 (ends before it begins)")
        if row.factor_ppm > PPM:
            yield Fault(f"{at}/factor", "RATE_ABOVE_ONE", "减免比例大于一 (above one)")
        if row.cap_fen is not None and row.cap_fen < 0:
            yield Fault(f"{at}/cap", "CAP_NEGATIVE", "上限不得为负 (negative)")
        yield from _classes(row, at)
        for earlier in rules.reliefs[:number]:
            if row.meets(earlier):
                yield Fault(
                    at, "RELIEF_OVERLAPS", f"与 {earlier.id} 重叠 (overlaps it): {row.insurance}"
                )


def _classes(row: Relief, at: str) -> Iterator[Fault]:
    for place, name in enumerate(row.unit_classes):
        if name not in {EVERY_UNIT, *SIZES, *KINDS}:
            yield Fault(
                f"{at}/unit_classes/{place}",
                "UNIT_CLASS_UNKNOWN",
                f"未知单位规模或类型 (neither size nor kind): {name}",
            )


def _not_listed(pointer: str, name: str) -> Fault:
    return Fault(pointer, "INSURANCE_NOT_LISTED", f"不在本政策险种之列 (not listed): {name}")
