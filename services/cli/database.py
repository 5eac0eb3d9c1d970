"""`wuxian db`: the embedded database by itself."""

from __future__ import annotations

import typer

from services.cli.common import AsJson, fail, out, plainly, print_json, settings_with
from services.embedded import EmbeddedPostgres

app = typer.Typer(help="The embedded PostgreSQL.", no_args_is_help=True)


def _server() -> EmbeddedPostgres:
    settings = settings_with()
    if settings.database_url:
        fail(
            "WUXIAN_DATABASE_URL names your own PostgreSQL; these commands are for the embedded one"
        )
    return EmbeddedPostgres(settings.home)


@app.command()
def start() -> None:
    """Start it and leave it running."""
    with plainly():
        server = _server()
        server.start()
        _say(server)


@app.command()
def stop() -> None:
    """Stop it; the data stays."""
    with plainly():
        server = _server()
        server.stop()
        _say(server)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Report whether it runs; exit with code 1 when it does not."""
    with plainly():
        server = _server()
        found = server.status
    if as_json:
        print_json(
            {
                "running": found.running,
                "pid": found.pid,
                "port": found.port,
                "data": str(found.data),
                "log": str(found.log),
                "account": found.account,
            }
        )
    else:
        _say(server)
    raise typer.Exit(0 if found.running else 1)


@app.command()
def url() -> None:
    """Print the administrator's address, password included."""
    with plainly():
        out.print(_server().url, soft_wrap=True, markup=False, highlight=False)


def _say(server: EmbeddedPostgres) -> None:
    found = server.status
    how = f"runs: pid {found.pid}, port {found.port}" if found.running else "does not run"
    out.print(
        f"The embedded database {how}\n  data {found.data}\n  log  {found.log}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )
