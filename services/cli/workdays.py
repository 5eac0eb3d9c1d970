"""`wuxian workdays`: the days off and the worked weekends of each year, set by two people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from services.cli.common import (
    AsJson,
    Url,
    ask,
    out,
    print_json,
    print_table,
    settings_with,
    supervisor_token,
)
from shared.wire.day_list import read_days

app = typer.Typer(
    help="Days off and worked weekends of each year: set by two people.", no_args_is_help=True
)

PersonToken = Annotated[
    str,
    typer.Option(
        "--token", envvar="WUXIAN_TOKEN", help="Yours: `wuxian sign-in` gives it for some minutes."
    ),
]
Change = Annotated[str, typer.Argument(help="The change, as `propose` names it.")]
_DAYS = "2027-01-01, or 2027-02-05..2027-02-11; several times or with commas."
_COLUMNS = ("year", "days_off", "workdays", "source", "set_by")
_WAITING = ("id", "year", "to_off", "to_workday", "source", "filed_by")


@app.command(name="list")
def list_years(
    token: Annotated[
        str | None,
        typer.Option(envvar="WUXIAN_TOKEN", help="Of a reader; default: the sandbox's supervisor."),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the years that are known, and the changes that wait for another person."""
    answer = _send("GET", url, "/v1/workdays", token or supervisor_token())
    if as_json:
        print_json(answer)
        return
    _print("工作日", _COLUMNS, answer["items"])
    if answer["waiting"]:
        _print("待批准", _WAITING, answer["waiting"])


@app.command()
def propose(
    year: Annotated[int, typer.Argument(help="The year; all of its days are given.")],
    source: Annotated[str, typer.Option(help="Number of the notice.")],
    why: Annotated[str, typer.Option(help="Why: the official text, the order, the confirmation.")],
    token: PersonToken,
    off: Annotated[list[str] | None, typer.Option(help=f"Days off: {_DAYS}")] = None,
    worked: Annotated[list[str] | None, typer.Option(help=f"Worked weekends: {_DAYS}")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Propose all days of a year, as its notice says."""
    body = {
        "year": year,
        "days_off": read_days(" ".join(off or ())),
        "workdays": read_days(" ".join(worked or ())),
        "source": source,
        "reason": why,
    }
    _tell(_send("POST", url, "/v1/workdays", token, body), as_json)


@app.command()
def approve(change: Change, token: PersonToken, url: Url = None, as_json: AsJson = False) -> None:
    """Approve what another person proposed."""
    _tell(_send("POST", url, f"/v1/workday-changes/{change}/approvals", token), as_json)


@app.command()
def refuse(
    change: Change,
    why: Annotated[str, typer.Option(help="Why it is refused.")],
    token: PersonToken,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Refuse what another person proposed; nothing changes."""
    path = f"/v1/workday-changes/{change}/refusals"
    _tell(_send("POST", url, path, token, {"why": why}), as_json)


def _send(method: str, url: str | None, path: str, token: str, body: Any = None) -> dict[str, Any]:
    return ask(method, url or settings_with().collection_url, path, token, body)


def _tell(answer: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    counts = f"{len(answer['days_off'])} days off, {len(answer['workdays'])} worked weekend days"
    message = f"{answer['year']}: {answer['status']}, {counts}, {answer['source']}, {answer['id']}"
    out.print(message, highlight=False, markup=False, soft_wrap=True)
    if answer["status"] == "filed":
        message = f"another person approves it: wuxian workdays approve {answer['id']} --token …"
        out.print(message, highlight=False, markup=False, soft_wrap=True)


def _print(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    print_table(title, columns, [[_text(row[name]) for name in columns] for row in rows])


def _text(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
