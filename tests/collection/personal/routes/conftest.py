"""Fixture of the tests of personal credits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.collection.app import build
from services.collection.delivery import Ledger
from services.collection.personal.clients import PersonalAccounts
from services.collection.personal.jobs import PersonalCreditJob
from services.collection.worker import CLIENT_ID
from services.ledger.app import build as build_ledger
from shared.outbox import Relay
from shared.security.identity import Identity
from shared.web.client import Peer
from tests.collection.support.city import City, LosesAnswers
from tests.collection.support.office import Office
from tests.conftest import Bearer, ClientOf, SettingsFor


@pytest.fixture
async def city(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    identity: Identity,
    database_url: str,
) -> AsyncIterator[City]:
    app, ledger_app = build(settings_for()), build_ledger(settings_for())
    way = LosesAnswers(ledger_app)
    secret = identity.secret_of(CLIENT_ID)
    async with (
        client_of(ledger_app) as ledger,
        client_of(app) as client,
        Peer("http://ledger", CLIENT_ID, secret, attempts=1, transport=way) as peer,
    ):
        office, db = Office(client, bearer, database_url), app.state.db
        await office.fetch("DELETE FROM lease")  # of the test before
        made = City(
            office,
            db,
            ledger,
            bearer,
            way,
            Relay(db, Ledger(peer).deliver),
            PersonalCreditJob(db, PersonalAccounts(peer)),
        )
        yield made
        await made.deliver()
        await made.control()
