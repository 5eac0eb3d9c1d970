"""Fast reading of vouchers: combinations of members that the schema has accepted once are known
again.

Nearly every entry says the same few words (book, fund, account, side, district) beside another
amount. `EntryIn` judges such words once; after that only the amounts are looked at. Whatever is
not plainly right is left to `VoucherIn`, which alone says what is wrong: nothing passes here that
it would refuse.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from services.ledger.posting.domain.voucher import Draft, Line, draft, slot_of
from shared.entry import Side
from shared.money import AMOUNT_MAX_FEN
from shared.wire.ledger import ENTRIES_MAX, EntryIn, IfClosed, VoucherHeadIn

_AMOUNTS: Final = re.compile(r"(?:(?:0|[1-9][0-9]{0,12})\.[0-9]{2} )+")
_MEMBERS: Final = 6
_WORDS_MAX: Final = 65_536

Words: TypeAlias = tuple[str, str, str, str, str]
"""(book, fund, account, district, side)."""


class Reader:
    """A reader of decoded JSON as drafts. It remembers the members that `EntryIn` has accepted."""

    def __init__(self) -> None:
        self._accepted: dict[Words, bool] = {}
        """Words → whether they are a debit's."""

    def draft(
        self, message: Any, source: str, slots: int, sender: str | None = None
    ) -> Draft | None:
        """Build the draft of a decoded `VoucherIn`; None when the schema must judge it."""
        try:
            entries = message["entries"]
            head = VoucherHeadIn.model_validate(
                {name: value for name, value in message.items() if name != "entries"}
            )
            lines = self._lines(entries)
        except (ValidationError, KeyError, TypeError, AttributeError):
            return None
        if lines is None:
            return None
        return draft(
            slot=slot_of(head.owner, slots),
            source=source,
            event_id=head.event_id,
            owner=head.owner,
            kind=head.kind,
            book_date=head.book_date,
            summary=head.summary,
            lines=lines,
            period=head.period,
            value_date=head.value_date,
            references=head.references,
            hold=head.hold,
            sender=sender,
            may_move=head.if_closed is IfClosed.FIRST_OPEN_DAY,
        )

    def _lines(self, entries: list[dict[str, str]]) -> tuple[Line, ...] | None:
        if type(entries) is not list or not 2 <= len(entries) <= ENTRIES_MAX:
            return None
        amounts_fen = _amounts_fen([entry["amount"] for entry in entries])
        if amounts_fen is None:
            return None
        accepted = self._accepted
        lines = []
        for entry, amount_fen in zip(entries, amounts_fen, strict=True):
            words = book, fund, account, district, _ = (
                entry["book"],
                entry["fund"],
                entry["account"],
                entry["district"],
                entry["side"],
            )
            is_debit = accepted.get(words)
            if is_debit is None:
                is_debit = self._accept(entry, words)
            if len(entry) != _MEMBERS:
                return None
            lines.append(
                Line(book, fund, account, district, amount_fen, 0)
                if is_debit
                else Line(book, fund, account, district, 0, amount_fen)
            )
        return tuple(lines)

    def _accept(self, entry: dict[str, str], words: Words) -> bool:
        side = EntryIn.model_validate(entry).side
        if len(self._accepted) >= _WORDS_MAX:
            self._accepted.clear()
        self._accepted[words] = side is Side.DEBIT
        return side is Side.DEBIT


def _amounts_fen(amounts: list[str]) -> list[int] | None:
    """Convert positive amounts in yuan to fen, all in one pass; None when one is malformed."""
    text = " ".join(amounts) + " "
    if not _AMOUNTS.fullmatch(text):
        return None
    amounts_fen = [int(part) for part in text.replace(".", "").split()]
    plain = len(amounts_fen) == len(amounts) and all(amounts_fen)
    return amounts_fen if plain and max(amounts_fen) <= AMOUNT_MAX_FEN else None
