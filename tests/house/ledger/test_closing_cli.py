"""`wuxian ledger close`: both services' word is brought to the ledger, and two people close."""

import json
from contextlib import ExitStack

import pytest

from shared.roles import Caller, Role
from tests.house.conftest import Wuxian
from tests.house.support import serving
from tests.issuer import Issuer

pytestmark = pytest.mark.story


def test_two_people_close_a_month_on_what_both_services_say(
    wuxian: Wuxian, database_url: str, environment: dict[str, str], issuer: Issuer
) -> None:
    def token(role: str, name: str) -> str:
        return issuer.mint(Caller(subject=name, role=Role(role)))

    accountant, leader = token("fund_accountant", "wang"), token("centre_leader", "li")
    with ExitStack() as served:
        urls = {
            f"WUXIAN_{service.upper()}_URL": served.enter_context(
                serving([service, "--database-url", database_url], environment)
            )
            for service in ("collection", "payout", "ledger")
        }
        shown = wuxian(
            "ledger",
            "close",
            "month",
            "2021-07",
            "--check",
            "--json",
            "--token",
            accountant,
            **urls,
        )
        control = json.loads(shown.stdout)
        assert control["funds"] == {}
        assert all(len(one) == 64 for one in control["hashes"].values())
        proposed = wuxian("ledger", "close", "month", "2021-07", "--token", accountant, **urls)
        assert proposed.returncode == 0, proposed.stderr
        assert (
            "2021-07: proposed; another person: wuxian ledger close-approve cls_" in proposed.stdout
        )
        paper = next(word for word in proposed.stdout.split() if word.startswith("cls_"))
        alone = wuxian("ledger", "close-approve", paper, "--token", accountant, **urls)
        assert (alone.returncode, "403 FORBIDDEN" in alone.stderr) == (1, True)
        done = wuxian("ledger", "close-approve", paper, "--json", WUXIAN_TOKEN=leader, **urls)
        assert json.loads(done.stdout)["closed_until"] == "2021-07-31"
        again = wuxian("ledger", "close", "month", "2021-07", "--token", accountant, **urls)
        assert again.returncode == 1
        assert "/period  ALREADY_CLOSED" in again.stderr
    wrong = wuxian("ledger", "close", "month", "July", "--token", accountant, **urls)
    assert (wrong.returncode, "July is no month" in wrong.stderr) == (1, True)
