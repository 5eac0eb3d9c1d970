"""Monthly runs of retirees' injections (退休人员个人账户划入).

Payout says who is retired, and since and until when. A run credits its own month, and months that were
skipped since the last run, to everybody who is retired in them. It puts earlier months right of those
about whom something became known since the last run: a late retirement is credited, months after a
death are taken back. If the rules were corrected since then, it puts them right of everybody. So what
is owed does not depend on when it became known. A month credited by hand
(`POST /v1/personal-injections`) is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.ledger.common.domain.refusal import LedgerRefusal
from shared.errors import Kind
from shared.money import format_yuan
from shared.period import Period


class RunStatus(StrEnum):
    """The state of a run. One that was proposed gives way to the next proposal of its fund."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REPLACED = "replaced"


class RunExists(LedgerRefusal):
    """该月已划入 (the month has a posted run)"""

    kind = Kind.CONFLICT
    code = "INJECTION_RUN_EXISTS"


class RunTooEarly(LedgerRefusal):
    """不得早于已划入的月份,也不得为未来月份 (not before a month that has a run, and not of a later month than this one)"""

    kind = Kind.INVALID
    code = "INJECTION_RUN_MONTH"


class RunUnknown(LedgerRefusal):
    """没有这次划入 (no such run)"""

    kind = Kind.NOT_FOUND
    code = "INJECTION_RUN_UNKNOWN"


class RunChanged(LedgerRefusal):
    """预览后人员或标准有变化,须重新提出 (people or rules have changed since the preview: propose it again)"""

    kind = Kind.CONFLICT
    code = "INJECTION_RUN_CHANGED"


class NothingToInject(LedgerRefusal):
    """没有应划入或收回的金额 (nothing is to be credited or taken back)"""

    kind = Kind.CONFLICT
    code = "NOTHING_TO_INJECT"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredPerson:
    """A retired person: born in a month, retired from `since` until before `until`.

    Of two words about a person the one with the greater version counts.
    """

    person_id: int
    born: date
    since: Period
    until: Period | None
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunGroup:
    """People of a run whose month changes by the same amount; below zero it is taken back."""

    period: str
    amount_fen: int
    people: int

    @property
    def total_fen(self) -> int:
        """Return the sum of the group."""
        return self.amount_fen * self.people


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionRun:
    """A run; `groups` are its preview, or what was posted. `without_rule` counts retirees of the
    month for whom no rule is in force."""

    id: UUID
    fund: str
    period: Period
    day: date
    status: RunStatus
    people: int
    total_fen: int
    proposed_by: str
    approved_by: str | None = None
    groups: Sequence[RunGroup] = field(default=())
    without_rule: int = 0

    @property
    def source(self) -> str:
        """Return the name under which accounts have the credits of this run."""
        return f"run:{self.id.hex}"


def require_unchanged(run: InjectionRun, people: int, total_fen: int) -> None:
    """Refuse to post other amounts than those that were previewed.

    Raises:
        RunChanged: they differ.
    """
    if (people, total_fen) != (run.people, run.total_fen):
        raise RunChanged(
            previewed=f"{run.people}: {format_yuan(run.total_fen)}",
            now=f"{people}: {format_yuan(total_fen)}",
        )
