"""Set-up: takes over an earlier registry, and gives the installation's own clients their principals.

It runs whenever the service starts; a second run changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.changes import store as changes_store
from services.identity.changes.domain import (
    ChangeKind,
    ChangeStatus,
    PrincipalChange,
    powers_in,
)
from services.identity.common import store as common_store
from services.identity.credentials import store as credentials_store
from services.identity.credentials.domain import password as password_rules
from services.identity.credentials.domain.credential import CredentialKind, hash_of
from services.identity.credentials.flows import client as client_flow
from services.identity.principals import store as principals_store
from services.identity.principals.domain import Principal, PrincipalKind
from shared import clock
from shared.db import Database
from shared.ids import uuid7
from shared.roles import CENTRE, Role
from shared.security.field_cipher import FieldCipher
from shared.security.person_name import folded
from shared.security.sandbox import earlier_rows, secrets_in, totp_seed

BY: Final = "set-up"
OWN: Final = "wuxian"
EARLIER: Final = "旧登记 (earlier registry)"
SANDBOX: Final = "沙箱 (sandbox)"


@dataclass(frozen=True, slots=True)
class Entry:
    """A principal to add if its name is free, and the hash of its secret.

    An own client's secret is renewed where the directory has another: it is the directory that the
    services read, for instance beside a restored database.
    """

    principal: Principal
    secret_sha256: str
    is_own: bool = False


async def enrol(db: Database, directory: Path, cipher: FieldCipher, *, sandbox: bool) -> None:
    """Add what is missing: own clients, an earlier registry's rows, the sandbox's identities.

    Args:
        db: identity's database.
        directory: the identity directory.
        cipher: seals the second factors of the sandbox's people.
        sandbox: True to add the sandbox's people and machines, whose secrets stand in a file.
    """
    entries = [*_own(directory), *_earlier(directory), *(_sandbox(directory) if sandbox else ())]
    await db.run(lambda tx: _add(tx, entries))
    if sandbox:
        await db.run(lambda tx: _let_people_sign_in(tx, secrets_in(directory), cipher))


async def _add(tx: AsyncConnection, entries: Iterable[Entry]) -> None:
    await principals_store.take_turn(tx)
    known = set(await principals_store.known(tx))
    for entry in entries:
        name, secret = entry.principal.name, entry.secret_sha256
        if folded(name) not in known:
            known.add(folded(name))
            change = _change(entry.principal)
            await changes_store.insert(tx, change)
            await principals_store.insert(tx, entry.principal, BY, change.id)
            await credentials_store.insert(tx, name, CredentialKind.CLIENT_SECRET, secret, BY)
            await common_store.record(
                tx, "taken_over", name, BY, source=entry.principal.organisation or ""
            )
        elif entry.is_own:
            await client_flow.renew(tx, name, secret, by=BY)


async def _let_people_sign_in(
    tx: AsyncConnection, secrets: dict[str, str], cipher: FieldCipher
) -> None:
    """Give the sandbox's people a password and a second factor, which follow from their secrets."""
    for name, secret in secrets.items():
        person = await principals_store.find(tx, name)
        if person is None or person.kind is not PrincipalKind.PERSON:
            continue
        kinds = [CredentialKind.PASSWORD, CredentialKind.TOTP]
        if await credentials_store.in_force(tx, name, kinds, clock.now()):
            continue
        stored = password_rules.hash_of_random(secret)
        await credentials_store.insert(tx, name, CredentialKind.PASSWORD, stored, BY)
        sealed = cipher.seal(totp_seed(secret)).hex()
        await credentials_store.insert(tx, name, CredentialKind.TOTP, sealed, BY)


def _change(new: Principal) -> PrincipalChange:
    """Build the change that adds a principal: nobody is there yet who could propose it."""
    now = clock.now()
    return PrincipalChange(
        id=uuid7(),
        kind=ChangeKind.ADD,
        principal=new.name,
        content=powers_in(new),
        why="",
        proposed_by=BY,
        proposed_at=now,
        status=ChangeStatus.APPROVED,
        decided_by=BY,
        decided_at=now,
        alone=True,
    )


def principal_of(name: str, role: Role, district: str, organisation: str) -> Principal:
    """Build the principal of a registry's row: a person by a person's role, else a client."""
    kind = PrincipalKind.PERSON if role.is_person else PrincipalKind.CLIENT
    return Principal(name=name, kind=kind, role=role, district=district, organisation=organisation)


def _own(directory: Path) -> list[Entry]:
    own: dict[str, str] = json.loads((directory / "services.json").read_text())
    return [
        Entry(principal_of(name, Role(name), CENTRE, OWN), hash_of(secret), is_own=True)
        for name, secret in own.items()
    ]


def _earlier(directory: Path) -> list[Entry]:
    return [
        Entry(
            principal_of(row["client_id"], Role(row["role"]), row["district"], EARLIER),
            row["secret_sha256"],
        )
        for row in earlier_rows(directory)
    ]


def _sandbox(directory: Path) -> list[Entry]:
    entries = []
    for name, secret in secrets_in(directory).items():
        role, _, district = name.partition(".")
        principal = principal_of(name, Role(role), district or CENTRE, SANDBOX)
        entries.append(Entry(principal, hash_of(secret)))
    return entries
