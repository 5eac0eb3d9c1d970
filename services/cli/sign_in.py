"""`wuxian sign-in` and `wuxian password`: be oneself in the commands that need a person."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from services.cli.common import AsJson, ask, err, out, print_json, settings_with

Name = Annotated[str, typer.Argument(help="Your name, as the administrator entered it.")]
Password = Annotated[
    str, typer.Option(prompt=True, hide_input=True, help="Asked for, if not given.")
]
Code = Annotated[
    str, typer.Option(prompt=True, help="The six digits of your second factor; asked for.")
]
NewPassword = Annotated[
    str,
    typer.Option(
        prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for, if not given."
    ),
]


def sign_in(
    name: Name,
    password: Password,
    code: Code,
    as_json: AsJson = False,
) -> None:
    """Sign in with password and one-time code; print a token for WUXIAN_TOKEN or `--token`.

    The token names you in every trail. It is short-lived, and kept nowhere.
    """
    identity = settings_with().identity_url
    who = {"name": name, "password": password, "code": code}
    session = ask("POST", identity, "/v1/sessions", None, who)
    secret = {"session": session["session"]}
    found: dict[str, Any] = ask("POST", identity, "/v1/session-tokens", None, secret)
    if as_json:
        print_json({**session, **found})
        return
    err.print(f"{session['display']}: {session['role']}", markup=False, highlight=False)
    out.print(found["access_token"], soft_wrap=True, markup=False, highlight=False)


def change_password(
    name: Name,
    password: Password,
    code: Code,
    new_password: NewPassword,
) -> None:
    """Change your own password, the first one too; sessions and tokens of before end."""
    who = {"name": name, "password": password, "code": code, "new_password": new_password}
    ask("POST", settings_with().identity_url, "/v1/passwords", None, who)
    err.print("changed; sign in with the new one and the next code.", markup=False)
