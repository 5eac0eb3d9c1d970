"""The states of a declaration and who may move it."""

import pytest

from services.collection.filing.domain.declaration import MOVES, Act, State, move
from shared.errors import StateConflict
from shared.roles import RIGHTS, Level, Role


def test_the_way_of_a_declaration() -> None:
    state = State.SUBMITTED
    for act in (Act.ACCEPT, Act.REVIEW, Act.AUDIT, Act.BILL, Act.SETTLE):
        state = move(state, act).to
    assert state is State.SETTLED


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("act", list(Act))
def test_what_is_not_in_the_table_is_refused(state: State, act: Act) -> None:
    if (state, act) in MOVES:
        assert move(state, act).to is not state
    else:
        with pytest.raises(StateConflict):
            move(state, act)


def test_accept_review_and_audit_are_signatures() -> None:
    assert {act for (_, act), step in MOVES.items() if step.signs} == {
        Act.ACCEPT,
        Act.REVIEW,
        Act.AUDIT,
    }


def test_no_role_may_take_two_signing_steps() -> None:
    signing = {step.right for step in MOVES.values() if step.signs}
    for role in Role:
        assert len(signing & RIGHTS[role]) <= 1, role


def test_the_district_cannot_audit() -> None:
    right = move(State.REVIEWED, Act.AUDIT).right
    assert all(right not in RIGHTS[role] for role in Role if role.level is Level.DISTRICT)


def test_a_billed_declaration_cannot_be_returned() -> None:
    for state in (State.REVIEWED, State.AUDITED, State.BILLED, State.SETTLED):
        with pytest.raises(StateConflict):
            move(state, Act.RETURN)
