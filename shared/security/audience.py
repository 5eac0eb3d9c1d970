"""The services that accept the tokens of each role."""

from __future__ import annotations

from typing import Final

from shared.roles import Role

_PEOPLE_SPEAK_TO: Final = ("collection", "identity", "ledger", "payout")
_MACHINES_SPEAK_TO: Final[dict[Role, tuple[str, ...]]] = {
    Role.EMPLOYER_PORTAL: ("collection",),
    Role.TAX_BUREAU: ("collection",),
    Role.FINANCE_BUREAU: ("collection",),
    Role.BANK_GATEWAY: ("collection", "payout"),
    Role.DASHBOARD: ("ledger", "payout"),
    Role.COLLECTION_SERVICE: ("ledger",),
    Role.PAYOUT_SERVICE: ("collection", "ledger"),
}


def audience_of(role: Role) -> tuple[str, ...]:
    """Return the services that may accept a token of this role."""
    return _MACHINES_SPEAK_TO.get(role, _PEOPLE_SPEAK_TO)
