"""Changes of entitlements (待遇变更单): a list of people and one action, proposed and approved by two.

A paper says why and on which document. It has no effect until another person approves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.common.domain import identity_number_faults
from services.payout.entitlements.domain.holder import holder_faults
from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period

PAPER: Final = "entitlement_change"
LINES_MAX: Final = 50_000
MONTHLY_MAX_FEN: Final = 100_000_000
"""A monthly benefit above one million yuan is a typing error."""
AHEAD_MONTHS: Final = 12
"""The longest time ahead for which months may be stopped or begin again."""


class ChangeAction(StrEnum):
    """Actions of a paper."""

    REGISTER = "register"  # 登记:新开待遇、调整金额
    MOVE = "move"  # 转入本分中心
    SUSPEND = "suspend"  # 停发
    RESUME = "resume"  # 恢复发放
    END = "end"  # 终止
    ACCOUNT = "account"  # 变更收款账户
    RECALCULATE = "recalculate"  # 重新核定:系统核定的金额自原月份起更正
    KEEP = "keep"  # 核实后照发:比对线索不成立


class ChangeStatus(StrEnum):
    """The states of a paper."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


NEEDED: Final[dict[ChangeAction, frozenset[str]]] = {
    ChangeAction.REGISTER: frozenset({"name", "monthly_amount", "bank_account", "from"}),
    ChangeAction.MOVE: frozenset({"from"}),
    ChangeAction.SUSPEND: frozenset({"from"}),
    ChangeAction.RESUME: frozenset({"from"}),
    ChangeAction.END: frozenset({"event_on"}),
    ChangeAction.ACCOUNT: frozenset({"bank_account"}),
    ChangeAction.RECALCULATE: frozenset({"monthly_amount", "from"}),
    ChangeAction.KEEP: frozenset(),
}
"""Members that a person of a paper needs, by action; `holder_reason` goes with an account, and
`account_amount` with the amount of a pension that is carried over."""


class ChangeDecided(Refusal):
    """该变更单已有结论 (the paper is approved or refused already)"""

    kind = Kind.CONFLICT
    code = "ENTITLEMENT_CHANGE_DECIDED"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account to pay into, unsealed."""

    bank: str
    number: str
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDraft:
    """One person of a paper as submitted."""

    identity_number: str
    kind: str
    name: str | None = None
    monthly_fen: int | None = None
    account_fen: int | None = None
    account: BankAccount | None = None
    holder_reason: str | None = None
    since: Period | None = None
    event_on: date | None = None

    @property
    def members(self) -> frozenset[str]:
        """The names of the members that are given."""
        given = {
            "name": self.name,
            "monthly_amount": self.monthly_fen,
            "bank_account": self.account,
            "from": self.since,
            "event_on": self.event_on,
        }
        return frozenset(name for name, value in given.items() if value is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDraft:
    """A paper as submitted."""

    action: ChangeAction
    district: str
    reason: str
    document: str
    note: str | None
    people: Sequence[PersonDraft]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementChange:
    """A stored paper. `applied` counts the lines that changed something, once it is approved."""

    ref: Ref
    action: ChangeAction
    district: str
    reason: str
    note: str | None
    document: str
    lines: int
    status: ChangeStatus = ChangeStatus.PROPOSED
    applied: int | None = None
    proposed_by: str
    decided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One person of a stored paper. Number, name and account are sealed.

    `since` is the first month that the action counts for: of an end, the first one not due.
    """

    line_no: int
    person_id: int
    blind: bytes
    kind: str
    sealed_number: bytes
    since: Period
    name: bytes | None = None
    monthly_fen: int | None = None
    account_fen: int | None = None
    bank: str | None = None
    bank_number: bytes | None = None
    bank_holder: bytes | None = None
    holder_reason: str | None = None


def draft_faults(draft: ChangeDraft, today: date) -> list[Fault]:
    """Find every fault in a submitted paper that it has by itself."""
    people = draft.people
    faults = identity_number_faults(
        (
            (f"/people/{index}/identity_number", one.identity_number)
            for index, one in enumerate(people)
        ),
        today,
    )
    first_of: dict[str, int] = {}
    for index, person in enumerate(people):
        if (first := first_of.setdefault(person.identity_number, index)) != index:
            message = f"与第 {first} 项为同一人 (the same person as item {first})"
            pointer = f"/people/{index}/identity_number"
            faults.append(Fault(pointer, "PERSON_REPEATED", message))
        faults += _member_faults(index, draft.action, person)
        faults += _value_faults(index, draft.action, person, today)
        if person.name is not None and person.account is not None:
            faults += holder_faults(
                f"/people/{index}", person.name, person.account.holder, person.holder_reason
            )
    return faults


def _member_faults(index: int, action: ChangeAction, person: PersonDraft) -> list[Fault]:
    given, needed = person.members, NEEDED[action]
    faults = [
        Fault(f"/people/{index}/{name}", "MEMBER_MISSING", "此项必填 (this action needs it)")
        for name in sorted(needed - given)
    ]
    surplus = given - needed
    if person.holder_reason is not None and "bank_account" not in needed:
        surplus |= {"holder_reason"}
    if person.account_fen is not None and action is not ChangeAction.REGISTER:
        surplus |= {"account_amount"}
    return faults + [
        Fault(f"/people/{index}/{name}", "MEMBER_UNUSED", "此类变更不填此项 (not of this action)")
        for name in sorted(surplus)
    ]


def _value_faults(
    index: int, action: ChangeAction, person: PersonDraft, today: date
) -> list[Fault]:
    faults = []
    if person.monthly_fen is not None and person.monthly_fen > MONTHLY_MAX_FEN:
        message = f"月待遇不得超过 {format_yuan(MONTHLY_MAX_FEN)} (above the monthly limit)"
        faults.append(Fault(f"/people/{index}/monthly_amount", "AMOUNT_IMPLAUSIBLE", message))
    if (person.account_fen or 0) > (person.monthly_fen or 0):
        message = "个人账户养老金不得大于月待遇 (the account's part is above the whole amount)"
        faults.append(Fault(f"/people/{index}/account_amount", "ACCOUNT_PART_TOO_LARGE", message))
    if person.event_on is not None and person.event_on > today:
        message = "不得晚于今天 (not later than today)"
        faults.append(Fault(f"/people/{index}/event_on", "DATE_IN_FUTURE", message))
    latest = Period.of(today).plus(AHEAD_MONTHS)
    if action is not ChangeAction.REGISTER and person.since is not None and person.since > latest:
        message = f"不得晚于 {latest} (not later than {latest})"
        faults.append(Fault(f"/people/{index}/from", "PERIOD_TOO_LATE", message))
    return faults
