"""`wuxian users` and `wuxian clients`: the operator's own way to people and clients.

They work on identity's schema directly, so that the first administrator can be added before anybody
can sign in. What the operator does alone is marked so in the list of changes. A secret is printed once and stored nowhere in the clear.
"""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.cli.common import (
    AsJson,
    DatabaseUrl,
    err,
    fail,
    out,
    plainly,
    print_json,
    print_table,
    settings_with,
)
from shared.roles import CENTRE, Role

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.identity.changes.domain import Proposal
    from services.identity.changes.flows.change import NewSecret
    from services.identity.principals.domain import Principal, PrincipalKind

T = TypeVar("T")

users = typer.Typer(help="People who sign in.", no_args_is_help=True)
clients = typer.Typer(help="Machines and people's scripts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Its name; case, width and blanks do not count.")]
Subject = Annotated[
    str | None, typer.Option(help="What your OpenID provider calls the person (its claim `sub`).")
]
District = Annotated[str, typer.Option(help="District code, for district roles.")]
Overlap = Annotated[
    float, typer.Option(min=0, max=24 * 30, help="Hours that the secret of before stays good.")
]


# --- people --------------------------------------------------------------------------------


@users.command("add")
def add_user(
    name: Name,
    role: Annotated[Role, typer.Option(help="A person's role; identity_admin for the first.")],
    district: District = CENTRE,
    display: Annotated[str, typer.Option(help="The name as people read it.")] = "",
    organisation: Annotated[str | None, typer.Option(help="The employer.")] = None,
    provider_subject: Subject = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a person; print a first password and the second factor's address, once."""
    from services.identity.changes.flows import proposal as proposal_flow
    from services.identity.principals.domain import Principal, PrincipalKind

    new = Principal(
        name=name,
        kind=PrincipalKind.PERSON,
        role=role,
        district=district,
        display=display,
        organisation=organisation,
        provider_subject=provider_subject,
    )

    async def work(tx: AsyncConnection) -> dict[str, str]:
        return await person_secrets(tx, await proposal_flow.to_add(tx, new, districts()))

    _show_once(run(database_url, work), as_json=as_json)


@users.command("reset")
def reset_user(name: Name, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Give a person a new first password and second factor; end sessions and tokens."""
    from services.identity.changes.flows import proposal as proposal_flow

    async def work(tx: AsyncConnection) -> dict[str, str]:
        return await person_secrets(tx, await proposal_flow.to_reset(tx, name))

    _show_once(run(database_url, work), as_json=as_json)


@users.command("link")
def link_user(
    name: Name,
    provider_subject: Subject = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Link a person to an account of the OpenID provider; without one, end the link."""
    from services.identity.changes.flows import proposal as proposal_flow

    def proposed(tx: AsyncConnection) -> Awaitable[Proposal]:
        return proposal_flow.to_link(tx, name, provider_subject, districts())

    found = _changed(name, database_url, proposed)
    sentence = f"{found.name} is linked to {found.provider_subject or 'no account'}"
    say(_row(found), sentence, as_json=as_json)


@users.command("disable")
def disable_user(name: Name, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Disable a person and the person's clients; end sessions and tokens."""
    _disable(name, database_url, as_json=as_json)


@users.command("enable")
def enable_user(name: Name, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Enable a disabled person again."""
    _enable(name, database_url, as_json=as_json)


@users.command("list")
def list_users(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List people."""
    _list("person", database_url, as_json=as_json)


# --- clients -------------------------------------------------------------------------------


@clients.command("add")
def add_client(
    name: Name,
    role: Annotated[Role, typer.Option(help="A machine's role, or that of --person.")],
    organisation: Annotated[
        str | None, typer.Option(help="The owner; a machine must have one.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="The person behind it, if any.")] = None,
    district: District = CENTRE,
    unit: Annotated[
        list[str] | None, typer.Option(help="A credit code that a portal acts for; repeat it.")
    ] = None,
    every_unit: Annotated[
        bool, typer.Option(help="The city's own portal: it acts for every unit.")
    ] = False,
    public_key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Its public JWK, instead of a secret."),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a client; print its secret once, or take its public key."""
    from services.identity.changes.flows import proposal as proposal_flow
    from services.identity.principals.domain import Principal, PrincipalKind

    if role is Role.EMPLOYER_PORTAL and bool(unit) == every_unit:
        fail("a portal needs --unit (once or more) or --every-unit", 2)
    new = Principal(
        name=name,
        kind=PrincipalKind.CLIENT,
        role=role,
        district=district,
        organisation=organisation,
        person=person,
        units=tuple(unit) if unit else None,
    )

    jwk = _read(public_key)

    async def work(tx: AsyncConnection) -> dict[str, str]:
        proposal = await proposal_flow.to_add(
            tx, new, districts(), every_unit=every_unit, public_key=jwk
        )
        return await client_secret(tx, proposal)

    _show_once(run(database_url, work), as_json=as_json)


@clients.command("rotate")
def rotate_client(
    name: Name,
    overlap_hours: Overlap = 24,
    public_key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Its new public JWK, instead of a secret."),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Give a client a new secret or key; the one of before ends after the overlap."""
    from services.identity.changes.flows import proposal as proposal_flow
    from shared.security.identity import OWN_CLIENTS, replace_secret

    overlap, jwk = timedelta(hours=overlap_hours), _read(public_key)

    async def work(tx: AsyncConnection) -> dict[str, str]:
        proposal = await proposal_flow.to_rotate(
            tx, name, overlap=overlap, public_key=jwk, by_operator=True
        )
        return await client_secret(tx, proposal)

    found = run(database_url, work)
    if name in OWN_CLIENTS and "client_secret" in found:
        replace_secret(settings_with().identity_path, name, found["client_secret"])
        sentence = f"{name} has a new secret in services.json: restart its service"
        say({"client_id": name}, sentence, as_json=as_json)
    else:
        _show_once(found, as_json=as_json)


@clients.command("disable")
def disable_client(name: Name, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Disable a client and end its tokens."""
    _disable(name, database_url, as_json=as_json)


@clients.command("enable")
def enable_client(name: Name, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Enable a disabled client again."""
    _enable(name, database_url, as_json=as_json)


@clients.command("list")
def list_clients(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List clients."""
    _list("client", database_url, as_json=as_json)


def districts() -> frozenset[str]:
    """Return the districts of this installation."""
    from shared.process.regions import districts_of

    chosen = settings_with()
    return districts_of(chosen.region, chosen.regions_path)


async def person_secrets(tx: AsyncConnection, proposal: Proposal) -> dict[str, str]:
    """Carry out a proposal that makes a first password, and make the second factor too."""
    from services.identity.credentials.flows import person as person_flow

    secret = await _alone(tx, proposal)
    name = proposal.principal
    address = await person_flow.give_factor(tx, name, cipher(), by=operator())
    return {"name": name, secret.kind: secret.value, "totp": address}


async def client_secret(tx: AsyncConnection, proposal: Proposal) -> dict[str, str]:
    """Carry out a proposal that makes a client's secret, or takes its key."""
    secret = await _alone(tx, proposal)
    return {"client_id": proposal.principal, secret.kind: secret.value}


async def _alone(tx: AsyncConnection, proposal: Proposal) -> NewSecret:
    from services.identity.changes.flows import change as change_flow

    secret = await change_flow.alone(tx, proposal, by=operator(), districts=districts())
    assert secret is not None, "this kind of change makes a secret"
    return secret


def _read(public_key: Path | None) -> dict[str, Any] | None:
    if public_key is None:
        return None
    try:
        return dict(json.loads(public_key.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        fail(f"{public_key} is not a JWK", 2)


def _disable(name: str, database_url: str | None, *, as_json: bool) -> None:
    from services.identity.principals import flows as principals_flow

    found = run(database_url, lambda tx: principals_flow.disable(tx, name, by=operator()))
    say(_row(found), f"{found.name} is {found.state.value}", as_json=as_json)


def _enable(name: str, database_url: str | None, *, as_json: bool) -> None:
    from services.identity.changes.flows import proposal as proposal_flow

    found = _changed(name, database_url, lambda tx: proposal_flow.to_enable(tx, name))
    say(_row(found), f"{found.name} is {found.state.value}", as_json=as_json)


def _changed(
    name: str,
    database_url: str | None,
    proposed: Callable[[AsyncConnection], Awaitable[Proposal]],
) -> Principal:
    """Carry out a proposal that makes no secret; return the principal after it."""
    from services.identity.changes.flows import change as change_flow
    from services.identity.principals import flows as principals_flow

    async def work(tx: AsyncConnection) -> Principal:
        await change_flow.alone(tx, await proposed(tx), by=operator(), districts=districts())
        return await principals_flow.find(tx, name)

    return run(database_url, work)


def _list(word: str, database_url: str | None, *, as_json: bool) -> None:
    from services.identity.principals import flows as principals_flow
    from services.identity.principals.domain import PrincipalKind

    kind: PrincipalKind = PrincipalKind(word)
    found = run(database_url, lambda tx: principals_flow.all_of(tx, kind))
    title = {"person": "人员 · People", "client": "客户端 · Clients"}[word]
    table_of(title, [_row(one) for one in found], as_json=as_json)


def _row(found: Principal) -> dict[str, Any]:
    return {
        "name": found.name,
        "display": found.display,
        "role": found.role.value,
        "district": found.district,
        "organisation": found.organisation,
        "person": found.person,
        "units": None if found.units is None else list(found.units),
        "provider_subject": found.provider_subject,
        "state": found.state.value,
    }


def table_of(title: str, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print rows as a table, or as JSON."""
    if as_json:
        print_json(rows)
        return
    columns = list(rows[0]) if rows else ["name"]
    print_table(title, columns, [[_cell(value) for value in row.values()] for row in rows])


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)


def say(document: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    """Print a sentence, or its document as JSON."""
    if as_json:
        print_json(document)
    else:
        out.print(sentence, soft_wrap=True, markup=False, highlight=False)


def _show_once(document: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        out.print(f"{name:<14} {value}", soft_wrap=True, markup=False, highlight=False)
    err.print("仅显示一次,请妥善保存 (shown once: keep it)", highlight=False)


def operator() -> str:
    """Name the operator for the trail."""
    return f"operator:{getpass.getuser()}"


def cipher() -> Any:
    """Return the cipher of identity's stored secrets."""
    from services.identity.keyfile import cipher_in

    settings = settings_with()
    return cipher_in(settings.identity_keys_path, settings.field_keys_of("identity"))


def run(database_url: str | None, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do work on identity's schema, as identity's role."""
    from services.database.administrator import administered
    from shared.db import Database
    from shared.errors import Refusal

    async def in_schema(url: str) -> T:
        db = Database(url, "identity", pool_size=1)
        try:
            return await db.run(work)
        finally:
            await db.close()

    with plainly(), administered(settings_with(admin_database_url=database_url)) as url:
        try:
            return asyncio.run(in_schema(url))
        except Refusal as refusal:
            faults = "".join(f"\n  {f.pointer} {f.code} {f.message}" for f in refusal.faults)
            fail(f"{refusal.message}{faults}")
