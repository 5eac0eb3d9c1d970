"""A voucher before it is posted: its canonical bytes, its hashes and its slot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice
from typing import Final

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.common.domain.value import value
from services.ledger.posting.domain.entries import Entries, Line, entries_of, sized
from shared.ids import key_of
from shared.references import Reference
from shared.roles import CENTRE

GENESIS: Final = bytes(32)
"""The hash that the first voucher of a slot is chained to."""
SHA256: Final = "sha256"
ALGORITHMS: Final = (SHA256, "sm3")
"""Hash functions that a chain may be made with; both give 32 bytes."""


@value(kw_only=True)
class Draft:
    """A requested voucher, not yet checked and not yet in the books.

    `content` is its canonical bytes, `body_hash` their SHA-256. `sender` is the role of who sends
    it, as the flow matrix names senders. One that `may_move` is booked on the first open day when
    its book date is closed. `reverses_receipt` is the receipt of the voucher that it reverses; it is
    not part of the content.
    """

    slot: int
    source: str
    event_id: str
    owner: str
    kind: str
    book_date: date
    period: str | None
    value_date: date | None
    summary: str
    references: Mapping[str, str]
    entries: Entries
    hold: str | None
    reverses_seq: int | None
    content: bytes
    body_hash: bytes
    sender: str
    may_move: bool
    reverses_receipt: str | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return the entries one by one."""
        return self.entries.lines()


def slot_of(owner: str, slots: int) -> int:
    """Find the slot of an owner as long as the slots have not grown: 0 for the centre; units share
    the others, or 0 if it is the only one."""
    if owner == CENTRE or slots == 1:
        return CENTRE_SLOT
    return 1 + key_of("slot", owner) % (slots - 1)


def draft(  # noqa: PLR0913 - a voucher has that many fields
    *,
    slot: int,
    source: str,
    event_id: str,
    owner: str,
    kind: str,
    book_date: date,
    summary: str,
    lines: Entries | tuple[Line, ...],
    period: str | None = None,
    value_date: date | None = None,
    references: Mapping[str, str] | None = None,
    hold: str | None = None,
    reverses_seq: int | None = None,
    sender: str | None = None,
    may_move: bool = False,
) -> Draft:
    """Build a draft with its canonical bytes and their hash. Without `sender` the source is it."""
    references = references or {}
    entries = lines if isinstance(lines, Entries) else entries_of(lines)
    head = (
        f"{sized(event_id)}{sized(owner)}{_recurring(kind, book_date, period, value_date)}"
        f"{_sized_again(summary)}{sized(hold)}"
        f"{sized(None if reverses_seq is None else str(reverses_seq))}"
        f"{sized(str(len(references)))}"
        f"{''.join([sized(part) for item in sorted(references.items()) for part in item])}"
        f"{sized(str(len(entries.amounts)))}"
    )
    # Encoded apart: characters beyond ASCII in the head would slow down the long rest.
    content = head.encode() + entries.text().encode()
    return Draft(
        slot=slot,
        source=source,
        event_id=event_id,
        owner=owner,
        kind=kind,
        book_date=book_date,
        period=period,
        value_date=value_date,
        summary=summary,
        references=references,
        entries=entries,
        hold=hold,
        reverses_seq=reverses_seq,
        content=content,
        body_hash=hashlib.sha256(content).digest(),
        sender=source if sender is None else sender,
        may_move=may_move,
    )


def moved_to(drafted: Draft, day: date) -> Draft:
    """Move a draft to another book date; the date that it had stays as its value date."""
    return draft(
        slot=drafted.slot,
        source=drafted.source,
        event_id=drafted.event_id,
        owner=drafted.owner,
        kind=drafted.kind,
        book_date=day,
        summary=drafted.summary,
        lines=drafted.entries,
        period=drafted.period,
        value_date=drafted.value_date or drafted.book_date,
        references=drafted.references,
        hold=drafted.hold,
        reverses_seq=drafted.reverses_seq,
        sender=drafted.sender,
        may_move=drafted.may_move,
    )


def is_moved_from(first: Draft, sent: Draft) -> bool:
    """Tell whether a booked draft is the asked one, moved to a later day that was open."""
    return (
        sent.may_move
        and first.book_date > sent.book_date
        and moved_to(sent, first.book_date).body_hash == first.body_hash
    )


