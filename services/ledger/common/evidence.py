"""Evidence of ledger: its append-only tables, whose rows are bound in a chain of blocks."""

from __future__ import annotations

from typing import Final

from shared.evidence.streams import COMMON, Stream

STREAMS: Final[tuple[Stream, ...]] = (
    *COMMON,
    Stream(
        "personal_credit",
        "personal_credit",
        {
            "seq": "plain",
            "person_id": "plain",
            "fund": "text",
            "kind": "text",
            "period": "text",
            "source": "text",
            "amount_fen": "plain",
            "credited_on": "day",
        },
    ),
    Stream(
        "personal_batch",
        "personal_batch",
        {
            "seq": "plain",
            "batch_key": "plain",
            "kind": "text",
            "id": "text",
            "period": "text",
            "credited_on": "day",
            "body_hash": "bytes",
            "recorded_by": "text",
            "recorded_at": "instant",
        },
    ),
    Stream(
        "personal_batch_fund",
        "personal_batch_fund",
        {
            "seq": "plain",
            "batch_key": "plain",
            "kind": "text",
            "id": "text",
            "fund": "text",
            "credited_on": "day",
            "people": "plain",
            "total_fen": "plain",
        },
    ),
    Stream(
        "personal_year",
        "personal_year",
        {
            "seq": "plain",
            "person_id": "plain",
            "fund": "text",
            "year": "plain",
            "opening_fen": "plain",
            "credited_fen": "plain",
            "interest_fen": "plain",
            "closing_fen": "plain",
        },
    ),
)
"""Vouchers, entries and anchors have chains of their own (docs/ledger-chain.md)."""
