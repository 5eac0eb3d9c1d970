"""A merger takes suspended months, accounts and proofs of life along, and loses no difference."""

from sqlalchemy import text

from tests.payout.support.merging import merge
from tests.payout.support.office import Office
from tests.payout.support.papers import account, number, pensioner
from tests.payout.support.recovering import paid_month

OLD, RIGHT = 28 * 30, 28 * 31


async def test_a_suspended_pension_stays_suspended_under_the_right_number(office: Office) -> None:
    here = "ninghe"
    await office.register([pensioner(OLD, "1000.00", "2021-05")], here)
    person = {"identity_number": number(OLD)}
    await office.change("suspend", [person | {"from": "2021-05"}], here, reason="missing")
    new = account(OLD + 1)
    await office.change("account", [person | {"bank_account": new}], here, reason="requested")
    proof = {
        "district": here,
        "channel": "counter",
        "proofs": [person | {"proved_on": "2021-04-01"}],
    }
    await office.ask("POST", "/v1/life-proofs", proof, role="district_clerk", district=here)
    await merge(office, number(OLD), number(RIGHT))
    assert (await office.run_pensions("2021-05", here)).json()["code"] == "NOTHING_TO_PAY"
    again = [{"identity_number": number(RIGHT), "from": "2021-05"}]
    resumed = await office.change("resume", again, here, reason="missing")
    assert resumed.status_code == 201, resumed.text
    await office.register([pensioner(28 * 32, "1.00", "2021-04")], here)
    assert (await office.run_pensions("2021-04", here)).json()["lines"] == 1
    run = (await office.run_pensions("2021-05", here)).json()
    assert (run["lines"], run["total"]) == (2, "1001.00")
    payees = await office.ask("GET", f"/v1/claims/{run['id']}/payees", role="supervisor")
    assert new["number"] in {line["bank_account"]["number"] for line in payees.json()["items"]}
    keys = office.app.state.person_keys
    async with office.app.state.db.transaction() as tx:
        proofs = await tx.execute(
            text("SELECT count(*) FROM life_proof WHERE person_id = :person_id"),
            {"person_id": keys.key(number(RIGHT))},
        )
        assert proofs.scalar_one() == 1


async def test_what_a_paid_month_lacks_of_the_survivors_amount_is_paid(office: Office) -> None:
    old, right = 28 * 33, 28 * 34
    await office.register([pensioner(old, "2000.00", "2021-05")], "hedong")
    await office.register([pensioner(right, "2500.00", "2021-05")], "hebei")
    await paid_month(office, "2021-05", "hedong")
    await office.approve((await office.run_pensions("2021-05", "hebei")).json())
    await merge(office, number(old), number(right))
    assert (await office.run_pensions("2021-06", "hebei")).json()["total"] == "3000.00"
