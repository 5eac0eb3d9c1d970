"""The payout app for tests: the real app on a real database, with stubs of its peers.

`city` has the real ledger behind it; test_with_collection.py runs payout with the real collection.
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.ledger.app import build as build_ledger
from services.payout.app import CLIENT_ID, build
from services.payout.common.clients import CollectionClient
from services.payout.formulas.clients import BenefitRecords
from services.payout.funding.clients import SpendingClient
from services.payout.payments.clients import LedgerClient
from services.payout.qualifications.clients import RetirementRecords
from services.payout.withdrawals.clients import PersonalBalances
from shared.web.client import Peer
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer, peer_of
from tests.payout.support.city import City, LossyTransport
from tests.payout.support.office import Office, connect_ledger
from tests.payout.support.peers import PeerStub


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer
) -> AsyncIterator[Office]:
    """The payout app on this module's database, with a stub of ledger and collection."""
    app = build(settings_for())
    async with client_of(app) as client:
        peers = PeerStub()
        transport = httpx.MockTransport(peers)
        async with Peer(
            "http://peer",
            CLIENT_ID,
            "secret",
            identity_url="http://identity",
            attempts=1,
            transport=transport,
        ) as peer:
            connect_ledger(app, LedgerClient(peer))
            app.state.collection = CollectionClient(peer)
            app.state.benefit_records = records = BenefitRecords(peer, peer)
            app.state.retirement_records = RetirementRecords(records, peer, app.state.person_keys)
            app.state.personal_balances = PersonalBalances(peer)
            app.state.spending = SpendingClient(peer)
            yield Office(app, client, bearer, peers)


@pytest.fixture(scope="module")
async def city(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
    database_url: str,
) -> AsyncIterator[City]:
    """The payout app with the real ledger, a stub of collection, and a million for hospitals."""
    app, ledger_app = build(settings_for()), build_ledger(settings_for())
    way, peers = LossyTransport(ledger_app), PeerStub()
    async with (
        client_of(ledger_app) as ledger,
        client_of(app) as client,
        peer_of(issuer, "http://ledger", CLIENT_ID, way) as peer,
        peer_of(issuer, "http://collection", CLIENT_ID, httpx.MockTransport(peers)) as collection,
    ):
        connect_ledger(app, LedgerClient(peer))
        app.state.collection = CollectionClient(collection)
        app.state.benefit_records = BenefitRecords(collection, peer)
        app.state.personal_balances = PersonalBalances(peer)
        city = City(app, client, bearer, peers, ledger, way, database_url)
        await city.give("medical", "1000000.00")
        yield city
