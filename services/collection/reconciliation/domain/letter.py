"""Rules of reconciliation letters (对账函): balances of a month, signed by us and by the other side. Pure.

The centre's finance reconciles monthly with the finance bureau, the bank, the treasury and the
districts (五项制度). A letter holds the figures of its day; the other side agrees, or says what differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.entry import Account
from shared.errors import Fault, Faulty, Forbidden, NotFound, StateConflict
from shared.ids import Ref, key_of
from shared.references import Reference
from shared.roles import Caller, Role


class LetterParty(StrEnum):
    """The other sides that we reconcile with every month."""

    BANK = "bank"
    TREASURY = "treasury"
    FINANCE_BUREAU = "finance_bureau"
    DISTRICT = "district"


ACCOUNTS_OF: Final[Mapping[LetterParty, tuple[str, ...]]] = {
    LetterParty.BANK: (Account.INCOME_DEPOSIT, Account.EXPENDITURE_DEPOSIT),
    LetterParty.TREASURY: (Account.TREASURY_DEPOSIT,),
    LetterParty.FINANCE_BUREAU: (Account.FISCAL_DEPOSIT,),
    LetterParty.DISTRICT: (),
}
"""The accounts whose balances a letter to a party has; a district's has its collections."""
_ROLES: Final[Mapping[LetterParty, Role]] = {
    LetterParty.BANK: Role.BANK_GATEWAY,
    LetterParty.TREASURY: Role.TAX_BUREAU,
    LetterParty.FINANCE_BUREAU: Role.FINANCE_BUREAU,
    LetterParty.DISTRICT: Role.DISTRICT_REVIEWER,
}


class LetterStatus(StrEnum):
    """The status of a letter."""

    DRAFTED = "drafted"
    SIGNED = "signed"
    AGREED = "agreed"
    DISPUTED = "disputed"


class LetterUnknown(NotFound):
    """无此对账函 (no such reconciliation letter)"""

    code = "RECONCILIATION_LETTER_UNKNOWN"


class LetterExists(StateConflict):
    """该对账对象该月已有对账函 (a letter to this party for this month exists)"""

    code = "RECONCILIATION_LETTER_EXISTS"


class LetterNotReady(StateConflict):
    """对账函的状态不允许此操作 (the letter's status does not allow this step)"""

    code = "RECONCILIATION_LETTER_NOT_READY"


@dataclass(frozen=True, slots=True)
class LetterFigure:
    """One figure: ours in fen, and the other side's where it told one."""

    name: str
    ours_fen: int
    theirs_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationLetter:
    """A letter to a party about a month."""

    letter_key: int
    id: UUID
    party: LetterParty
    period: str
    district: str
    figures: Sequence[LetterFigure]
    status: LetterStatus
    drafted_by: str
    drafted_on: date
    signed_by: str | None = None
    signed_on: date | None = None
    answered_by: str | None = None
    answered_on: date | None = None
    note: str | None = None

    @property
    def ref(self) -> Ref:
        """Its key and id."""
        return Ref(self.letter_key, self.id)

    @property
    def reference(self) -> str:
        """Its reference on the wire."""
        return self.ref.text(Reference.RECONCILIATION_LETTER)


def party_of(account: str) -> LetterParty:
    """Return the party that keeps an account of ours."""
    return next(party for party, accounts in ACCOUNTS_OF.items() if account in accounts)


def letter_key(party: LetterParty, district: str) -> int:
    """Compute the shard key of the letters to a party."""
    return key_of("reconciliation_letter", f"{party}:{district}")


def require_party(caller: Caller, party: LetterParty, district: str) -> None:
    """Refuse a caller who does not answer for the party.

    Raises:
        Forbidden: the caller is of another organisation or district.
    """
    if caller.role is not _ROLES[party]:
        raise Forbidden(party=party.value, role=caller.role.value)
    if party is LetterParty.DISTRICT:
        caller.require_district(district)


def answered(
    figures: Sequence[LetterFigure], theirs: Mapping[str, int], *, agrees: bool
) -> list[LetterFigure]:
    """Put the other side's figures beside ours. Who agrees has ours; who does not names what differs.

    Raises:
        Faulty: a figure that the letter does not have, or a dispute without a different figure.
    """
    names = {one.name for one in figures}
    faults = [
        Fault(f"/figures/{name}", "FIGURE_UNKNOWN", "对账函无此项 (not in the letter)")
        for name in theirs
        if name not in names
    ]
    differs = any(theirs.get(one.name, one.ours_fen) != one.ours_fen for one in figures)
    if agrees and differs:
        faults.append(
            Fault("/agrees", "FIGURES_DIFFER", "金额不同,不能视为相符 (figures differ: not agreed)")
        )
    if not agrees and not differs and not faults:
        faults.append(
            Fault("/figures", "DIFFERENCE_MISSING", "须列明不符的金额 (say which figure differs)")
        )
    if faults:
        raise Faulty(faults=faults)
    return [
        LetterFigure(one.name, one.ours_fen, theirs.get(one.name, one.ours_fen)) for one in figures
    ]
