"""The three signatures of a claim."""

from itertools import product

import pytest

from services.payout.benefits.domain import ClaimKind
from services.payout.claims.domain.claim import (
    SIGNING_RIGHTS,
    TRANSITIONS,
    Claim,
    ClaimDecided,
    ClaimStatus,
    Decision,
    NoteMissing,
    SignatureOutOfOrder,
    claim_key,
)
from shared.errors import Forbidden
from shared.ids import Ref
from shared.period import Period
from shared.roles import RIGHTS, Caller, Level, Role

PERIOD = Period(2021, 7)


def claim(status: ClaimStatus, signatures: int = 3) -> Claim:
    return Claim(
        ref=Ref.new(claim_key(ClaimKind.PENSION_RUN, "heping", PERIOD)),
        kind=ClaimKind.PENSION_RUN,
        district="heping",
        period=PERIOD,
        filed_on=None,
        fund="pension",
        account="benefit.basic_pension",
        lines=1,
        total_fen=100,
        status=status,
        summary="",
        credit_code=None,
        filed_by="x",
        signatures=signatures,
    )


def caller(role: Role, district: str = "heping") -> Caller:
    own = district if role.level is Level.DISTRICT else "centre"
    return Caller(subject=role.value, role=role, district=own)


SIGNERS = {
    ClaimStatus.FILED: Role.DISTRICT_REVIEWER,
    ClaimStatus.SIGNED_1: Role.DEPARTMENT_HEAD,
    ClaimStatus.SIGNED_2: Role.CENTRE_LEADER,
}


def test_a_kind_of_two_signatures_needs_no_leader() -> None:
    first = claim(ClaimStatus.FILED, 2).decide(
        Decision.APPROVE, by=caller(Role.DISTRICT_REVIEWER), note=None
    )
    assert first.to is ClaimStatus.SIGNED_1
    second = claim(first.to, 2).decide(Decision.APPROVE, by=caller(Role.DEPARTMENT_HEAD), note=None)
    assert second.to is ClaimStatus.APPROVED


def test_three_signatures_in_order_approve() -> None:
    status = ClaimStatus.FILED
    for expected in (ClaimStatus.SIGNED_1, ClaimStatus.SIGNED_2, ClaimStatus.APPROVED):
        transition = claim(status).decide(Decision.APPROVE, by=caller(SIGNERS[status]), note=None)
        assert transition.to is expected
        status = transition.to


@pytest.mark.parametrize("status", list(SIGNERS))
def test_any_signer_in_turn_may_refuse_with_a_note(status: ClaimStatus) -> None:
    signer = caller(SIGNERS[status])
    with pytest.raises(NoteMissing):
        claim(status).decide(Decision.REFUSE, by=signer, note="  ")
    assert claim(status).decide(Decision.REFUSE, by=signer, note="缺材料").to is ClaimStatus.REFUSED


@pytest.mark.parametrize(("status", "role"), list(product(SIGNERS, SIGNERS.values())))
def test_a_signer_out_of_turn_is_refused(status: ClaimStatus, role: Role) -> None:
    if SIGNERS[status] is role:
        return
    with pytest.raises(SignatureOutOfOrder):
        claim(status).decide(Decision.APPROVE, by=caller(role), note=None)


@pytest.mark.parametrize("status", [ClaimStatus.APPROVED, ClaimStatus.REFUSED])
def test_a_decided_claim_takes_no_signature(status: ClaimStatus) -> None:
    with pytest.raises(ClaimDecided):
        claim(status).decide(Decision.APPROVE, by=caller(Role.CENTRE_LEADER), note=None)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_without_a_signature_is_forbidden(role: Role) -> None:
    if RIGHTS[role].intersection(SIGNING_RIGHTS):
        return
    with pytest.raises(Forbidden):
        claim(ClaimStatus.FILED).decide(Decision.APPROVE, by=caller(role), note=None)


def test_a_reviewer_of_another_district_is_forbidden() -> None:
    with pytest.raises(Forbidden):
        claim(ClaimStatus.FILED).decide(
            Decision.APPROVE, by=caller(Role.DISTRICT_REVIEWER, "nankai"), note=None
        )


def test_every_open_state_can_be_approved_and_refused_by_the_same_right() -> None:
    open_states = {ClaimStatus.FILED, ClaimStatus.SIGNED_1, ClaimStatus.SIGNED_2}
    assert {status for status, _ in TRANSITIONS} == open_states
    for status in open_states:
        approve, refuse = (
            TRANSITIONS[status, Decision.APPROVE],
            TRANSITIONS[status, Decision.REFUSE],
        )
        assert approve.right is refuse.right
        assert refuse.to is ClaimStatus.REFUSED


def test_no_role_holds_two_signing_rights() -> None:
    for role in Role:
        assert len(RIGHTS[role].intersection(SIGNING_RIGHTS)) <= 1
