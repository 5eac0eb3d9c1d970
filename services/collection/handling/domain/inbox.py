"""Inbox (待办): the steps that papers wait for. A step waits for every role with its right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.roles import Caller, Right


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingStep:
    """A step that papers wait for, and the right to take it."""

    code: str
    title: str
    right: Right
    paper: str


STEPS: Final = (
    WaitingStep(code="accept", title="待受理", right=Right.ACCEPT_DECLARATION, paper="declaration"),
    WaitingStep(code="review", title="待复核", right=Right.REVIEW_DECLARATION, paper="declaration"),
    WaitingStep(
        code="send_summary", title="待汇总上报", right=Right.SEND_SUMMARY, paper="declaration"
    ),
    WaitingStep(
        code="submit_again",
        title="已退回,待重报",
        right=Right.SUBMIT_DECLARATION,
        paper="declaration",
    ),
    WaitingStep(
        code="approve_change", title="登记变更待复核", right=Right.APPROVE_CHANGE, paper="change"
    ),
    WaitingStep(
        code="approve_person_correction",
        title="个人信息更正待复核",
        right=Right.APPROVE_CHANGE,
        paper="person_correction",
    ),
    WaitingStep(
        code="confirm_base_review",
        title="基数待核定",
        right=Right.REVIEW_DECLARATION,
        paper="base_review",
    ),
    WaitingStep(
        code="approve_base_correction",
        title="基数核改待批准",
        right=Right.REVIEW_DECLARATION,
        paper="base_review",
    ),
    WaitingStep(code="audit", title="待市中心审核", right=Right.AUDIT_SUMMARY, paper="summary"),
)
"""All steps, in the order in which an inbox shows them."""


def steps_of(caller: Caller) -> tuple[WaitingStep, ...]:
    """List the steps that a person may take; machines have no inbox."""
    if not caller.role.is_person:
        return ()
    return tuple(step for step in STEPS if caller.may(step.right))
