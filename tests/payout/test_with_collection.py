"""Payout with the real collection and ledger: a unit's arrears, and a person's records."""

from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest

from services.collection.app import build as build_collection
from services.ledger.app import build as build_ledger
from services.payout.app import CLIENT_ID
from services.payout.claims.flows import arrears as arrears_flow
from services.payout.common.clients import CollectionClient, UnitUnknown
from services.payout.common.domain import UnitPaidYear
from services.payout.common.flows import PersonKeys
from services.payout.formulas.clients import BenefitRecords, InsuredPersonUnknown
from services.payout.formulas.domain.unit import MaternityQuestion, StableJobQuestion
from services.payout.qualifications.clients import RetirementRecords
from services.payout.qualifications.flows import qualification as qualification_flow
from shared.cn import identity_number
from shared.cn.credit_code import with_check_character
from shared.errors import Forbidden
from shared.period import Period
from shared.roles import Caller, Role
from shared.security.identity import Identity
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer, peer_of

UNIT = with_check_character("91120101MA0000000")
CLERK = Caller(subject="clerk", role=Role.DISTRICT_CLERK, district="heping")
OTHER_CLERK = Caller(subject="other", role=Role.DISTRICT_CLERK, district="nankai")


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
    arrears = await arrears_flow.require_none(collection, UNIT, date(2021, 8, 1), caller=CLERK)
    assert (arrears.total, arrears.overdue) == ("0.00", False)


async def test_a_unit_without_bills_has_paid_nothing_for_a_year(
    collection: CollectionClient,
) -> None:
    paid = await collection.paid_year(UNIT, "unemployment", 2020)
    assert paid == UnitPaidYear(
        district="heping",
        paid_fen=0,
        paid_months=0,
        heads_before=0,
        heads_after=0,
        head_months=0,
    )


async def test_another_district_does_not_read_a_units_arrears(collection: CollectionClient) -> None:
    with pytest.raises(Forbidden):
        await arrears_flow.require_none(collection, UNIT, date(2021, 8, 1), caller=OTHER_CLERK)


async def test_an_unregistered_unit_is_unknown(collection: CollectionClient) -> None:
    other = with_check_character("91120101MA0000999")
    with pytest.raises(UnitUnknown):
        await arrears_flow.require_none(collection, other, date(2021, 8, 1), caller=CLERK)


async def test_a_person_has_months_and_an_account_in_the_real_services(
    collection: CollectionClient,
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
) -> None:
    """Both doors answer as the client reads them; the person has paid nothing yet."""
    number = identity_number.with_check_digit("12010119650311001")
    settings = settings_for()
    app, ledger_app = build_collection(settings), build_ledger(settings_for())
    async with (
        client_of(app) as client,
        client_of(ledger_app),
        peer_of(issuer, "http://collection", CLIENT_ID, httpx.ASGITransport(app)) as one,
        peer_of(issuer, "http://ledger", CLIENT_ID, httpx.ASGITransport(ledger_app)) as other,
    ):
        headers = bearer("district_clerk", "heping")
        person = {"identity_number": number, "name": "张三", "joined_on": "2021-01-01"}
        path = f"/v1/units/{UNIT}/enrolments"
        made = await client.post(path, headers=headers, json={"people": [person]})
        assert made.status_code == 201, made.text
        listed = await client.get(path, headers=headers)
        (known,) = listed.json()["items"]
        records = BenefitRecords(one, other)
        record = await records.of(known["person"], date(2021, 8, 1))
        assert (record.birth, record.is_female) == (Period(1965, 3), False)
        assert (record.districts, record.years, record.account_fen) == (("heping",), (), 0)
        keys = PersonKeys.of(
            Identity.load(settings.identity_path, settings.field_keys_of("payout"))
        )
        applicant = qualification_flow.applicant(number, keys, date(2021, 8, 1))
        known_person = await RetirementRecords(records, one, keys).of(applicant, date(2021, 8, 1))
        assert (known_person.name, known_person.owed, known_person.record) == ("张三", (), record)
        refund = await records.of_unit(
            UNIT, date(2021, 8, 1), StableJobQuestion(size="other"), CLERK
        )
        assert refund.paid is not None
        assert (refund.year, refund.paid.paid_fen, refund.overdue) == (2020, 0, False)
        leave = await records.of_unit(UNIT, date(2021, 8, 1), MaternityQuestion(), CLERK)
        assert leave.average_wage_fen == 0
        with pytest.raises(InsuredPersonUnknown):
            await records.of(f"per_{'0' * 48}", date(2021, 8, 1))
