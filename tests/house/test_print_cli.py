"""`wuxian print`: notices from the running service, as pages on standard output."""

import asyncio

import pytest

from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller, Role
from tests.collection.support.money import owe
from tests.house.conftest import Wuxian
from tests.house.support import serving
from tests.issuer import Issuer

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]


def test_a_bill_is_written_to_standard_output(
    wuxian: Wuxian, database_url: str, environment: dict[str, str], issuer: Issuer
) -> None:
    token = issuer.mint(Caller(subject="zhao", role=Role.SUPERVISOR))
    with serving(["collection", "--database-url", database_url], environment) as url:
        (owed,) = asyncio.run(owe(database_url))
        ref = Ref(owed.unit_id, owed.bill_id).text(Reference.BILL)
        done = wuxian("print", "bill", ref, "--url", url, "--token", token)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("<!DOCTYPE html>")
        assert ref in done.stdout
        none = wuxian(
            "print", "certificate", ref.replace("bil_", "crt_"), "--url", url, "--token", token
        )
        assert (none.returncode, "404 CERTIFICATE_UNKNOWN" in none.stderr) == (1, True)
        assert none.stdout == ""
        stranger = wuxian("print", "bill", "../units", "--url", url, "--token", token)
        assert (stranger.returncode, "is not a reference" in stranger.stderr) == (2, True)


def test_the_completeness_of_a_month_is_printed(
    wuxian: Wuxian, database_url: str, environment: dict[str, str], issuer: Issuer
) -> None:
    token = issuer.mint(Caller(subject="board", role=Role.DASHBOARD))
    with serving(["payout", "--database-url", database_url], environment) as url:
        how = ("--url", url, "--token", token)
        shown = wuxian("pension-month", "2021-07", *how)
        assert (shown.returncode, "应发" in shown.stdout) == (0, True), shown.stderr
        page = wuxian("pension-month", "2021-07", "--html", *how)
        assert page.stdout.startswith("<!DOCTYPE html>")
        assert wuxian("pension-month", "July", *how).returncode == 2
