"""A city for trying the pages out: one month closed, the next one in the middle of its work.

Every district stands elsewhere: the first has its bills and its money, the second waits for the
audit, the third is still handling its declarations. So every desk finds something to do.
"""

from __future__ import annotations

from typing import Any, Final

from services.demo import city as cities
from services.demo import reconciling
from services.demo.city import Unit
from services.demo.collecting import (
    Month,
    Play,
    act,
    audit,
    billed,
    clerk,
    debit,
    declare,
    drained,
    reviewer,
    summarise,
    work_off,
)
from services.demo.main import first_month
from services.demo.office import Office, each
from services.demo.stage import Stage

TODAY: Final = "2021-08-26"
"""The business day on which the city is left."""
_ACCOUNTANT: Final = "fund_accountant"


async def fill(office: Office, stage: Stage) -> bool:
    """Fill an empty installation; False where somebody has declared already."""
    found = await office.get("supervisor", "collection", "/v1/declarations", limit=1)
    if found["items"]:
        return False
    play = Play(cities.build(size=cities.SMALL), office, stage)
    await first_month(play)
    await open_month(play, Month(1))
    await office.put("supervisor", "sandbox", "/v1/clock", {"today": TODAY})
    return True


async def open_month(play: Play, month: Month) -> None:
    """Play a month up to its middle, and leave papers at every desk."""
    done, sent, handling = play.city.districts[:3]
    units = play.city.units
    with play.stage.step("declare", len(units), month.period) as bar:
        filed = await each(units, lambda unit: declare(play, month, unit), bar.advance)
        month.declarations = {
            unit.credit_code: paper["id"] for unit, paper in zip(units, filed, strict=True)
        }
    with play.stage.step("review", None, month.period):
        for district in (done, sent):
            for unit in play.city.units_of(district):
                await act(play, month, unit, clerk, "acceptances")
                await act(play, month, unit, reviewer, "reviews")
        await _handle_some(play, month, play.city.units_of(handling))
    with play.stage.step("bill", None, month.period):
        month.summaries = {one: await summarise(play, month, one) for one in (done, sent)}
        await audit(play, month, month.summaries[done])
        await billed(play, month.summaries[done])
    await _collect(play, month)
    await _leave_open(play, month, done)


async def _handle_some(play: Play, month: Month, units: list[Unit]) -> None:
    """Handle a third of the declarations to the end, accept a third, return one."""
    third = max(1, len(units) // 3)
    for unit in units[: 2 * third]:
        await act(play, month, unit, clerk, "acceptances")
    for unit in units[:third]:
        await act(play, month, unit, reviewer, "reviews")
    path = f"/v1/declarations/{month.declarations[units[-1].credit_code]}/returns"
    body = {"codes": ["NOT_SIGNED_BY_STAFF"], "note": "职工未签字确认"}
    await play.office.post(clerk(units[-1].district), "collection", path, body)


async def _collect(play: Play, month: Month) -> None:
    """Let the bank and the tax bureau bring the money of the bills there are."""
    with play.stage.step("debit", None, month.period) as bar:
        await debit(play, month.period, month.day(20))
        await work_off(play, "debit", bar)
    with play.stage.step("tax", None, month.period):
        body = {"period": month.period, "day": month.day(22), "wrong_payers": 0}
        await play.office.control("/v1/tax/pushes", body)
        await drained(play)
    with play.stage.step("reconcile", None, month.period):
        for account, name in reconciling.ACCOUNTS.items():
            await reconciling.upload(play, account, name, month.day(1), month.day(24))


async def _leave_open(play: Play, month: Month, district: str) -> None:
    """Leave a settlement, claims and a change of the register for the next person."""
    office = play.office
    with play.stage.step("claim", None, month.period):
        body: dict[str, Any] = {"kind": "sweep", "day": month.day(25)}
        await office.post(_ACCOUNTANT, "ledger", "/v1/settlements", body)
        for one in play.city.districts:
            run = {"district": one, "period": month.period}
            claim = await office.post(clerk(one), "payout", "/v1/pension-runs", run)
            if one == district:
                path = f"/v1/claims/{claim['id']}/signatures"
                await office.post(reviewer(one), "payout", path, {"decision": "approve"})
        unit = play.city.units_of(district)[0]
        body = {"effective_on": month.day(1, 1), "facts": {"kind": "organ"}, "reason": "转制"}
        path = f"/v1/units/{unit.credit_code}/changes"
        await office.post(clerk(district), "collection", path, body)
