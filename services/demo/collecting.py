"""The collecting half of a month: declare, accept, review, summarise, audit, bill, debit, tax."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from services.demo.city import PERIODS, City, Unit
from services.demo.office import Office, each
from services.demo.stage import Bar, Stage
from shared.money import format_yuan
from shared.period import Period
from shared.web.client import PeerError

_AGREED_ON = "2021-01-04"
_ENTITLED_FROM = "2021-01"
_UNITS_PER_REQUEST = 1000
_PAUSE_SECONDS = 0.05


class DemoError(Exception):
    """The play cannot go on; the text says what was expected and what came."""


@dataclass(slots=True)
class Month:
    """One period being played: its days and its papers."""

    index: int
    declarations: dict[str, str] = field(default_factory=dict)
    """Credit code → declaration."""
    summaries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """District → summary."""
    strangers: list[dict[str, Any]] = field(default_factory=list)
    """Payments that the bureau pushed under a code that nobody has."""
    wrong_payers: list[dict[str, Any]] = field(default_factory=list)
    """Payments that the bureau pushed under another taxpayer's code."""

    @property
    def period(self) -> str:
        """Return the period's name."""
        return PERIODS[self.index]

    def day(self, number: int, months_later: int = 0) -> str:
        """Return a day of the period, or of a later month."""
        return Period.parse(self.period).plus(months_later).day(number).isoformat()


@dataclass(frozen=True, slots=True)
class Play:
    """The parts of a play: the city, the office, the stage."""

    city: City
    office: Office
    stage: Stage


def clerk(district: str) -> str:
    """Return the clerk of a district."""
    return f"district_clerk.{district}"


def reviewer(district: str) -> str:
    """Return the reviewer of a district."""
    return f"district_reviewer.{district}"


async def register(play: Play) -> None:
    """Units, their people, and the pensioners' entitlements."""
    city = play.city
    with play.stage.step("register", len(city.units) + 2 * len(city.districts)) as bar:
        await each(city.districts, lambda district: _register_units(play, district), bar.advance)
        await each(city.units, lambda unit: _enrol(play, unit), bar.advance)
        await each(city.districts, lambda district: _entitle(play, district), bar.advance)


async def _register_units(play: Play, district: str) -> None:
    units = play.city.units_of(district)
    for start in range(0, len(units), _UNITS_PER_REQUEST):
        body = {"units": [_unit_json(unit) for unit in units[start : start + _UNITS_PER_REQUEST]]}
        await play.office.post(clerk(district), "collection", "/v1/unit-batches", body)
    for unit in units:
        if unit.collector == "bank_debit":
            await _agree(play, unit)


async def _agree(play: Play, unit: Unit) -> None:
    """Sign the three-party agreement under which a unit is debited."""
    body = {
        "number": f"SF-{unit.credit_code[-10:]}",
        "bank_account": unit.bank_account.json(),
        "valid_from": _AGREED_ON,
        "signed_on": _AGREED_ON,
        **({"bank": unit.debit_bank} if unit.debit_bank else {}),
    }
    path = f"/v1/units/{unit.credit_code}/debit-agreements"
    filed = await play.office.post(clerk(unit.district), "collection", path, body)
    path = f"/v1/debit-agreements/{filed['id']}/approvals"
    await play.office.post("department_head", "collection", path, {})


def _unit_json(unit: Unit) -> dict[str, Any]:
    return {
        "credit_code": unit.credit_code,
        "name": unit.name,
        "kind": unit.kind,
        "district": unit.district,
        "injury_class": unit.injury_class,
        "collector": unit.collector,
        "bank_account": unit.bank_account.json(),
    }


async def _enrol(play: Play, unit: Unit) -> None:
    people = [
        {
            "identity_number": person.identity_number,
            "name": person.name,
            "joined_on": person.joined_on.isoformat(),
        }
        for person in unit.people
    ]
    path = f"/v1/units/{unit.credit_code}/enrolments"
    await play.office.post(clerk(unit.district), "collection", path, {"people": people})


