"""Payout with the real collection: a unit's arrears."""

from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest

from services.collection.app import build as build_collection
from services.payout.app import CLIENT_ID
from services.payout.claims.flows import arrears as arrears_flow
from services.payout.common.clients import CollectionClient, UnitUnknown
from shared.cn.credit_code import with_check_character
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer, peer_of

UNIT = with_check_character("91120101MA0000000")


@pytest.fixture(scope="module")
async def collection(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, issuer: Issuer
) -> AsyncIterator[CollectionClient]:
    app = build_collection(settings_for())
    transport = httpx.ASGITransport(app)
    async with (
        client_of(app) as client,
        peer_of(issuer, "http://collection", CLIENT_ID, transport, attempts=4) as peer,
    ):
        registered = await client.post(
            "/v1/units",
            headers=bearer("district_clerk", "heping"),
            json={
                "credit_code": UNIT,
                "name": "天津某公司",
                "kind": "enterprise",
                "district": "heping",
                "injury_class": 1,
                "collector": "tax",
                "bank_account": None,
            },
        )
        assert registered.status_code == 201, registered.text
        yield CollectionClient(peer)


async def test_a_unit_without_bills_has_no_arrears(collection: CollectionClient) -> None:
    arrears = await arrears_flow.require_none(collection, UNIT, date(2021, 8, 1))
    assert (arrears.total, arrears.overdue) == ("0.00", False)


async def test_an_unregistered_unit_is_unknown(collection: CollectionClient) -> None:
    other = with_check_character("91120101MA0000999")
    with pytest.raises(UnitUnknown):
        await arrears_flow.require_none(collection, other, date(2021, 8, 1))
