"""Steps that papers of payout share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.console.widgets.action import Action
from services.console.widgets.field import Note
from services.console.words import Text
from shared.roles import Right


def decisions(
    door: str,
    right: Right,
    amount: Text,
    *,
    when: Callable[[Mapping[str, Any]], bool] = lambda paper: paper["status"] == "proposed",
) -> tuple[Action, ...]:
    """Return the two steps of the second person: approve, or refuse with the reason.

    `amount` says what the paper is about, with members in braces: "共 {lines} 人".
    """
    return (
        Action(
            title=("批准", "Approve"),
            door=f"{door}/approvals",
            right=right,
            when=when,
            confirm=(f"批准:{amount[0]}。", f"Approve: {amount[1]}."),
            done=("已批准", "Approved"),
        ),
        Action(
            title=("不予批准", "Refuse"),
            door=f"{door}/refusals",
            right=right,
            when=when,
            fields=(Note(member="note", title=("理由", "Reason"), is_needed=True),),
            confirm=(f"不予批准:{amount[0]}。", f"Refuse: {amount[1]}."),
            done=("不予批准", "Refused"),
            is_grave=True,
        ),
    )
