"""Proof of the books: chains, sequences, balances, closed days and anchors, computed from records.

The records come from the database or from an export file; the proof is the same. It reads them once,
in the order of the export (docs/ledger-chain.md), and keeps no more than one slot's day buckets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from services.ledger.chain.domain.sealed import Record, SealedVoucher, StoredVoucher, sealed_of
from services.ledger.posting.domain.entries import Pattern
from services.ledger.posting.domain.voucher import (
    ALGORITHMS,
    GENESIS,
    chain_hash,
    is_hash_supported,
    voucher_id,
)
from shared.references import Reference

FORMAT: Final = "wuxian-ledger-export"
VERSION: Final = 1
FAULTS_MAX: Final = 100
"""Faults that are told: after so many it does not matter how many more there are."""

_KNOWN_MAX: Final = 16_384
Key: TypeAlias = tuple[str, str, str, str, str]
"""(book, fund, account, district, day)."""


@dataclass(frozen=True, slots=True)
class TrialTotal:
    """All debits and all credits of a fund's book, in fen."""

    fund: str
    book: str
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a verification; without faults, the books are sound."""

    vouchers: int
    entries: int
    faults: tuple[str, ...]
    first_broken: str | None = None
    """The first voucher that is not as it was sealed."""
    slots: int = 0
    anchors: int = 0
    trial: tuple[TrialTotal, ...] = ()


@dataclass(slots=True)
class _Slot:
    """Progress of the proof within one slot."""

    slot: int
    seq: int
    hash: str
    algorithm: str
    closed_until: str | None
    expected: int = 1
    previous: bytes = GENESIS
    marks: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    """Sequence number → (hash that it must have, who says so)."""
    closings: list[tuple[int, str | None]] = field(default_factory=list)
    """(sequence number, closed until) in the order in which the closings were done."""
    carried: set[int] = field(default_factory=set)
    """Vouchers that a closing itself booked into closed days."""
    sums: dict[Key, list[int]] = field(default_factory=dict)
    known: dict[tuple[Pattern, str], tuple[list[int], ...]] = field(default_factory=dict)
    """Pattern and day → the sums that its amounts are added to."""
    last_hash: str = GENESIS.hex()

    def sums_of(self, pattern: Pattern, day: str) -> tuple[list[int], ...]:
        """Return the [debits, credits] of each entry of a pattern on a day."""
        known = self.known.get((pattern, day))
        if known is None:
            known = tuple([self.sums.setdefault((*place, day), [0, 0]) for place in pattern.places])
            if len(self.known) >= _KNOWN_MAX:
                self.known.clear()
            self.known[pattern, day] = known
        return known


class Proof:
    """A proof in progress: takes records in order; `verdict()` gives the result."""

    def __init__(self, anchors: Iterable[tuple[int, int, str]] = ()) -> None:
        """Begin with anchors kept outside the database: (slot, sequence number, hash)."""
        self._kept: dict[int, list[tuple[int, str]]] = {}
        for slot, seq, hash in anchors:
            self._kept.setdefault(slot, []).append((seq, hash))
        self._slot: _Slot | None = None
        self._began = self._ended = False
        self._slots: set[int] = set()
        self._vouchers = self._entries = self._anchors = 0
        self._faults: list[str] = []
        self._first: str | None = None
        self._trial: dict[tuple[str, str], list[int]] = {}

    def take(self, record: Record | StoredVoucher) -> None:
        """Take the next record. A malformed record, or one out of order, is a fault."""
        kind = "voucher" if isinstance(record, StoredVoucher) else record.get("type")
        if not self._began and kind != "header":
            self._fault("this does not begin like an export of the ledger")
        self._began = True
        if self._ended:
            self._fault("there is something after the end")
        try:
            if isinstance(record, StoredVoucher):
                self._voucher(record.sealed(self._in_slot().slot))
            else:
                self._take(str(kind), record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._fault(f"a record cannot be read ({kind}: {error!r})"[:200])
            if kind == "voucher":
                self._break(record.seq if isinstance(record, StoredVoucher) else record.get("seq"))

    def verdict(self) -> Verdict:
        """Return the result, after the last record."""
        self._close_slot()
        if not self._ended:
            self._fault("the end is missing: this is not the whole of it")
        for slot in self._kept.keys() - self._slots:
            self._fault(f"an anchor speaks of slot {slot}, which is not there")
        trial = tuple(
            TrialTotal(fund, book, *both) for (fund, book), both in sorted(self._trial.items())
        )
        for one in trial:
            if one.debit_fen != one.credit_fen:
                out = one.debit_fen - one.credit_fen
                self._fault(f"{one.fund}/{one.book} is out by {out} fen")
        return Verdict(
            self._vouchers,
            self._entries,
            tuple(self._faults),
            self._first,
            len(self._slots),
            self._anchors,
            trial,
        )

    # --- records --------------------------------------------------------------------------

    def _take(self, kind: str, record: Record) -> None:
        match kind:
            case "header":
                if (record["format"], record["version"]) != (FORMAT, VERSION):
                    self._fault(f"not version {VERSION} of {FORMAT}")
            case "slot":
                self._open_slot(record)
            case "closing":
                self._closing(record)
            case "anchor":
                self._anchors += 1
                self._mark(record["seq"], record["hash"], f"the anchor of {record['day']}")
            case "voucher":
                self._voucher(sealed_of(self._in_slot().slot, record))
            case "bucket":
                self._bucket(record)
            case "end":
                self._close_slot()
                self._end(record)
            case _:
                self._fault(f"no such record: {kind}"[:100])

    def _open_slot(self, record: Record) -> None:
        self._close_slot()
        slot = _Slot(
            record["slot"],
            record["seq"],
            record["hash"],
            record["algorithm"],
            record["closed_until"],
        )
        if slot.slot in self._slots:
            self._fault(f"slot {slot.slot} comes twice")
        if slot.algorithm not in ALGORITHMS or not is_hash_supported(slot.algorithm):
            raise ValueError(f"no hash function {slot.algorithm} here")
        self._slots.add(slot.slot)
        self._slot = slot
        for seq, hash in self._kept.get(slot.slot, ()):
            self._mark(seq, hash, "an anchor that was kept")

    def _closing(self, record: Record) -> None:
        slot = self._in_slot()
        slot.closings.append((record["seq"], record["closed_until"]))
        slot.carried.update(record["carried"])
        self._mark(record["seq"], record["hash"], f"the closing {record['id']}")

    def _mark(self, seq: int, hash: str, who: str) -> None:
        slot = self._in_slot()
        if seq == 0:
            if hash != GENESIS.hex():
                self._fault(f"{who} speaks of another beginning of slot {slot.slot}")
            return
        slot.marks.setdefault(seq, []).append((hash, who))

    def _voucher(self, sealed: SealedVoucher) -> None:
        slot, seq = self._in_slot(), sealed.seq
        drafted = sealed.draft
        computed = chain_hash(slot.previous, drafted, seq, sealed.recorded_at, slot.algorithm)
        wrong = (
            seq != slot.expected
            or computed.hex() != sealed.hash
            or drafted.body_hash.hex() != sealed.body_hash
        )
        if wrong:
            self._break(min(seq, slot.expected))
        self._books(slot, sealed)
        for expected, who in slot.marks.pop(seq, ()):
            if expected != sealed.hash:
                self._break(seq, f"{who} says otherwise of")
        self._vouchers += 1
        self._entries += len(drafted.entries.amounts)
        # After a fault the stored hash leads on, so that one broken voucher is one fault.
        slot.expected, slot.previous = seq + 1, bytes.fromhex(sealed.hash)
        slot.last_hash = sealed.hash

    def _books(self, slot: _Slot, sealed: SealedVoucher) -> None:
        """Check the double entry of a voucher, beside its hash."""
        drafted, seq, fault = sealed.draft, sealed.seq, None
        entries, day = drafted.entries, drafted.book_date.isoformat()
        pattern, amounts = entries
        if not sealed.is_in_place:
            fault = "its entries are misplaced:"
        red = drafted.reverses_seq is not None
        if amounts and (max(amounts) >= 0 if red else min(amounts) <= 0):
            fault = "an amount is impossible in"
        for sums, is_credit, fen in zip(
            slot.sums_of(pattern, day), pattern.credits, amounts, strict=True
        ):
            sums[is_credit] += fen
        if not amounts or not entries.is_balanced():
            fault = "out of balance:"
        if seq not in slot.carried and self._was_closed(slot, seq, day):
            fault = f"booked on {day}, which was closed:"
        if fault:
            self._break(seq, fault)

    def _was_closed(self, slot: _Slot, seq: int, day: str) -> bool:
        until = None
        for at, closed_until in slot.closings:
            if at < seq:
                until = closed_until
        return until is not None and day <= until

    def _bucket(self, record: Record) -> None:
        slot = self._in_slot()
        *key, debit_fen, credit_fen = record["bucket"]
        book, fund, account, district, day = key
        slot.known.clear()  # whatever comes now is not added to a sum that was compared
        summed = slot.sums.pop((book, fund, account, district, day), None)
        if summed != [debit_fen, credit_fen]:
            self._fault(f"slot {slot.slot}: the balance of {'/'.join(key)} is not its entries' sum")
        both = self._trial.setdefault((fund, book), [0, 0])
        both[0] += debit_fen
        both[1] += credit_fen

    def _end(self, record: Record) -> None:
        self._ended = True
        counts = (record["slots"], record["vouchers"], record["entries"])
        if counts != (len(self._slots), self._vouchers, self._entries):
            self._fault(f"the end tells of {counts} slots, vouchers and entries")
        for stray in record["strays"]:
            self._fault(str(stray)[:200])

    def _close_slot(self) -> None:
        slot, self._slot = self._slot, None
        if slot is None:
            return
        if (slot.expected - 1, slot.last_hash) != (slot.seq, slot.hash):
            self._slot = slot  # to name the voucher that is missing, or that the head forgot
            self._break(
                min(slot.expected, slot.seq + 1), "the head of the chain is not its last voucher:"
            )
            self._slot = None
        for seq, marks in slot.marks.items():
            self._fault(f"{marks[0][1]} speaks of {voucher_id(slot.slot, seq)}, which is gone")
        for key in slot.sums:
            self._fault(f"slot {slot.slot}: the balance of {'/'.join(key)} is missing")
        last = slot.closings[-1][1] if slot.closings else None
        if slot.closed_until != last:
            self._fault(f"slot {slot.slot} is closed until {slot.closed_until}, by no closing")

    # --- faults ---------------------------------------------------------------------------

    def _in_slot(self) -> _Slot:
        if self._slot is None:
            raise ValueError("outside a slot")
        return self._slot

    def _break(self, seq: Any, what: str = "chain broken at") -> None:
        slot = self._slot.slot if self._slot else "?"
        id = f"{Reference.VOUCHER}_{slot}_{seq}"
        self._first = self._first or id
        self._fault(f"{what} {id}")

    def _fault(self, fault: str) -> None:
        if len(self._faults) < FAULTS_MAX:
            self._faults.append(fault)
