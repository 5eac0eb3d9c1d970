"""Hostile input at every door: the answer is a 4xx problem that names the fault."""

from typing import Any

import pytest

from services.payout.common.schemas import masked_name
from shared.ids import Ref
from shared.references import Reference
from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, pensioner

NOT_REFS = [
    "x",
    "clm_",
    "clm_ffffffffffffffff00000000000000000000000000000000",
    "clm_" + "0" * 48 + "%0A",
    "pay_" + "0" * 48,
    "%2e%2e%2fetc",
    "😀" * 20,
    "a" * 400,
]


@pytest.mark.parametrize("ref", NOT_REFS)
async def test_text_that_is_no_reference_is_not_found(office: Office, ref: str) -> None:
    for path in ("", "/lines", "/trail"):
        answer = await office.client.get(
            f"/v1/claims/{ref}{path}", headers=office.bearer("supervisor")
        )
        assert answer.status_code in {400, 404, 422}, answer.text


async def test_an_unknown_reference_is_not_found(office: Office) -> None:
    claim, batch = Ref.new(3).text(Reference.CLAIM), Ref.new(3).text(Reference.PAYMENT_BATCH)
    assert (await office.sign(claim, "centre_leader")).status_code == 404
    unknown = {"line": 1, "outcome": "unknown", "bank_serial": "x", "amount": "1.00"}
    assert (await office.report(batch, [unknown])).status_code == 404
    for path in (f"/v1/claims/{claim}", f"/v1/payment-batches/{batch}"):
        for tail in ("", "/lines", "/trail"):
            answer = await office.ask("GET", path + tail, role="supervisor")
            assert answer.status_code == 404
    for tail, body in (("funding-checks", {}), ("cancellations", {"note": "x"})):
        answer = await office.ask(
            "POST", f"/v1/payment-batches/{batch}/{tail}", body, role="centre_cashier"
        )
        assert answer.status_code == 404


def _claim(**changes: Any) -> dict[str, Any]:
    return hospital_claim("1.00") | changes


def _line(**changes: Any) -> dict[str, Any]:
    claim = hospital_claim("1.00")
    claim["lines"][0] |= changes
    return claim


@pytest.mark.parametrize(
    "claim",
    [
        None,
        [],
        {},
        _claim(lines=[]),
        _claim(extra=1),
        _claim(kind="pension_run"),
        _claim(period="2021-13"),
        _claim(period="99999-01"),
        _claim(district="Heping'; DROP TABLE claim"),
        _claim(filed_on="9999-12-31"),
        _claim(filed_on="2099-12-31"),
        _claim(filed_on="0001-01-01"),
        _claim(control={"lines": 10**30, "total": "1.00"}),
        _claim(control={"lines": -1, "total": "1.00"}),
        _claim(control={"lines": 1, "total": "-1.00"}),
        _claim(control={"lines": 1, "total": 1.0}),
        _claim(credit_code="x"),
        _line(amount=1),
        _line(amount="1"),
        _line(amount="0.00"),
        _line(amount="-1.00"),
        _line(amount="9999999999999.99", extra=None),
        _line(amount="1e5"),
        _line(amount="１.00"),
        _line(reference="a b"),
        _line(reference="x" * 65),
        _line(payee_name=""),
        _line(payee_name="x" * 201),
        _line(identity_number="1" * 5000),
        _line(identity_number="12010119500307123\n"),
        _line(bank_account=None),
    ],
)
async def test_a_malformed_claim_names_its_faults(office: Office, claim: Any) -> None:
    answer = await office.file(claim, "heping")
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] or answer.json()["code"] == "DATE_IN_FUTURE"


async def test_text_that_looks_like_sql_or_markup_is_just_text(office: Office) -> None:
    name = "Robert'); DROP TABLE claim;-- <b>&\u202e 😀"
    claim = _line(payee_name=name)
    filed = await office.file(claim, "heping")
    assert filed.status_code == 201
    lines = await office.ask("GET", f"/v1/claims/{filed.json()['id']}/lines", role="supervisor")
    assert lines.json()["items"][0]["payee_name"] == masked_name(name)


async def test_a_lone_surrogate_or_a_nul_is_refused(office: Office) -> None:
    for bad in (b'"\\ud800"', b'"\\u0000"'):
        body = (
            b'{"action":"register","district":"heping","reason":"other","document":"d","people":[{"identity_number":"1","name":'
            + bad
            + b',"monthly_amount":"1.00","bank_account":{"bank":"b","number":"12345","name":"n"},'
            b'"from":"2021-01"}]}'
        )
        answer = await office.client.post(
            "/v1/entitlement-changes",
            content=body,
            headers=office.bearer("district_clerk", "heping")
            | {"content-type": "application/json"},
        )
        assert 400 <= answer.status_code < 500


async def test_too_many_lines_are_refused(office: Office) -> None:
    claim = hospital_claim("1.00")
    claim["lines"] *= 10_001
    assert (await office.file(claim, "heping")).status_code == 422


async def test_amounts_that_sum_too_high_are_refused(office: Office) -> None:
    top = "9999999999999.99"
    answer = await office.file(hospital_claim(top, top), "heping")
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"line": 0},
        {"line": 2**31},
        {"line": "1"},
        {"line": 1.5},
        {"outcome": "gone"},
        {"bank_serial": ""},
        {"bank_serial": "x" * 65},
        {"amount": "0.00"},
        {"value_date": "2021-02-30"},
        {"value_date": 0},
        {"value_date": "1800-01-01"},
        {"reason": "x" * 501},
    ],
)
async def test_a_malformed_result_is_refused(office: Office, changes: dict[str, Any]) -> None:
    report = {"line": 1, "outcome": "paid", "bank_serial": "B1", "amount": "1.00"} | changes
    answer = await office.report(Ref.new(1).text(Reference.PAYMENT_BATCH), [report])
    assert answer.status_code in {404, 422}
    if changes not in ({"line": "1"}, {"value_date": 0}):
        assert answer.status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "cursor=" + "x" * 501,
        "cursor=W1siLi4uIl0sICJ4Il0",
        "cursor=é",
        "period=2021-7",
        "status=none",
        "kind=N",
        "district=A",
    ],
)
async def test_a_malformed_query_is_refused(office: Office, query: str) -> None:
    answer = await office.client.get(f"/v1/claims?{query}", headers=office.bearer("supervisor"))
    assert answer.status_code == 422, answer.text


async def test_a_cursor_belongs_to_its_own_list(office: Office) -> None:
    await office.register([pensioner(serial) for serial in range(3)])
    page = await office.ask("GET", "/v1/entitlements", role="supervisor", limit=1)
    cursor = page.json()["next_cursor"]
    answer = await office.ask("GET", "/v1/claims", role="supervisor", cursor=cursor)
    assert answer.status_code == 422


async def test_every_door_needs_a_token(office: Office) -> None:
    for method, path in (
        ("GET", "/v1/claims"),
        ("GET", "/v1/payment-batches"),
        ("POST", "/v1/payment-results"),
        ("GET", "/v1/totals"),
    ):
        answer = await office.client.request(method, path)
        assert answer.status_code == 401
