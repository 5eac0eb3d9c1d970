"""`wuxian keys`: the keys that sign tokens."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.common import AsJson, DatabaseUrl, settings_with
from services.cli.identity import cipher, operator, run, say, table_of

app = typer.Typer(help="The keys that sign tokens.", no_args_is_help=True)


@app.command("rotate")
def rotate_key(
    at_once: Annotated[
        bool, typer.Option(help="The old key was stolen: trust it no longer.")
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a new signing key. Services learn it by themselves."""
    from services.identity.tokens.flows.keyring import Keyring

    keyring = Keyring(cipher(), settings_with().token_seconds)
    made = run(database_url, lambda tx: keyring.rotate(tx, by=operator(), at_once=at_once))
    say({"kid": str(made.kid)}, f"new key {made.kid}", as_json=as_json)


@app.command("list")
def list_keys(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List the keys that are trusted."""
    from services.identity.tokens.store import signing as signing_store
    from shared import clock

    found = run(database_url, lambda tx: signing_store.trusted(tx, clock.now()))
    rows = [
        {
            "kid": key.kid,
            "signs_from": key.signs_from.isoformat(),
            "trusted_until": key.trusted_until and key.trusted_until.isoformat(),
        }
        for key in found
    ]
    table_of("签名密钥 · Signing keys", rows, as_json=as_json)
