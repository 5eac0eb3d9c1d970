"""The late-charge members of a pack, in their first form and as dated rows, and their faults."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from services.collection.common.store import shipped as common_shipped_store
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain.charge import ChargeKind, EndRule, StartRule
from services.collection.policy.domain.faults.faults import faults_in
from services.collection.policy.schemas.policy import PackIn
from tests.collection.support import packs


def a_pack() -> dict[str, Any]:
    """Build a sound pack with every late-charge member."""
    dated = {"in_force_from": "2011-07-01", "in_force_to": None, "source": "s"}
    return deepcopy(
        packs.sound_pack()
        | {
            "calendar": {"due_day": 25, "settlement_day": 10, "source": "s"},
            "allocation": {"order": "one_ticket", "charges": "charges_first", "source": "s"},
            "late_fee": [
                dated
                | {
                    "id": "old",
                    "in_force_from": None,
                    "in_force_to": "2011-06-30",
                    "daily_rate": "0.002",
                    "start": "day_after_due",
                    "end": "day_paid",
                },
                dated
                | {
                    "id": "new",
                    "daily_rate": "0.0005",
                    "end": "day_before_paid",
                    "start": "second_month_after_settlement",
                },
            ],
            "late_fee_caps": [dated | {"id": "cap", "share": "0.4", "amount": "8000.00"}],
            "interest": [
                dated
                | {
                    "id": "i",
                    "yearly_rate": "0.0435",
                    "day_count": 360,
                    "start": "next_year",
                    "end": "day_paid",
                }
            ],
            "charge_accounts": [
                {"kind": "interest", "account": "other_income", "source": "s"},
            ],
            "deferral": {"max_months": 5, "insurances": ["pension"], "source": "s"},
            "relief": [
                {
                    "id": "r",
                    "insurance": "pension",
                    "party": "unit",
                    "unit_classes": ["small"],
                    "period_from": "2020-02",
                    "period_to": "2020-06",
                    "factor": "1",
                    "cap": None,
                    "source": "s",
                },
            ],
        }
    )


def codes(content: dict[str, Any]) -> dict[str, str]:
    policy, faults = pack_rules.attempt(content)
    return {fault.pointer: fault.code for fault in [*faults, *faults_in(policy, content)]}


def test_every_member_is_read() -> None:
    assert codes(a_pack()) == {}
    rules = pack_rules.read(a_pack()).charges
    assert [(r.id, r.kind, r.rate_ppm, r.per_days, r.start, r.end) for r in rules.rates] == [
        ("old", ChargeKind.LATE_FEE, 2000, 1, StartRule.DAY_AFTER_DUE, EndRule.DAY_PAID),
        (
            "new",
            ChargeKind.LATE_FEE,
            500,
            1,
            StartRule.SECOND_MONTH_AFTER_SETTLEMENT,
            EndRule.DAY_BEFORE_PAID,
        ),
        ("i", ChargeKind.INTEREST, 43_500, 360, StartRule.NEXT_YEAR, EndRule.DAY_PAID),
    ]
    assert (rules.caps[0].share_ppm, rules.caps[0].amount_fen) == (400_000, 8_000_00)
    assert rules.accounts == {"late_fee": "other_income", "interest": "other_income"}
    assert (rules.charges_first, rules.settlement_day) == (True, 10)
    assert (rules.deferral_months, rules.deferrable) == (5, ("pension",))
    assert rules.reliefs[0].factor_ppm == 1_000_000


def test_the_first_shape_of_a_late_fee_is_one_row_for_all_days() -> None:
    content = packs.sound_pack()
    assert isinstance(content["late_fee"], dict)
    rules = pack_rules.read(content).charges
    (row,) = rules.rates
    assert (row.in_force_from, row.in_force_to, row.rate_ppm) == (date.min, None, 500)
    assert rules.accounts == {"late_fee": "other_income", "interest": "interest_income"}
    assert (rules.caps, rules.charges_first, rules.deferral_months) == ((), False, 6)


def test_a_pack_of_the_first_shape_is_stored_as_it_was_before() -> None:
    content = packs.sound_pack()
    assert PackIn.model_validate(content).content() == content
    assert PackIn.model_validate(a_pack()).content() == a_pack()


@pytest.mark.parametrize(
    "content", common_shipped_store.packs(), ids=lambda content: content["pack"]
)
def test_shipped_packs_know_both_rates_and_article_45(content: dict[str, Any]) -> None:
    rules = pack_rules.read(content).charges
    assert [(row.rate_ppm, row.in_force_to) for row in rules.rates] == [
        (2000, date(2011, 6, 30)),
        (500, None),
    ]
    (cap,) = rules.caps
    assert (cap.in_force_from, cap.share_ppm) == (date(2012, 1, 1), 1_000_000)
    assert PackIn.model_validate(content).content() == content


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        place: Any = content
        for part in parents:
            place = place[part]
        place[last] = value

    return change


BREAKS: list[tuple[str, str, Any, str]] = [
    ("late_fee/1/id", "/late_fee/1/id", "old", "LATE_FEE_REPEATED"),
    ("late_fee/0/in_force_to", "/late_fee/1", "2011-07-01", "LATE_FEE_OVERLAPS"),
    ("late_fee/0/in_force_to", "/late_fee/1", None, "LATE_FEE_OVERLAPS"),
    ("late_fee/0/in_force_to", "/late_fee/1", "2011-06-29", "LATE_FEE_GAP"),
    ("late_fee/1/in_force_to", "/late_fee/1", "2011-06-30", "DAYS_REVERSED"),
    ("late_fee/0/daily_rate", "/late_fee/0/daily_rate", "0.2%", "RATE_MALFORMED"),
    ("late_fee/0/daily_rate", "/late_fee/0/daily_rate", "0.0000005", "RATE_ROUNDS_AWAY"),
    ("late_fee/0/daily_rate", "/late_fee/0", "2", "RATE_ABOVE_ONE"),
    ("late_fee/0/source", "/late_fee/0/source", "hearsay", "SOURCE_UNKNOWN"),
    ("calendar/settlement_day", "/late_fee/1/start", None, "SETTLEMENT_DAY_MISSING"),
    ("late_fee_caps/0/share", "/late_fee_caps/0/share", "1.1", "CAP_ABOVE_PRINCIPAL"),
    ("late_fee_caps/0/amount", "/late_fee_caps/0/amount", "-1.00", "CAP_NEGATIVE"),
    ("late_fee_caps/0/amount", "/late_fee_caps/0/amount", "1", "AMOUNT_MALFORMED"),
    ("late_fee_caps/0/in_force_to", "/late_fee_caps/0", "2001-01-01", "DAYS_REVERSED"),
    ("interest/0/yearly_rate", "/interest/0/yearly_rate", "x", "RATE_MALFORMED"),
    ("interest/0/source", "/interest/0/source", "hearsay", "SOURCE_UNKNOWN"),
    ("charge_accounts/0/kind", "/charge_accounts/0/kind", "fine", "CHARGE_UNKNOWN"),
    ("charge_accounts/0/account", "/charge_accounts/0/account", "cash", "ACCOUNT_UNKNOWN"),
    ("deferral/insurances/0", "/deferral/insurances/0", "medical", "INSURANCE_NOT_LISTED"),
    ("deferral/source", "/deferral/source", "hearsay", "SOURCE_UNKNOWN"),
    ("relief/0/party", "/relief/0/party", "personal", "RELIEF_NOT_FOR_STAFF"),
    ("relief/0/insurance", "/relief/0/insurance", "medical", "INSURANCE_NOT_LISTED"),
    ("relief/0/period_to", "/relief/0", "2020-01", "DAYS_REVERSED"),
    ("relief/0/factor", "/relief/0/factor", "2", "RATE_ABOVE_ONE"),
    ("relief/0/cap", "/relief/0/cap", "-1.00", "CAP_NEGATIVE"),
]


@pytest.mark.parametrize(("path", "pointer", "value", "code"), BREAKS)
def test_every_fault_is_named_in_its_place(path: str, pointer: str, value: Any, code: str) -> None:
    content = a_pack()
    _set(path, value)(content)
    assert codes(content)[pointer] == code


def test_rows_given_twice_are_named() -> None:
    content = a_pack()
    for part in ("late_fee_caps", "charge_accounts", "relief"):
        content[part] *= 2
    content["late_fee_caps"][1] |= {"share": None, "amount": None}
    found = codes(content)
    assert found["/late_fee_caps/1/id"] == "CAP_REPEATED"
    assert found["/late_fee_caps/1"] == "CAP_EMPTY"
    assert found["/charge_accounts/1"] == "CHARGE_ACCOUNT_REPEATED"
    assert found["/relief/1/id"] == "RELIEF_REPEATED"


def test_all_faults_are_named_at_once() -> None:
    content = a_pack()
    wanted = {"LATE_FEE_REPEATED", "CAP_ABOVE_PRINCIPAL", "CHARGE_UNKNOWN", "RELIEF_NOT_FOR_STAFF"}
    for path, _, value, code in BREAKS:
        if code in wanted:
            _set(path, value)(content)
    assert wanted <= set(codes(content).values())
