"""`wuxian workdays`: what it sends to the doors, and what it prints."""

from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli import workdays

CHANGE = {
    "id": "wdc_1",
    "year": 2027,
    "days_off": ["2027-01-01", "2027-01-02", "2027-01-03"],
    "workdays": ["2027-02-20"],
    "source": "通知",
    "status": "filed",
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Requests that the command sends; each is answered with a change."""
    requests: list[tuple[Any, ...]] = []

    def ask(method: str, url: str, path: str, token: str, body: Any = None) -> dict[str, Any]:
        requests.append((method, path, token, body))
        return CHANGE

    monkeypatch.setattr(workdays, "ask", ask)
    return requests


def test_a_year_is_proposed_by_spans_and_decided_by_another(sent: list[tuple[Any, ...]]) -> None:
    words = ["propose", "2027", "--off", "2027-01-01..2027-01-03", "--worked", "2027-02-20"]
    more = ["--source", "通知", "--why", "录入", "--token", "t", "--url", "http://x"]
    proposed = CliRunner().invoke(workdays.app, [*words, *more])
    assert proposed.exit_code == 0, proposed.output
    assert "wuxian workdays approve wdc_1 --token …" in proposed.output
    for step in (["approve", "wdc_1"], ["refuse", "wdc_1", "--why", "不符"]):
        done = CliRunner().invoke(workdays.app, [*step, "--token", "u", "--url", "http://x"])
        assert done.exit_code == 0, done.output
    days = {"days_off": CHANGE["days_off"], "workdays": CHANGE["workdays"]}
    body = {"year": 2027, **days, "source": "通知", "reason": "录入"}
    assert sent == [
        ("POST", "/v1/workdays", "t", body),
        ("POST", "/v1/workday-changes/wdc_1/approvals", "u", None),
        ("POST", "/v1/workday-changes/wdc_1/refusals", "u", {"why": "不符"}),
    ]
