"""Recovery cases of people whose records are merged: the survivor owes, and owes once."""

from itertools import count

from shared.process.regions import districts_of
from tests.payout.support.merging import doubles, merge
from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner
from tests.payout.support.recovering import (
    case_of,
    confirmed,
    overpaid,
    paid_month,
    planned,
    receipt,
    repaid,
)

DISTRICTS = iter(sorted(districts_of("tianjin", None) - {"centre"}))
SERIAL = count(28 * 160, 28)


async def test_the_survivor_owes_the_case_and_its_plan_goes_on(office: Office) -> None:
    here, old, right = next(DISTRICTS), next(SERIAL), next(SERIAL)
    await office.register([pensioner(old, "1000.00", "2021-04")], here)
    for month in ("2021-04", "2021-05"):
        await paid_month(office, month, here)
    people = [{"identity_number": number(old), "event_on": "2021-03-20"}]
    ended = await office.change("end", people, here, reason="duplicate", note="重复参保")
    assert ended.status_code == 201, ended.text
    case = await confirmed(office, here)
    await planned(office, case, deduct_from="2021-06")
    await office.register([pensioner(right, "2000.00", "2021-06")], here)
    await merge(office, number(old), number(right))
    june = (await office.run_pensions("2021-06", here)).json()
    assert june["total"] == "1600.00", "a fifth is kept back"
    await office.approve(june)
    await repaid(office, case["id"], receipt("M-1", "100.00", "2021-06-20"))
    shown = (await case_of(office, case["id"]))["case"]
    assert (shown["status"], shown["open"]) == ("confirmed", "1500.00")
    assert shown["notice_no"] == case["notice_no"]
    assert (await overpaid(office, here))["total"] == "0.00", "covered by the case"


async def test_a_debt_without_a_case_is_the_survivors(office: Office) -> None:
    here, old, right = next(DISTRICTS), next(SERIAL), next(SERIAL)
    await office.register([pensioner(old, "1000.00", "2021-04")], here)
    await paid_month(office, "2021-04", here)
    people = [{"identity_number": number(old), "event_on": "2021-03-20"}]
    await office.change("end", people, here, reason="duplicate", note="重复参保")
    await office.register([pensioner(right, "2000.00", "2021-06")], here)
    await merge(office, number(old), number(right))
    assert (await overpaid(office, here))["total"] == "1000.00"


async def test_a_double_payment_is_recovered_once(office: Office) -> None:
    here, there, old, right = (next(DISTRICTS), next(DISTRICTS), next(SERIAL), next(SERIAL))
    await office.register([pensioner(old, "1000.00", "2021-05")], here)
    await office.register([pensioner(right, "1000.00", "2021-05")], there)
    for district in (here, there):
        await paid_month(office, "2021-05", district)
    people = [{"identity_number": number(old), "event_on": "2021-04-20"}]
    await office.change("end", people, here, reason="not_eligible", note="重复参保")
    case = await confirmed(office, here)
    await repaid(office, case["id"], receipt("D-1", "400.00", "2021-06-20"))
    await merge(office, number(old), number(right))
    (double,) = await doubles(office, district=here)
    path = f"/v1/claims/{double['claim']}/recovery-cases"
    body = {"reason": "重复发放", "document": "文"}
    how = {"role": "district_clerk", "district": here}
    line = {"line": double["line"], "amount": "600.01"}
    much = await office.ask("POST", path, body | {"lines": [line]}, **how)
    assert [fault["code"] for fault in much.json()["errors"]] == ["RECOVERY_TOO_LARGE"]
    rest = body | {"lines": [line | {"amount": "600.00"}]}
    assert (await office.ask("POST", path, rest, **how)).status_code == 201
    shown = (await case_of(office, case["id"]))["case"]
    assert (shown["status"], shown["amount"]) == ("closed", "400.00")
