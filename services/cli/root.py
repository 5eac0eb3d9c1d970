"""Puts the commands together, and checks that the packages are our own."""

from __future__ import annotations

import io
import sys

import typer

import services
import shared
from services.cli import (
    backup,
    database,
    distribute,
    doctor,
    evidence,
    house,
    identity,
    people_file,
    policy,
    refused,
    serve,
    sign_in,
    tools,
    workdays,
)
from services.cli.common import packages_are_ours
from services.cli.keys import message_key, personal_data, signing
from services.cli.language import prefers_chinese, translate
from services.cli.ledger import app as ledger
from services.cli.prints import notice, pension_month

app = typer.Typer(
    name="wuxian",
    help="五险: one declaration, five funds, one payment.",
    epilog="Exit code 0: done. 1: refused, or a fault was found. 2: wrong use of the command.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(database.app, name="db")
app.add_typer(ledger.app, name="ledger")
app.add_typer(backup.app, name="backup")
app.add_typer(policy.app, name="policy")
app.add_typer(workdays.app, name="workdays")
identity.users.command("import")(people_file.import_people)
app.add_typer(identity.users, name="users")
identity.clients.command("message-key")(message_key.register_message_key)
app.add_typer(identity.clients, name="clients")
app.add_typer(signing.app, name="keys")
app.add_typer(house.sandbox, name="sandbox")
app.add_typer(personal_data.app, name="personal-data")
app.command()(house.up)
app.command()(house.demo)
app.command()(serve.serve)
app.command()(serve.migrate)
app.command()(distribute.distribute)
app.command()(backup.restore)
app.command()(backup.retention)
app.command(name="sign-in")(sign_in.sign_in)
app.command(name="password")(sign_in.change_password)
app.command()(tools.token)
app.command()(tools.code)
app.command()(tools.number)
app.command()(tools.openapi)
app.command()(tools.settings)
app.command()(tools.version)
app.command()(doctor.doctor)
app.command()(evidence.verify)
app.command()(refused.refused)
app.command(name="print")(notice.print_notice)
app.command()(pension_month.pension_month)


def main() -> None:
    """Run the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a locale without Chinese shows its codes
            stream.reconfigure(errors="backslashreplace")
    if not packages_are_ours():
        sys.exit(
            f"wuxian: another program's packages stand in the way ({services.__file__},"
            f" {shared.__file__}): install wuxian in an environment of its own"
        )
    command = typer.main.get_command(app)
    if prefers_chinese():
        translate(command)
    command()
