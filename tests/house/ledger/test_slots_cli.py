"""`wuxian ledger slots`: an operator sees the slots and adds some."""

import json

from services.ledger.posting.flows.books import Books
from shared.db import Database
from tests.house.conftest import Wuxian


async def test_an_operator_adds_slots(database_url: str, wuxian: Wuxian) -> None:
    words = ("ledger", "slots", "--database-url", database_url)
    early = wuxian(*words, "--add", "2")
    assert early.returncode == 1
    assert "has not started yet" in early.stderr
    books = Books(Database(database_url, "ledger"), slots=2, queue_limit=1)
    await books.open()
    await books.close()
    await books.db.close()
    grown = wuxian(*words, "--add", "2", "--json")
    assert grown.returncode == 0, grown.stderr
    assert json.loads(grown.stdout)["items"] == [
        {"slot": 0, "generation": 1, "seq": 0, "owners": 0},
        {"slot": 1, "generation": 1, "seq": 0, "owners": 0},
        {"slot": 2, "generation": 2, "seq": 0, "owners": 0},
        {"slot": 3, "generation": 2, "seq": 0, "owners": 0},
    ]
    too_many = wuxian(*words, "--add", "1021")
    assert (too_many.returncode, "1 … 1020 can be added" in too_many.stderr) == (1, True)
    assert "generation" in wuxian(*words).stdout
