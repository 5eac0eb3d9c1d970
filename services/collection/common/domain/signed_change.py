"""Changes that two people sign (双人变更): one files, another approves, and the database writes. Pure.

For rows that the service's own role cannot write: dated settings, and statements that are withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.errors import NotFound, StateConflict
from shared.ids import Ref
from shared.references import Reference


class ChangeSubject(StrEnum):
    """Kinds of changes that two people sign."""

    CITY_RULE = "city_rule"
    CREDIT_FLAG = "credit_flag"
    CUT_OFF = "cut_off"
    DEBIT_REASON = "debit_reason"
    INSPECTION_RULE = "inspection_rule"
    RETRY_RULE = "retry_rule"
    STATEMENT_ACCOUNT = "statement_account"
    STATEMENT_WITHDRAWAL = "statement_withdrawal"
    WORKDAYS = "workdays"

    @property
    def reference(self) -> Reference:
        """The kind of reference of such a change."""
        return _REFERENCES[self]


_REFERENCES = {
    ChangeSubject.CITY_RULE: Reference.CITY_RULE_CHANGE,
    ChangeSubject.CREDIT_FLAG: Reference.CREDIT_FLAG_CHANGE,
    ChangeSubject.CUT_OFF: Reference.CUT_OFF_CHANGE,
    ChangeSubject.DEBIT_REASON: Reference.DEBIT_REASON_CHANGE,
    ChangeSubject.INSPECTION_RULE: Reference.INSPECTION_RULE_CHANGE,
    ChangeSubject.RETRY_RULE: Reference.RETRY_RULE_CHANGE,
    ChangeSubject.STATEMENT_ACCOUNT: Reference.STATEMENT_ACCOUNT_CHANGE,
    ChangeSubject.STATEMENT_WITHDRAWAL: Reference.STATEMENT_WITHDRAWAL,
    ChangeSubject.WORKDAYS: Reference.WORKDAYS_CHANGE,
}


class SignedChangeUnknown(NotFound):
    """无此变更 (no such change)"""

    code = "SIGNED_CHANGE_UNKNOWN"


class SignedChangeWaits(StateConflict):
    """已有待批的同类变更 (another change of it waits for its decision)"""

    code = "SIGNED_CHANGE_WAITS"


class SignedChangeDecided(StateConflict):
    """该变更已有结论 (the change was decided before)"""

    code = "SIGNED_CHANGE_DECIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedChange:
    """A change: its content, the reason, and the two people.

    `status`: filed, approved or refused. `target` is the thing that it changes.
    """

    shard_key: int
    id: UUID
    subject: ChangeSubject
    target: str
    content: dict[str, Any]
    reason: str
    status: str
    filed_by: str
    filed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def reference(self) -> str:
        """Its reference on the wire."""
        return Ref(self.shard_key, self.id).text(self.subject.reference)
