"""Doors of proofs of life: reminders, one suspension for all who missed, back-pay when proved."""

import asyncio
from itertools import count
from typing import Any

import pytest

from services.payout.entitlements.store import entitlement as entitlement_store
from shared.clock import today
from shared.period import Period
from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner

SERIAL = count(3000)
MONTH = Period.of(today())


@pytest.fixture(scope="module", autouse=True)
async def rule(office: Office) -> None:
    """Let two people ask for a proof each year in the month before this one, without grace."""
    body = {
        "topic": "life_proof",
        "code": "basic_pension",
        "in_force_from": "2020-01-01",
        "source": "津人社发[2020]3号",
        "life_proof": {
            "month": MONTH.plus(-1).month,
            "early_months": 0,
            "grace_months": 0,
            "from_age": 0,
            "first_due": None,
        },
    }
    proposed = await office.ask("POST", "/v1/entitlement-rules", body, role="centre_auditor")
    path = f"/v1/entitlement-rules/{proposed.json()['id']}/approvals"
    approved = await office.ask("POST", path, {}, role="department_head")
    assert approved.status_code == 201, approved.text


async def post(office: Office, path: str, body: dict[str, Any], district: str) -> Any:
    how = {"role": "district_clerk", "district": district}
    return await office.ask("POST", path, {"district": district} | body, **how)


async def prove(office: Office, district: str, *serials: int) -> Any:
    proofs = [
        {"identity_number": number(serial), "proved_on": today().isoformat()} for serial in serials
    ]
    return await post(office, "/v1/life-proofs", {"channel": "counter", "proofs": proofs}, district)


async def reminded(office: Office, district: str, state: str) -> int:
    answer = await office.client.get(
        "/v1/life-proof-reminders",
        params={"district": district, "state": state},
        headers=office.bearer("supervisor"),
    )
    assert answer.status_code == 200, answer.text
    return len(answer.json()["items"])


async def test_proofs_are_recorded_once_for_people_with_a_pension(office: Office) -> None:
    here, serial = "heping", next(SERIAL)
    await office.register([pensioner(serial)], here)
    assert (await prove(office, here, serial)).json() == {"recorded": 1, "replayed": 0}
    assert (await prove(office, here, serial)).json() == {"recorded": 0, "replayed": 1}
    unknown = await prove(office, here, next(SERIAL))
    assert unknown.json()["errors"][0]["code"] == "ENTITLEMENT_UNKNOWN"


async def test_all_who_missed_are_suspended_at_once_and_paid_when_they_prove(
    office: Office,
) -> None:
    here, proved, late, gone = "hexi", next(SERIAL), next(SERIAL), next(SERIAL)
    people = [pensioner(serial, "1000.00") for serial in (proved, late, gone)]
    await office.register(people, here)
    assert await reminded(office, here, "missed") == 3
    assert await reminded(office, here, "due") == 0
    await prove(office, here, proved)
    assert await reminded(office, here, "missed") == 2
    body = {"from": str(MONTH.plus(-2)), "document": "停发公告"}
    paper = await post(office, "/v1/life-proof-suspensions", body, here)
    assert (paper.status_code, paper.json()["lines"]) == (201, 2)
    approved = await office.decide_change(paper.json()["id"], district=here)
    assert approved.json()["applied"] == 2
    run = await office.run_pensions(str(MONTH.plus(-2)), here)
    assert run.json()["total"] == "1000.00"
    nobody = await post(office, "/v1/life-proof-suspensions", body, here)
    assert nobody.json()["code"] == "NOBODY_CONCERNED"
    await prove(office, here, late)
    again = await post(office, "/v1/life-proof-resumptions", {"document": "补认证名单"}, here)
    assert again.json()["lines"] == 1
    await office.decide_change(again.json()["id"], district=here)
    run = await office.run_pensions(str(MONTH.plus(-1)), here)
    assert (run.json()["lines"], run.json()["total"]) == (3, "3000.00"), "one month of arrears"


async def test_who_proves_while_the_paper_waits_is_not_suspended(office: Office) -> None:
    here, quick, slow = "nankai", next(SERIAL), next(SERIAL)
    await office.register([pensioner(quick), pensioner(slow)], here)
    body = {"from": str(MONTH), "document": "停发公告"}
    paper = await post(office, "/v1/life-proof-suspensions", body, here)
    await prove(office, here, quick)
    approved = await office.decide_change(paper.json()["id"], district=here)
    assert (approved.json()["lines"], approved.json()["applied"]) == (2, 1)
    assert await reminded(office, here, "missed") == 0


async def test_a_proof_waits_for_the_approval_of_a_suspension(office: Office) -> None:
    here, serial = "hedong", next(SERIAL)
    await office.register([pensioner(serial)], here)
    async with office.app.state.db.transaction() as tx:
        await entitlement_store.lock_pensions(tx, alone=True)
        proving = asyncio.create_task(prove(office, here, serial))
        done, _ = await asyncio.wait({proving}, timeout=0.3)
        assert not done
    assert (await proving).json() == {"recorded": 1, "replayed": 0}
