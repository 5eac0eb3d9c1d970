"""The payout app for tests: the real app on a real database, with stubs of its peers.

test_with_ledger.py and test_with_collection.py run it with the real services instead.
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.payout.app import CLIENT_ID, build
from services.payout.common.clients import CollectionClient
from services.payout.payments.clients import LedgerClient
from shared.web.client import Peer
from tests.conftest import Bearer, ClientOf, SettingsFor
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
            yield Office(app, client, bearer, peers)
