"""A merger takes suspended months, changed accounts and proofs of life along."""

from sqlalchemy import text

from tests.payout.support.merging import merge
from tests.payout.support.office import Office
from tests.payout.support.papers import account, number, pensioner

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
