"""Payout with the real collection: an inspection's wrong benefit is recovered, and its case closes."""

import httpx

from services.collection.app import build as build_collection
from services.payout.app import CLIENT_ID
from services.payout.recoveries.clients import InspectionOrders
from services.payout.recoveries.jobs import InspectionOrderWorker
from shared.web.client import Peer
from tests.collection.support.doors.inspecting import decided, step, try_step
from tests.collection.support.office import Office as CollectionOffice
from tests.collection.support.restating import a_unit
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer, WithTokens
from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, result
from tests.payout.support.recovering import confirm, look, receipt, repaid

CLOSING = {"outcome": "collected"}


async def test_a_false_claim_comes_back_and_the_inspection_closes(
    office: Office,
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
    database_url: str,
) -> None:
    collection = build_collection(settings_for())
    transport = WithTokens(issuer, httpx.ASGITransport(collection))
    async with (
        client_of(collection) as client,
        Peer(
            "http://collection",
            CLIENT_ID,
            "secret",
            identity_url="http://identity",
            transport=transport,
        ) as peer,
    ):
        desk = CollectionOffice(client, bearer, database_url)
        state = office.app.state
        worker = InspectionOrderWorker(state.db, InspectionOrders(peer), state.person_keys)

        claim = await office.approved(hospital_claim("1000.00"))
        batch = (await office.batch([claim])).json()["id"]
        await office.fund()
        (line,) = await office.lines(batch)
        await office.report(batch, [result(line)])
        finding = {
            "kind": "benefit_wrong",
            "period": "2021-07",
            "note": "虚假住院",
            "claim": claim,
            "claim_line": 1,
            "amount": "600.00",
        }
        unit = await a_unit(desk, people=1)
        inspection = await decided(desk, unit.code, finding)
        assert await worker.step() == 1
        assert await worker.step() == 0, "taken once, reported once"
        (case,) = (await look(office, "/v1/recovery-cases", district="heping"))["items"]
        assert (case["inspection"], case["open"]) == (inspection, "600.00")
        open_still = await try_step(desk, "department_head", inspection, "closings", CLOSING)
        assert open_still.json()["code"] == "INSPECTION_NOT_COLLECTED"
        assert (await confirm(office, case["id"], "heping")).status_code == 201
        await repaid(office, case["id"], receipt("W-1", "600.00", "2021-09-01"))
        assert await worker.step() == 1
        closed = await step(desk, "department_head", inspection, "closings", CLOSING)
        (recovery,) = closed["recoveries"]
        assert (recovery["recovery_case"], recovery["recovered"]) == (case["id"], "600.00")
