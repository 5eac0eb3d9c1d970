"""A filter that is misspelt or unknown is refused at every list; it never finds nothing."""

import pytest
from fastapi.routing import APIRoute

from services.payout.app import ROUTERS
from tests.payout.support.office import Office

WRONG = {
    "district": ("hepping", "DISTRICT_UNKNOWN"),
    "fund": ("pensionn", "FUND_UNKNOWN"),
    "status": ("paidd", None),
    "kind": ("pension", None),
    "action": ("close", None),
    "topic": ("weather", None),
    "comparison": ("birth", None),
    "rule": ("RULE!", None),
    "place": ("PLACE!", None),
    "state": ("perhaps", None),
    "open": ("perhaps", None),
    "suspended": ("yes", None),
    "item": ("levied", None),
    "period": ("2021-13", None),
    "period_from": ("2021-00", None),
    "period_to": ("21-01", None),
    "as_of": ("2021-02-30", None),
    "differing": ("perhaps", None),
    "format": ("SWIFT!", None),
    "after_seq": ("-1", None),
    "wait": ("soon", None),
    "step": ("perhaps", None),
    "reason": ("perhaps", None),
    "month": ("2021-13", None),
}
PAGED = {"limit", "cursor"}
REQUIRED = {
    "/v1/closing-control/papers": {"fund": "medical"},
    "/v1/overpayments": {"district": "heping"},
    "/v1/provisional-pensions": {"district": "heping"},
}


def filters() -> list[tuple[str, str]]:
    """List every query parameter of every GET door that is no part of paging."""
    return [
        (route.path, parameter.alias)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in route.methods
        for parameter in route.dependant.query_params
        if parameter.alias not in PAGED
    ]


def test_the_doors_have_filters() -> None:
    assert len(filters()) > 15


@pytest.mark.parametrize(("path", "name"), filters())
async def test_an_unknown_value_is_refused(office: Office, path: str, name: str) -> None:
    value, code = WRONG[name]
    params = {key: one for key, one in REQUIRED.get(path, {}).items() if key != name}
    role = "bank_gateway" if path.endswith("/file") else "supervisor"
    answer = await office.client.get(
        path, params=params | {name: value}, headers=office.bearer(role)
    )
    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == f"/query/{name}"
    if code is not None:
        assert fault["code"] == code


async def test_a_reversed_span_is_refused(office: Office) -> None:
    answer = await office.ask(
        "GET", "/v1/totals", role="supervisor", period_from="2021-08", period_to="2021-07"
    )
    assert answer.status_code == 422
    assert [one["code"] for one in answer.json()["errors"]] == ["PERIODS_REVERSED"]


@pytest.mark.parametrize("fund", ["pension", "medical", "unemployment", "work_injury", "maternity"])
async def test_a_fund_without_payments_is_known(office: Office, fund: str) -> None:
    for path in ("/v1/failed-payments", "/v1/double-payments", "/v1/payment-batches"):
        answer = await office.ask("GET", path, role="supervisor", fund=fund)
        assert answer.status_code == 200, answer.text
