"""Banks' codes of refusals (拒付代码): each belongs to one class of reasons, which says the remedy."""

from __future__ import annotations

from dataclasses import dataclass

from services.collection.debits.domain.debit import DebitReasonClass
from shared.ids import key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitReason:
    """A raw code of banks, its class, and the document that says so."""

    code: str
    reason_class: DebitReasonClass
    meaning: str
    source: str
    certain: bool
    set_by: str = ""


def reason_key(code: str) -> int:
    """Compute the shard key of the papers about a code."""
    return key_of("debit_reason", code)
