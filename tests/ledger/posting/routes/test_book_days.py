"""The door of the days that the books take entries on."""

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.year import approve, propose


async def test_days_of_open_books_begin_with_the_chart(ledger: Ledger) -> None:
    answer = await ledger.get("/v1/book-days", Role.PAYOUT_SERVICE)
    assert answer.status_code == 200, answer.text
    days = answer.json()
    assert days["closed_until"] is None
    assert days["first_open_day"] == days["chart_from"] == "1999-07-01"
    care = next(one for one in days["funds"] if one["fund"] == "long_term_care")
    assert care == {"fund": "long_term_care", "in_force_from": "2016-06-27", "in_force_to": None}


async def test_a_closed_day_moves_the_first_open_day(ledger: Ledger) -> None:
    paper = (await propose(ledger, "day", "2021-07-20")).json()["id"]
    assert (await approve(ledger, paper)).status_code == 200
    days = (await ledger.get("/v1/book-days")).json()
    assert days["closed_until"] == "2021-07-20"
    assert days["first_open_day"] == "2021-07-21"