async def _entitle(play: Play, district: str) -> None:
    people = [
        {
            "identity_number": pensioner.identity_number,
            "name": pensioner.name,
            "kind": "basic_pension",
            "monthly_amount": format_yuan(pensioner.monthly_fen),
            "bank_account": pensioner.bank_account.json(),
            "from": _ENTITLED_FROM,
        }
        for pensioner in play.city.pensioners
        if pensioner.district == district
    ]
    body = {
        "action": "register",
        "district": district,
        "reason": "carried_over",
        "document": f"退休核定名单 {district}",
        "people": people,
    }
    path = "/v1/entitlement-changes"
    paper = await play.office.post(clerk(district), "payout", path, body)
    await play.office.post(reviewer(district), "payout", f"{path}/{paper['id']}/approvals", {})


async def collect(play: Play, month: Month) -> None:
    """Play a period, from its declarations to the money in the books."""
    await assess(play, month)
    with play.stage.step("debit", None, month.period) as bar:
        # With each month's own bills, what the bank refused the month before is tried once more.
        for period in PERIODS[max(0, month.index - 1) : month.index + 1]:
            await debit(play, period, month.day(20))
        await work_off(play, "debit", bar)
    with play.stage.step("tax", None, month.period) as bar:
        await _collect_tax(play, month, bar)
    with play.stage.step("book", None, month.period):
        await drained(play)


async def assess(play: Play, month: Month) -> None:
    """Play a period from its declarations to its bills."""
    units = play.city.units
    with play.stage.step("declare", len(units), month.period) as bar:
        filed = await each(units, lambda unit: declare(play, month, unit), bar.advance)
        month.declarations = {
            unit.credit_code: paper["id"] for unit, paper in zip(units, filed, strict=True)
        }
    if month.index > 0:
        await _send_some_back(play, month)
    with play.stage.step("accept", len(units), month.period) as bar:
        await each(units, lambda unit: act(play, month, unit, clerk, "acceptances"), bar.advance)
    with play.stage.step("review", len(units), month.period) as bar:
        await each(units, lambda unit: act(play, month, unit, reviewer, "reviews"), bar.advance)
    districts = play.city.districts
    with play.stage.step("summarise", len(districts), month.period) as bar:
        sent = await each(districts, lambda one: summarise(play, month, one), bar.advance)
        month.summaries = dict(zip(districts, sent, strict=True))
    with play.stage.step("audit", len(districts), month.period) as bar:
        await each(month.summaries.values(), lambda one: audit(play, month, one), bar.advance)
    with play.stage.step("bill", len(districts), month.period) as bar:
        await each(month.summaries.values(), lambda one: billed(play, one), bar.advance)


async def declare(play: Play, month: Month, unit: Unit) -> Any:
    """Declare a unit's month; the declaration."""
    declared = unit.declared(month.index)
    wages_fen = sum(wage for _, wage in declared)
    body = {
        "credit_code": unit.credit_code,
        "period": month.period,
        "unit_wage_total": format_yuan(wages_fen),
        "control": {"people": len(declared), "wages": format_yuan(wages_fen)},
        "people": [
            {"identity_number": person.identity_number, "wage": format_yuan(wage)}
            for person, wage in declared
        ],
    }
    return await play.office.post("employer_portal", "collection", "/v1/declarations", body)


async def _send_some_back(play: Play, month: Month) -> None:
    """Return one form of each district without the staff's signatures, and submit it again."""
    for district in play.city.districts:
        unit = play.city.units_of(district)[0]
        path = f"/v1/declarations/{month.declarations[unit.credit_code]}/returns"
        body = {"codes": ["NOT_SIGNED_BY_STAFF"], "note": "职工未签字确认"}
        await play.office.post(clerk(district), "collection", path, body)
        month.declarations[unit.credit_code] = (await declare(play, month, unit))["id"]


async def act(play: Play, month: Month, unit: Unit, desk: Any, step: str) -> None:
    """Take a step on a unit's declaration."""
    path = f"/v1/declarations/{month.declarations[unit.credit_code]}/{step}"
    await play.office.post(desk(unit.district), "collection", path)


async def summarise(play: Play, month: Month, district: str) -> Any:
    """Send a district's summary; the summary."""
    body = {"district": district, "period": month.period}
    return await play.office.post(reviewer(district), "collection", "/v1/summaries", body)


async def audit(play: Play, month: Month, summary: dict[str, Any]) -> None:
    """Audit a summary, so that its bills are issued."""
    body = {"control": summary["control"], "bill_date": month.day(12)}
    path = f"/v1/summaries/{summary['id']}/audits"
    await play.office.post("centre_auditor", "collection", path, body)


