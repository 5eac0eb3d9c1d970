"""The paper of a contact letter: one name however its city is written."""

from services.ledger.settlement.domain.transfer_in import IncomingTransfer
from shared.references import Reference


def paper(city: str) -> str:
    letter = IncomingTransfer(
        person=Reference.PERSON.example, city=city, letter="LXH-1", supplement=0, account_fen=1
    )
    return letter.paper("pension")


def test_a_city_with_and_without_its_last_word_is_one_city() -> None:
    assert paper("上海") == paper("上海市") == paper(" 上海 市")
    assert paper("河北") == paper("河北省")
    assert paper("上海") != paper("河北")
