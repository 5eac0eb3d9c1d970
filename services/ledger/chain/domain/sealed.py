"""Vouchers as a proof takes them: from the record of an export, or from the row of a database.

Both give the same draft and the same seal. The row is not written as a record first: that would
take as long as the rest of the proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeAlias

import orjson

from services.ledger.common.domain.value import value
from services.ledger.posting.domain.entries import Entries, Line
from services.ledger.posting.domain.voucher import Draft, draft, instant_text

Record: TypeAlias = Mapping[str, Any]
"""One record: `type` says which (header, slot, closing, anchor, voucher, bucket, end)."""


@value()
class SealedVoucher:
    """A voucher with what seals it; the hashes in hexadecimal digits."""

    draft: Draft
    seq: int
    recorded_at: str
    body_hash: str
    hash: str
    is_in_place: bool = True
    """True when its entries are numbered from one and stand on its own day."""


@value()
class StoredVoucher:
    """The row of a voucher, with the entries that its arrays name."""

    row: Any
    entries: Entries

    @property
    def seq(self) -> int:
        """Return its sequence number."""
        seq: int = self.row.seq
        return seq

    def sealed(self, slot: int) -> SealedVoucher:
        """Read the row."""
        row = self.row
        drafted = draft(
            slot=slot,
            source=row.source,
            event_id=row.event_id,
            owner=row.owner,
            kind=row.kind,
            book_date=row.book_date,
            period=row.period,
            value_date=row.value_date,
            summary=row.summary,
            references=orjson.loads(row.refs),
            lines=self.entries,
            hold=row.hold,
            reverses_seq=row.reverses_seq,
        )
        recorded_at = instant_text(row.recorded_at)
        return SealedVoucher(drafted, row.seq, recorded_at, row.body_hash.hex(), row.hash.hex())

    def record(self) -> Record:
        """Write the record of an export."""
        row = self.row
        day = row.book_date.isoformat()
        return {
            "type": "voucher",
            "seq": row.seq,
            "source": row.source,
            "event_id": row.event_id,
            "owner": row.owner,
            "kind": row.kind,
            "book_date": day,
            "period": row.period,
            "value_date": row.value_date.isoformat() if row.value_date else None,
            "summary": row.summary,
            "references": orjson.loads(row.refs),
            "hold": row.hold,
            "reverses": row.reverses_seq,
            "recorded_at": instant_text(row.recorded_at),
            "body_hash": row.body_hash.hex(),
            "hash": row.hash.hex(),
            "entries": [
                [number, *line[:4], day, *line[4:]]
                for number, line in enumerate(self.entries.lines(), 1)
            ],
        }


def sealed_of(slot: int, record: Record) -> SealedVoucher:
    """Read a voucher's record.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is no record of a voucher.
    """
    value_date = record["value_date"]
    drafted = draft(
        slot=slot,
        source=record["source"],
        event_id=record["event_id"],
        owner=record["owner"],
        kind=record["kind"],
        book_date=date.fromisoformat(record["book_date"]),
        period=record["period"],
        value_date=date.fromisoformat(value_date) if value_date else None,
        summary=record["summary"],
        references=record["references"],
        hold=record["hold"],
        reverses_seq=record["reverses"],
        lines=tuple(Line(*entry[1:5], *entry[6:8]) for entry in record["entries"]),
    )
    day = record["book_date"]
    return SealedVoucher(
        drafted,
        int(record["seq"]),
        record["recorded_at"],
        record["body_hash"],
        str(record["hash"]),
        all(
            entry[0] == number and entry[5] == day
            for number, entry in enumerate(record["entries"], 1)
        ),
    )