async def billed(play: Play, summary: dict[str, Any]) -> None:
    """Wait until the centre's worker has issued every bill of a summary."""
    while True:
        path = f"/v1/summaries/{summary['id']}"
        found = await play.office.get("centre_auditor", "collection", path)
        if found["status"] == "billed":
            return
        await asyncio.sleep(_PAUSE_SECONDS)


async def bill_again(play: Play, period: str, district: str, paper: str, day: str) -> None:
    """Take one correction of a month the whole way to its bill."""
    office = play.office
    for desk, step in ((clerk, "acceptances"), (reviewer, "reviews")):
        await office.post(desk(district), "collection", f"/v1/declarations/{paper}/{step}")
    body: dict[str, Any] = {"district": district, "period": period}
    summary = await office.post(reviewer(district), "collection", "/v1/summaries", body)
    body = {"control": summary["control"], "bill_date": day}
    path = f"/v1/summaries/{summary['id']}/audits"
    await office.post("centre_auditor", "collection", path, body)
    await billed(play, summary)


async def debit(play: Play, period: str, day: str, **bank: str) -> None:
    """Form a batch of the open bills of a period that a bank may debit, if there are any."""
    body = {"period": period, "debit_date": day, **bank}
    try:
        await play.office.post("centre_cashier", "collection", "/v1/debit-batches", body)
    except PeerError as refused:
        if refused.code != "NOTHING_TO_DEBIT":
            raise


async def _collect_tax(play: Play, month: Month, bar: Bar) -> None:
    """Push the taxes; wrongly registered payers stay in 暂收款 until somebody identifies them."""
    body = {
        "period": month.period,
        "day": month.day(22),
        "wrong_payers": 1 if month.index == 0 else 0,
    }
    pushed = await play.office.control("/v1/tax/pushes", body)
    refuse_rejections(pushed["answers"])
    bar.note(f"{pushed['payments']} payments, {pushed['repeated']} lines pushed twice")
    month.strangers = pushed["misregistered"]
    month.wrong_payers = pushed["wrong_payers"]


async def identify(play: Play, month: Month) -> None:
    """Identify the payers of unidentified money, as the accountant."""
    with play.stage.step("identify", len(month.strangers), month.period) as bar:
        for slip in month.strangers:
            receipt = await suspended_receipt(play, slip)
            path = f"/v1/receipts/{receipt}/matches"
            body = {
                "credit_code": slip["credit_code"],
                "period": slip["period"],
                "matched_on": month.day(26),
            }
            await play.office.post("fund_accountant", "collection", path, body)
            bar.advance()
        await drained(play)


async def suspended_receipt(play: Play, slip: dict[str, Any]) -> str:
    """Find the receipt in suspense that a payment of the bureau became."""
    found = await play.office.pages(
        "fund_accountant", "collection", "/v1/receipts", status="suspended"
    )
    for receipt in found:
        if receipt["serial"] == slip["serial"]:
            return str(receipt["id"])
    raise DemoError(f"no suspended receipt carries the serial {slip['serial']}")


async def work_off(play: Play, trade: str, bar: Bar) -> None:
    """Let the bank work until every result is final; query the unknown ones."""
    for _ in range(50):
        done = await play.office.control(f"/v1/bank/{trade}-batches")
        refuse_rejections(done["answers"])
        for _ in range(done["reported"]):
            bar.advance()
        for serial in done["unknown"]:
            await play.office.ask_bank(f"/v1/bank/transfers/{serial}")
        if not done["waiting"]:
            return
    raise DemoError(f"the bank never finished its {trade} batches")


def refuse_rejections(answers: dict[str, Any]) -> None:
    """Fail if a service does not take every line that the bank and the bureau send."""
    if answers["rejected"]:
        raise DemoError(f"rejected: {answers['rejected'][:3]}")


async def drained(play: Play) -> None:
    """Wait until collection and payout have delivered every voucher to the ledger."""
    for service in ("collection", "payout"):
        while True:
            box = await play.office.get("fund_accountant", service, "/v1/outbox")
            if box["refused"]:
                path = "/v1/refused-messages"
                refused = await play.office.pages("fund_accountant", service, path)
                raise DemoError(f"the ledger refused vouchers of {service}: {refused[:3]}")
            if not box["waiting"]:
                break
            await asyncio.sleep(_PAUSE_SECONDS)