def draft_of(slot: int, source: str, content: bytes) -> Draft:
    """Read a draft back from its canonical bytes."""
    parts = list(_parts(content))
    event_id, owner, kind, book_date, period, value_date, summary, hold, reverses, count = parts[
        :10
    ]
    pairs = [str(part) for part in parts[10 : 10 + 2 * int(count or 0)]]
    rest = [str(part) for part in parts[11 + len(pairs) :]]
    return draft(
        slot=slot,
        source=source,
        event_id=str(event_id),
        owner=str(owner),
        kind=str(kind),
        book_date=date.fromisoformat(str(book_date)),
        period=period,
        value_date=date.fromisoformat(value_date) if value_date else None,
        summary=str(summary),
        references=dict(zip(pairs[::2], pairs[1::2], strict=True)),
        lines=tuple(_line(rest[i : i + 6]) for i in range(0, len(rest), 6)),
        hold=hold,
        reverses_seq=int(reverses) if reverses else None,
    )


def _line(parts: list[str]) -> Line:
    book, fund, account, district, debit, credit = parts
    return Line(book, fund, account, district, int(debit), int(credit))


def owner_of(content: bytes) -> str:
    """Read the owner out of the canonical bytes of a voucher, or of their beginning."""
    _, owner = islice(_parts(content), 2)
    assert owner is not None, "a voucher has an owner"
    return owner


def _parts(content: bytes) -> Iterator[str | None]:
    at = 0
    while at < len(content):
        if content[at : at + 2] == b"-,":
            yield None
            at += 2
            continue
        colon = content.index(b":", at)
        end = colon + 1 + int(content[at:colon])
        yield content[colon + 1 : end].decode()
        at = end + 1


_sized_again = lru_cache(maxsize=4096)(sized)


@lru_cache(maxsize=4096)
def _recurring(kind: str, book_date: date, period: str | None, value_date: date | None) -> str:
    """Write members that many vouchers share, once for each combination."""
    words = kind, book_date.isoformat(), period, value_date.isoformat() if value_date else None
    return "".join(map(sized, words))


def instant_text(at: datetime) -> str:
    """Format an instant as the chain hashes it: UTC, microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def chain_hash(
    previous: bytes, drafted: Draft, seq: int, recorded_at: str, algorithm: str = SHA256
) -> bytes:
    """Hash the previous hash, the voucher's place, sender and instant, and its content."""
    place = (
        f"{_sized_again(str(drafted.slot))}{sized(str(seq))}{_sized_again(drafted.source)}"
        f"{_sized_again(recorded_at)}"
    )
    sealed = previous + place.encode() + drafted.content
    if algorithm == SHA256:
        return hashlib.sha256(sealed).digest()
    return hashlib.new(algorithm, sealed).digest()


def is_hash_supported(algorithm: str) -> bool:
    """Tell whether this Python (its OpenSSL) supports a hash function."""
    try:
        return hashlib.new(algorithm, b"").digest_size == len(GENESIS)
    except ValueError:
        return False


def differences(first: Draft, second: Draft) -> list[str]:
    """List the JSON pointers of the fields in which two drafts differ."""
    names = (
        "owner",
        "kind",
        "book_date",
        "period",
        "value_date",
        "summary",
        "hold",
        "reverses_seq",
    )
    found = [f"/{name}" for name in names if getattr(first, name) != getattr(second, name)]
    if dict(first.references) != dict(second.references):
        found.append("/references")
    lines, others = first.lines, second.lines
    if len(lines) != len(others):
        found.append("/entries")
    pairs = zip(lines, others, strict=False)
    return found + [
        pointer for i, pair in enumerate(pairs) for pointer in _line_differences(i, *pair)
    ]


def _line_differences(index: int, first: Line, second: Line) -> list[str]:
    found = [
        f"/entries/{index}/{name}"
        for name in ("book", "fund", "account", "district")
        if getattr(first, name) != getattr(second, name)
    ]
    if (first.debit_fen != 0) != (second.debit_fen != 0):
        found.append(f"/entries/{index}/side")
    if first.debit_fen + first.credit_fen != second.debit_fen + second.credit_fen:
        found.append(f"/entries/{index}/amount")
    return found


def voucher_id(slot: int, seq: int) -> str:
    """Format a voucher's identifier: it names the slot, so one look-up finds it."""
    return f"{Reference.VOUCHER}_{slot}_{seq}"
