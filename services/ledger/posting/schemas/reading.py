"""Fast reading of vouchers: combinations of members that the schema has accepted once are known
again.

Nearly every entry says the same few words (book, fund, account, side, district) beside another
amount. `EntryIn` judges such words once; after that only the amounts are looked at. Whatever is
not plainly right is left to `VoucherIn`, which alone says what is wrong: nothing passes here that
it would refuse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

import orjson
from pydantic import ValidationError

from services.ledger.posting.domain.entries import (
    PATTERNS_MAX,
    REMEMBERED_ENTRIES_MAX,
    Entries,
    Pattern,
    pattern_of,
)
from services.ledger.posting.domain.slot_map import SlotMap
from services.ledger.posting.domain.voucher import Draft, draft
from shared.entry import Side
from shared.money import AMOUNT_MAX_FEN
from shared.wire.ledger import ENTRIES_MAX, EntryIn, IfClosed, VoucherHeadIn

_AMOUNTS: Final = re.compile(r"(?:(?:0|[1-9][0-9]{0,12})\.[0-9]{2} )+")
_MEMBERS: Final = 6
_WORDS_MAX: Final = 65_536

Words: TypeAlias = tuple[str, str, str, str, str]
"""(book, fund, account, district, side)."""
_words: Final = itemgetter("book", "fund", "account", "district", "side")
_amount: Final = itemgetter("amount")


class Reader:
    """A reader of decoded JSON as drafts. It remembers the members that `EntryIn` has accepted."""

    def __init__(self) -> None:
        self._accepted: dict[Words, Words] = {}
        """Words → the first such words, so that patterns share them."""
        self._patterns: dict[tuple[Words, ...], Pattern] = {}

    def draft(
        self, message: Any, source: str, slots: SlotMap, sender: str | None = None
    ) -> Draft | None:
        """Build the draft of a decoded `VoucherIn`; None when the schema must judge it."""
        try:
            entries = message["entries"]
            head = VoucherHeadIn.model_validate(
                {name: value for name, value in message.items() if name != "entries"}
            )
            lines = self._entries(entries)
        except (ValidationError, KeyError, TypeError, AttributeError):
            return None
        if lines is None:
            return None
        return draft(
            slot=slots.of(head.owner),
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

    def _entries(self, entries: list[dict[str, str]]) -> Entries | None:
        if type(entries) is not list or not 2 <= len(entries) <= ENTRIES_MAX:
            return None
        words = tuple(map(_words, entries))
        amounts_fen = _amounts_fen(list(map(_amount, entries)))
        if amounts_fen is None or sum(map(len, entries)) != _MEMBERS * len(entries):
            return None
        pattern = self._patterns.get(words) or self._learn(entries, words)
        return Entries(pattern, tuple(amounts_fen))

    def _learn(self, entries: list[dict[str, str]], words: Sequence[Words]) -> Pattern:
        known = tuple(map(self._accept, entries, words))
        pattern = pattern_of(
            [(book, fund, account, district) for book, fund, account, district, _ in known],
            [side == Side.CREDIT for *_, side in known],
        )
        if len(known) <= REMEMBERED_ENTRIES_MAX:
            if len(self._patterns) >= PATTERNS_MAX:
                self._patterns.clear()
            self._patterns[known] = pattern
        return pattern

    def _accept(self, entry: dict[str, str], words: Words) -> Words:
        known = self._accepted.get(words)
        if known is None:
            EntryIn.model_validate(entry)
            if len(self._accepted) >= _WORDS_MAX:
                self._accepted.clear()
            known = self._accepted[words] = words
        return known


def colons_in(message: dict[str, Any]) -> int:
    """Count the colons that the JSON of a voucher takes which was read at sight.

    Its entries have six members each, and no word or amount of theirs contains one.
    """
    head = {name: value for name, value in message.items() if name != "entries"}
    return orjson.dumps(head).count(b":") + 1 + _MEMBERS * len(message["entries"])


def _amounts_fen(amounts: list[str]) -> list[int] | None:
    """Convert positive amounts in yuan to fen, all in one pass; None when one is malformed."""
    text = " ".join(amounts) + " "
    if not _AMOUNTS.fullmatch(text):
        return None
    amounts_fen = [int(part) for part in text.replace(".", "").split()]
    plain = len(amounts_fen) == len(amounts) and all(amounts_fen)
    return amounts_fen if plain and max(amounts_fen) <= AMOUNT_MAX_FEN else None
