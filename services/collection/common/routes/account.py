"""The cipher of units' bank accounts, for the doors that take or show one."""

from __future__ import annotations

from shared.door import Door
from shared.security.identity import Identity
from shared.security.personal_data import AccountCipher


def account_cipher(at: Door) -> AccountCipher:
    """Give this service's cipher of units' bank accounts."""
    identity: Identity = at.request.app.state.identity
    return AccountCipher(identity.field_keys)
