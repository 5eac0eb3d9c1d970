"""Mergers of personal accounts (个人账户合并) and why one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.ledger.common.domain.refusal import LedgerRefusal
from shared.errors import Kind


class MergerOutcome(StrEnum):
    """Outcome of a merger."""

    MERGED = "merged"
    REPLAYED = "replayed"


class PersonalAccountMerged(LedgerRefusal):
    """该个人账户已并入另一账户 (the account ended in another one before)"""

    kind = Kind.CONFLICT
    code = "PERSONAL_ACCOUNT_MERGED"


class MergerCircle(LedgerRefusal):
    """两个编号是同一账户,或保留的账户已并入被合并的账户 (both are one account, or the survivor ended in this one)"""

    kind = Kind.CONFLICT
    code = "PERSONAL_MERGER_CIRCLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger:
    """A personal account that ends in another one; `paper` names it once and for all.

    `balances_fen` is what the account held in each fund when it was merged.
    """

    paper: str
    person_id: int
    survivor_id: int
    survivor: str
    balances_fen: Mapping[str, int]
