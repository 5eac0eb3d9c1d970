"""Orders of inspections become recovery cases, once each, and collection is told how they end."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.payout.app import CLIENT_ID
from services.payout.recoveries import clients as inspection_client
from services.payout.recoveries.clients import InspectionOrders
from services.payout.recoveries.flows import inspection as inspection_order_flow
from services.payout.recoveries.jobs import InspectionOrderWorker
from shared.references import Reference
from shared.web.client import Peer
from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, result
from tests.payout.support.recovering import confirm, look, receipt, repaid

INSPECTION = Reference.INSPECTION.example


@pytest.fixture
def worker(office: Office) -> Iterator[InspectionOrderWorker]:
    """The worker, with the stub as collection."""
    peer = Peer(
        "http://peer",
        CLIENT_ID,
        "secret",
        identity_url="http://identity",
        attempts=1,
        transport=httpx.MockTransport(office.peers),
    )
    keys = office.app.state.person_keys
    yield InspectionOrderWorker(office.app.state.db, InspectionOrders(peer), keys)
    office.peers.is_down = False


def order(finding: int, claim: str, amount: str) -> dict[str, Any]:
    return {
        "inspection": INSPECTION,
        "finding": finding,
        "claim": claim,
        "claim_line": 1,
        "amount": amount,
        "note": "虚假住院",
        "document": "津社险稽〔2021〕8号",
    }


async def test_an_order_opens_one_case_and_its_end_is_reported(
    office: Office, worker: InspectionOrderWorker
) -> None:
    claim = await office.approved(hospital_claim("1000.00"))
    batch = (await office.batch([claim])).json()["id"]
    await office.fund()
    (line,) = await office.lines(batch)
    await office.report(batch, [result(line)])
    orders = [
        order(1, claim, "800.00"),
        order(2, claim, "300.00"),
        order(3, Reference.CLAIM.example, "1.00"),
    ]
    office.peers.inspection_orders = orders
    office.peers.loses_answers = 1
    with pytest.raises(httpx.HTTPError):
        await worker.step()
    office.peers.inspection_orders = orders  # as if collection had not kept the lost report
    await worker.step()
    reports = {one["finding"]: one for one in office.peers.inspection_reports}
    assert [reports[finding]["status"] for finding in (1, 2, 3)] == [
        "opened",
        "refused",
        "refused",
    ]
    assert "200.00" in reports[2]["refusal"], "what the first order left of the line"
    (case,) = (await look(office, "/v1/recovery-cases", district="heping"))["items"]
    assert (case["amount"], case["inspection"]) == ("800.00", INSPECTION)
    assert case["id"] == reports[1]["recovery_case"]
    assert await worker.step() == 0, "nothing has changed"

    assert (await confirm(office, case["id"], "heping")).status_code == 201
    await repaid(office, case["id"], receipt("I-1", "800.00", "2021-09-01"))
    assert await worker.step() == 1
    last = office.peers.inspection_reports[-1]
    assert (last["status"], last["recovered"]) == ("closed", "800.00")
    assert await worker.step() == 0


async def test_a_faulty_order_and_a_refused_report_hold_up_no_other(
    office: Office, worker: InspectionOrderWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection_client, "PAGE", 1)
    monkeypatch.setattr(inspection_order_flow, "REPORTS_AT_ONCE", 1)
    unreadable = order(11, Reference.CLAIM.example, "1.00") | {"inspection": "ins_1"}
    sound = [order(number, Reference.CLAIM.example, "1.00") for number in (12, 13)]
    office.peers.inspection_orders = [unreadable, *sound]
    office.peers.inspection_reports.clear()
    office.peers.refused_reports = {12}
    assert [await worker.step() for _ in range(3)] == [0, 0, 1]
    assert [one["finding"] for one in office.peers.inspection_reports] == [13]
    office.peers.refused_reports.clear()
    assert sum([await worker.step() for _ in range(2)]) == 1
    assert [one["finding"] for one in office.peers.inspection_reports] == [13, 12]
    office.peers.inspection_orders = []
