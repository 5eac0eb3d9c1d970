"""`wuxian sign-in` and `wuxian password`: be oneself in the commands that need a person."""

from __future__ import annotations

import hmac
import time
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Annotated, Any, Final
from urllib.parse import parse_qs, urlsplit

import typer

from services.cli.common import AsJson, ask, err, fail, out, print_json, settings_with

RETURN_SECONDS: Final = 600
"""Time for a person to sign in at the provider."""
_DONE: Final = "请关闭本页,回到终端 (close this page and return to the terminal)"

Name = Annotated[str, typer.Argument(help="Your name, as the administrator entered it.")]
OwnName = Annotated[
    str | None, typer.Argument(help="Your name, as the administrator entered it; asked for.")
]
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
    name: OwnName = None,
    password: Annotated[str | None, typer.Option(help="Asked for, if not given.")] = None,
    code: Annotated[
        str | None, typer.Option(help="The six digits of your second factor; asked for.")
    ] = None,
    provider: Annotated[
        bool, typer.Option("--provider", help="Sign in at your organisation's OpenID provider.")
    ] = False,
    port: Annotated[
        int, typer.Option(max=65535, help="Port of this machine to come back to; 0: any free one.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Sign in with password and one-time code; print a token for WUXIAN_TOKEN or `--token`.

    The token names you in every trail. It is short-lived, and kept nowhere. With `--provider` a
    browser opens your organisation's own sign-in page instead, if the site allows it
    (WUXIAN_OIDC_COMMANDS of identity); do not use it on a host that you share with others.
    """
    identity = settings_with().identity_url
    if provider:
        session = _by_provider(identity, port)
    else:
        who = {
            "name": name or typer.prompt("Name"),
            "password": password or typer.prompt("Password", hide_input=True),
            "code": code or typer.prompt("Code"),
        }
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


class _Waiting(HTTPServer):
    """Waits at a port of this machine for the return from the provider (RFC 8252)."""

    timeout = 1.0

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Return)
        self.state = ""
        self.found: dict[str, str] = {}


class _Return(BaseHTTPRequestHandler):
    """The return of the person's browser."""

    server: _Waiting
    timeout = 5
    """Seconds that a connection may be silent: one is served at a time."""

    def do_GET(self) -> None:
        """Keep what comes back with our state; any other request is nobody's."""
        parts = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        ours = hmac.compare_digest(given.get("state", "").encode(), self.server.state.encode())
        if parts.path == "/" and ours:
            self.server.found = given
        self.send_response(200 if ours else 404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write((_DONE if ours else "?").encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the code stands in the address."""


def _by_provider(identity: str, port: int) -> dict[str, Any]:
    """Send the person's browser to the provider, and wait for the return."""
    try:
        waiting = _Waiting(port)
    except OSError as error:
        fail(f"port {port}: {error.strerror}; choose another with --port, or leave it out")
    with waiting:
        back = {"redirect_url": f"http://127.0.0.1:{waiting.server_port}/"}
        begun = ask("POST", identity, "/v1/provider-attempts", None, back)
        waiting.state = begun["state"]
        err.print("请在浏览器中登录 (sign in here with your browser):", markup=False)
        err.print(begun["address"], soft_wrap=True, markup=False, highlight=False)
        webbrowser.open(begun["address"])
        ends = time.monotonic() + RETURN_SECONDS
        while not waiting.found and time.monotonic() < ends:
            waiting.handle_request()
        found = waiting.found
    if "code" not in found:
        fail(f"the provider refused: {found['error']}" if "error" in found else "nobody came back")
    body = {name: found[name] for name in ("code", "state", "iss") if name in found}
    return ask("POST", identity, "/v1/provider-sessions", None, body)
