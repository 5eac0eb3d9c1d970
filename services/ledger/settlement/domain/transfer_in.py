"""Transfers of a person's money from another city (转入): the terms of the contact letter."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.ledger.common.domain.refusal import LedgerRefusal
from shared.errors import Fault, Kind
from shared.ids import Ref, key_of
from shared.money import format_yuan
from shared.references import Reference

FUNDS: Final = ("pension", "medical")
"""Funds that have personal accounts."""


class LetterUsed(LedgerRefusal):
    """该联系函已转入,补转须另编次数 (the letter has brought its money; a later part needs the next supplement)"""

    kind = Kind.CONFLICT
    code = "TRANSFER_LETTER_USED"


class YearsBrought(LedgerRefusal):
    """该联系函已带来所列年份,补转不得重复列入 (the letter has brought these years already; a later part leaves them out)"""

    kind = Kind.CONFLICT
    code = "TRANSFER_YEARS_BROUGHT"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLetter:
    """A contact letter (联系函) of one fund, and which part of its money it brings."""

    fund: str
    city: str
    letter: str
    supplement: int = 0

    @property
    def paper(self) -> str:
        """Return the name of the paper: a letter, and which supplement it is."""
        return f"{self.name}{self.supplement}"

    @property
    def name(self) -> str:
        """Return the part of a paper's name that its supplements share: city, letter and fund.

        上海 and 上海市 are one city.
        """
        city = "".join(unicodedata.normalize("NFKC", self.city).split()).casefold()
        city = city.removesuffix("市") if city.endswith("市") else city.removesuffix("省")
        return f"{city}:{self.letter.casefold()}:{self.fund}:"


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtYear:
    """The months of a year that were paid in another city, and the sum of their bases."""

    year: int
    months: int
    base_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingTransfer:
    """The person, the letter, the account's part of the money, and the years that come along.

    `without_receipt` is the reason why no receipt of collection shows the money.
    """

    person: str
    city: str
    letter: str
    supplement: int
    account_fen: int
    years: tuple[BroughtYear, ...] = ()
    without_receipt: str | None = None

    @property
    def person_id(self) -> int:
        """Return the person's key."""
        return Ref.parse(Reference.PERSON, self.person).key

    def paper(self, fund: str) -> str:
        """Return the name of the paper: a letter, and which supplement it is."""
        return self._contact(fund).paper

    def letter_name(self, fund: str) -> str:
        """Return the part of a paper's name that its supplements share."""
        return self._contact(fund).name

    def _contact(self, fund: str) -> ContactLetter:
        return ContactLetter(
            fund=fund, city=self.city, letter=self.letter, supplement=self.supplement
        )

    def key(self, fund: str) -> int:
        """Return the shard key of the paper, by which the database keeps it to once."""
        return key_of("transfer_in", self.paper(fund))


def read_transfer(stored: Mapping[str, Any]) -> IncomingTransfer:
    """Build a transfer from its stored terms."""
    years = tuple(BroughtYear(**year) for year in stored.get("years", ()))
    return IncomingTransfer(**{**stored, "years": years})


def transfer_faults(
    transfer: IncomingTransfer, amounts: Sequence[tuple[str, int]]
) -> Iterator[Fault]:
    """Find every fault of a transfer; `amounts` are (fund, fen) as proposed."""
    if len(amounts) != 1:
        yield Fault("/amounts", "ONE_AMOUNT_EXPECTED", "一函一基金 (one fund for each letter)")
        return
    [(fund, amount_fen)] = amounts
    if fund not in FUNDS:
        yield Fault("/amounts/0/fund", "FUND_WITHOUT_ACCOUNTS", fund)
    if transfer.account_fen > amount_fen:
        message = f"个人账户部分大于转入额 {format_yuan(amount_fen)} (more than the amount)"
        yield Fault("/transfer/account", "ACCOUNT_EXCEEDS_AMOUNT", message)
    if fund == "medical" and transfer.account_fen != amount_fen:
        message = "医保只转个人账户 (a medical transfer is all of the account)"
        yield Fault("/transfer/account", "ACCOUNT_NOT_WHOLE", message)
    seen: set[int] = set()
    for number, year in enumerate(transfer.years):
        if year.year in seen:
            yield Fault(f"/transfer/years/{number}/year", "YEAR_TWICE", str(year.year))
        seen.add(year.year)
