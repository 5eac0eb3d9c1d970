"""Puts the commands together, after a look at whether these are our own packages."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

import services
import shared
from services.cli import database, doctor, house, ledger, notice, policy, serve, tools

app = typer.Typer(
    name="wuxian",
    help="五险: one declaration, five funds, one payment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.add_typer(database.app, name="db")
app.add_typer(ledger.app, name="ledger")
app.add_typer(policy.app, name="policy")
app.command()(house.up)
app.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)(house.demo)
app.command()(serve.serve)
app.command()(serve.migrate)
app.command()(tools.token)
app.command()(tools.openapi)
app.command()(tools.version)
app.command()(doctor.doctor)
app.command(name="print")(notice.print_notice)


def main() -> None:
    """The console script."""
    if not packages_are_ours():
        sys.exit(
            f"wuxian: another program's packages stand in the way ({services.__file__},"
            f" {shared.__file__}): install wuxian in an environment of its own"
        )
    app()


def packages_are_ours() -> bool:
    """Whether `services` and `shared`, names that others may use too, come from one place."""
    places = {Path(module.__file__ or "").resolve().parents[1] for module in (services, shared)}
    return len(places) == 1


__all__ = ["app", "main", "packages_are_ours"]
