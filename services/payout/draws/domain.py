"""Draws: what the paid pensions of a person ask of the personal account, month by month.

A month asks for the account's part of the pension (个人账户储存额 ÷ 计发月数), at most for what is
both due and paid of it. So a month after death or in a suspension asks for nothing, though it was
paid, and a payment that came back asks for nothing until it is made again. A raise does not change
the part. It is a rule of the facts, in whatever order they became known: what was asked before is
compared with it, and the ledger is told the difference.

The ledger gives what the account holds; once it is empty the pooled fund pays all of the pension.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.payout.common.domain import person_text
from shared.errors import Kind, Refusal
from shared.ids import Ref, key_of
from shared.money import format_yuan, parse_yuan
from shared.period import Period

FUND: Final = "pension"
PART_LINE: Final = "account"
"""The line of a computed pension that the account pays (个人账户养老金)."""


class PensionDrawn(Refusal):
    """在领养老金的,个人账户不得转移或退还;死亡登记后由继承人领取余额 (a pension is paid from this account: what is left at death is paid to the heirs, once the death is registered)"""

    kind = Kind.CONFLICT
    code = "ACCOUNT_PENSION_DRAWN"


class AccountPartUnknown(Refusal):
    """该养老金由旧系统结转,未载明其中的个人账户养老金;请以结转单补登 account_amount (the pension was carried over from an old system without the account's part of it: register it once more with `account_amount`)"""

    kind = Kind.CONFLICT
    code = "ACCOUNT_PART_UNKNOWN"


class PensionChanged(Refusal):
    """申请后该人的养老金有变,金额须重新计算:不予同意本申请,重新申请 (the pension has changed since the claim was filed, so its amount has to be computed again: refuse the claim and file it once more)"""

    kind = Kind.CONFLICT
    code = "ACCOUNT_PENSION_CHANGED"


class AccountDraw(NamedTuple):
    """A difference to ask of a person's account; below zero it is put back."""

    person_id: int
    drawn_on: date
    asked_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPart:
    """The account's part of a person's pension from a month on, by the paper that opens it."""

    person_id: int
    blind: bytes
    since: Period
    change: Ref
    account_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPension:
    """A person's basic pension as far as it concerns the account.

    `drawn_fen` is what all months due ask of it, paid yet or not, and `months` counts them;
    `is_known` is False if the account's part of some months is not known.
    """

    exists: bool = False
    died: bool = False
    is_known: bool = True
    drawn_fen: int = 0
    months: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredPerson:
    """The months from which on and before which a person is retired; the number is sealed."""

    person_id: int
    sealed_number: bytes
    since: str
    until: str | None


NO_PENSION: Final = DrawnPension()
MARKS_AT_ONCE: Final = 500
"""Marks that one step works off at most; the mark of a person may stand for 20 years of months."""


def disjoint(marks: Iterable[tuple[int, bytes, str]]) -> list[tuple[int, bytes, str]]:
    """Leave out repeated marks, and months of people of whom every month is marked."""
    distinct = sorted(set(marks))
    whole = {(person_id, blind) for person_id, blind, period in distinct if not period}
    return [mark for mark in distinct if not mark[2] or mark[:2] not in whole]


def next_limit(limit: int, *, failed: bool) -> int:
    """Halve a step that failed, which may have taken too long; double it again after a success."""
    return max(1, limit // 2) if failed else min(MARKS_AT_ONCE, limit * 2)


def require_inheritable(pension: DrawnPension) -> None:
    """Refuse to pay an account from which a living person's pension is paid, or an unknown part.

    Raises:
        PensionDrawn: the death is not registered. AccountPartUnknown: see there.
    """
    if not pension.died:
        raise PensionDrawn
    if not pension.is_known:
        raise AccountPartUnknown


def part_fen(evidence: Mapping[str, Any]) -> int | None:
    """Read the account's part from the evidence of a computed pension; None if it does not say."""
    for line in evidence["lines"]:
        if line["id"] == PART_LINE:
            return parse_yuan(line["amount"])
    return 0 if evidence.get("account_fen") == 0 else None


def payloads(draws: Iterable[AccountDraw], paper: UUID) -> list[tuple[int, dict[str, Any]]]:
    """Build the outbox messages, one for each day, as (shard key, payload); persons are added up."""
    by_day: dict[date, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in draws:
        by_day[one.drawn_on][one.person_id] += one.asked_fen
    messages = []
    for day, asked in sorted(by_day.items()):
        name = f"YLJ-{paper.hex}-{day.isoformat()}"
        items = [
            {
                "person": person_text(person_id),
                "amount": format_yuan(fen),
            }
            for person_id, fen in sorted(asked.items())
            if fen
        ]
        if items:
            body = {"paper": name, "fund": FUND, "day": day.isoformat(), "draws": items}
            messages.append((key_of("account_draw", name), {"to": "personal_draws", "body": body}))
    return messages


def version_of(number: int) -> str:
    """Write a message's number so that texts sort as numbers do, after the UUIDs of earlier messages."""
    return f"1{number:019d}"


def retirees_payload(
    people: Iterable[tuple[RetiredPerson, date | None]], number: int
) -> dict[str, Any] | None:
    """Build the message about retired people, each with the day of birth; None without one that is
    known. The ledger takes of two messages the one with the greater number."""
    items = [
        {
            "person": person_text(one.person_id),
            "born": f"{born:%Y-%m}",
            "since": one.since,
            "until": one.until,
        }
        for one, born in people
        if born is not None
    ]
    body = {"version": version_of(number), "people": items}
    return {"to": "retirees", "body": body} if items else None
