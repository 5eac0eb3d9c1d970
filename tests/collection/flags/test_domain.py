"""A flag counts on its days, and a rule on its own."""

from datetime import date
from uuid import UUID

from services.collection.flags.domain import (
    CreditFlag,
    InspectionRule,
    RuleTopic,
    months_later,
    rule_faults,
    rule_of,
)


def flag(**days: date | None) -> CreditFlag:
    named = {"since": date(2021, 7, 1), "until": date(2021, 9, 30)} | days
    return CreditFlag(
        shard_key=1,
        id=UUID(int=1),
        target="",
        basis="",
        document="",
        inspection=None,
        set_by="",
        **named,  # type: ignore[arg-type]
    )


def rule(code: str, value: int, **days: date | None) -> InspectionRule:
    named = {"in_force_from": date(2020, 1, 1), "in_force_to": None} | days
    return InspectionRule(
        topic=RuleTopic.FLAG_BLOCKS,
        code=code,
        value=value,
        basis="",
        **named,  # type: ignore[arg-type]
    )


def test_a_flag_counts_from_its_first_to_its_last_day_or_until_it_is_lifted() -> None:
    days = [date(2021, 6, 30), date(2021, 7, 1), date(2021, 9, 30), date(2021, 10, 1)]
    assert [flag().counts_on(day) for day in days] == [False, True, True, False]
    lifted = flag(until=None, lifted_on=date(2021, 9, 30))
    assert [lifted.counts_on(day) for day in days] == [False, True, False, False]


def test_a_rule_of_another_day_or_code_does_not_count() -> None:
    rules = [
        rule("claim", 0, in_force_to=date(2020, 12, 31)),
        rule("claim", 1, in_force_from=date(2021, 1, 1)),
    ]
    values = [
        None if found is None else found.value
        for code, day in (("claim", 2020), ("claim", 2021), ("claim", 2019), ("certificate", 2021))
        for found in [rule_of(rules, RuleTopic.FLAG_BLOCKS, code, date(day, 6, 1))]
    ]
    assert values == [0, 1, None, None]


def test_every_fault_of_a_rule_is_named() -> None:
    faults = rule_faults(rule("everything", 2))
    assert [fault.code for fault in faults] == ["RULE_CODE_UNKNOWN", "RULE_VALUE_TOO_LARGE"]


def test_months_end_with_a_shorter_month() -> None:
    assert months_later(date(2021, 8, 31), 6) == date(2022, 2, 28)
    assert months_later(date(2021, 12, 1), 36) == date(2024, 12, 1)
