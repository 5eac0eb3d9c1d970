"""Declaration (申报): its states and moves as a table that an auditor can read.

submitted → accepted → reviewed → audited → billed → settled; or returned, with codes, and handed
in again as the next round. A default that was not billed when the unit filed after all is superseded;
a correction that nobody has accepted may be withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.errors import StateConflict
from shared.roles import Right


class State(StrEnum):
    """The state of a declaration."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REVIEWED = "reviewed"
    AUDITED = "audited"
    BILLED = "billed"
    SETTLED = "settled"
    RETURNED = "returned"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


FINISHED: Final = frozenset({State.BILLED, State.SETTLED})
"""States in which a declaration is billed, so that it can only be corrected."""


class Act(StrEnum):
    """An act that moves a declaration from one state to another."""

    SUBMIT_AGAIN = "submit_again"
    ACCEPT = "accept"
    REVIEW = "review"
    RETURN = "return"
    TAKE_BACK = "take_back"
    SEND_BACK = "send_back"
    AUDIT = "audit"
    BILL = "bill"
    SETTLE = "settle"
    SUPERSEDE = "supersede"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The state an act leads to, the right it needs (None: only the service), and whether it signs."""

    to: State
    right: Right | None
    signs: bool


MOVES: Final[dict[tuple[State, Act], Move]] = {
    (State.SUBMITTED, Act.ACCEPT): Move(
        to=State.ACCEPTED, right=Right.ACCEPT_DECLARATION, signs=True
    ),
    (State.ACCEPTED, Act.REVIEW): Move(
        to=State.REVIEWED, right=Right.REVIEW_DECLARATION, signs=True
    ),
    (State.REVIEWED, Act.AUDIT): Move(to=State.AUDITED, right=Right.AUDIT_SUMMARY, signs=True),
    (State.AUDITED, Act.BILL): Move(to=State.BILLED, right=None, signs=False),
    (State.BILLED, Act.SETTLE): Move(to=State.SETTLED, right=None, signs=False),
    # A return is no signature: who sends a paper back may take part in its next round.
    (State.SUBMITTED, Act.RETURN): Move(
        to=State.RETURNED, right=Right.ACCEPT_DECLARATION, signs=False
    ),
    (State.ACCEPTED, Act.RETURN): Move(
        to=State.RETURNED, right=Right.REVIEW_DECLARATION, signs=False
    ),
    # A reviewed one leaves by the reviewer while no summary holds it, by the centre out of a summary.
    (State.REVIEWED, Act.TAKE_BACK): Move(
        to=State.RETURNED, right=Right.REVIEW_DECLARATION, signs=False
    ),
    (State.REVIEWED, Act.SEND_BACK): Move(
        to=State.RETURNED, right=Right.AUDIT_SUMMARY, signs=False
    ),
    (State.RETURNED, Act.SUBMIT_AGAIN): Move(
        to=State.SUBMITTED, right=Right.SUBMIT_DECLARATION, signs=False
    ),
    (State.SUBMITTED, Act.WITHDRAW): Move(
        to=State.WITHDRAWN, right=Right.SUBMIT_DECLARATION, signs=False
    ),
    (State.RETURNED, Act.WITHDRAW): Move(
        to=State.WITHDRAWN, right=Right.SUBMIT_DECLARATION, signs=False
    ),
    **{
        (state, Act.SUPERSEDE): Move(to=State.SUPERSEDED, right=None, signs=False)
        for state in (State.SUBMITTED, State.ACCEPTED, State.REVIEWED, State.RETURNED)
    },
}


def move(state: State, act: Act) -> Move:
    """Return the move of an act in a state.

    Raises:
        StateConflict: there is none.
    """
    found = MOVES.get((state, act))
    if found is None:
        raise StateConflict(status=state.value, act=act.value)
    return found
