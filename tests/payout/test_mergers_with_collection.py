"""Payout with the real collection: two records of one person are merged, and one pension is paid."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.collection.app import build as build_collection
from services.payout.app import CLIENT_ID, build
from services.payout.mergers.clients import PersonCorrections
from services.payout.mergers.jobs import PersonCorrectionWorker
from shared.web.client import Peer
from tests.collection.support.office import Office as CollectionOffice
from tests.collection.support.register import numbers, staffed
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer, WithTokens
from tests.payout.support.office import Office
from tests.payout.support.papers import pensioner
from tests.payout.support.peers import PeerStub
from tests.payout.support.personal import named


@dataclass
class City:
    """Both services on one database."""

    collection: CollectionOffice
    payout: Office
    worker: PersonCorrectionWorker

    async def correct(self, number: str, **right: str) -> None:
        """Correct a person's record by two people."""
        body = {
            "identity_number": number,
            "right": right,
            "reason": "登记有误",
            "document": "户籍证明 2021-118",
        }
        path = "/v1/person-corrections"
        paper = await self.collection.post("district_clerk", path, body, subject="li")
        assert paper.status_code == 201, paper.text
        path = f"{path}/{paper.json()['id']}/approvals"
        done = await self.collection.post("district_reviewer", path, subject="wu")
        assert done.status_code == 201, done.text

    async def run(self, period: str, district: str) -> list[dict[str, Any]]:
        """File a pension run; return its lines."""
        filed = await self.payout.run_pensions(period, district)
        assert filed.status_code == 201, filed.text
        path = f"/v1/claims/{filed.json()['id']}/lines"
        answer = await self.payout.ask("GET", path, role="supervisor")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture(scope="module")
async def city(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
    database_url: str,
) -> AsyncIterator[City]:
    collection, payout = build_collection(settings_for()), build(settings_for())
    transport = WithTokens(issuer, httpx.ASGITransport(collection))
    async with (
        client_of(collection) as collection_client,
        client_of(payout) as payout_client,
        Peer(
            "http://collection",
            CLIENT_ID,
            "secret",
            identity_url="http://identity",
            transport=transport,
        ) as peer,
    ):
        keys = payout.state.person_keys
        yield City(
            CollectionOffice(collection_client, bearer, database_url),
            Office(payout, payout_client, bearer, PeerStub()),
            PersonCorrectionWorker(payout.state.db, PersonCorrections(peer, keys), keys),
        )


async def test_two_records_with_a_pension_each_are_paid_one_pension(city: City) -> None:
    _, people = await staffed(city.collection, 2)
    wrong, right = numbers(people)
    old = named(pensioner(1, "2000.00", "2021-05"), "张三") | {"identity_number": wrong}
    new = named(pensioner(2, "2500.00", "2021-05"), "张三") | {"identity_number": right}
    await city.payout.register([old], "heping")
    await city.payout.register([new], "nankai")
    (first,) = await city.run("2021-05", "heping")
    (second,) = await city.run("2021-05", "nankai")
    await city.correct(wrong, identity_number=right)
    assert await city.worker.step() == 1
    (double,) = (await city.payout.ask("GET", "/v1/double-payments", role="supervisor")).json()[
        "items"
    ]
    assert (double["amount"], double["status"]) == (first["amount"], "stopped")
    assert second["amount"] == "2500.00"
    nobody = await city.payout.run_pensions("2021-06", "heping")
    assert nobody.json()["code"] == "NOTHING_TO_PAY"
    (line,) = await city.run("2021-06", "nankai")
    assert line["amount"] == "2500.00"
    # The name is corrected afterwards: the next run pays to it.
    await city.correct(right, name="张三丰")
    assert await city.worker.step() == 1
    (line,) = await city.run("2021-07", "nankai")
    assert line["payee_name"] == "张**"
    refused = await city.payout.register([old | {"from": "2021-08"}], "heping")
    assert [one["code"] for one in refused.json()["errors"]] == ["PERSON_MERGED"]
    assert await city.worker.step() == 0
