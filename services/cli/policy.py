"""`wuxian policy`: check, compare, publish and read policy packs (政策包)."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.cli.common import (
    AsJson,
    Url,
    ask,
    err,
    fail,
    out,
    print_json,
    settings_with,
    supervisor_token,
)

if TYPE_CHECKING:
    from rich.console import Console

    from services.collection.policy.domain.diff import PackChange
    from shared.wire.pack_file import PackFile

app = typer.Typer(help="Check, compare, publish and read policy packs.", no_args_is_help=True)

Pack = Annotated[
    str, typer.Argument(help="A YAML or JSON file, or the name of a shipped pack or template.")
]
Draft = Annotated[str, typer.Argument(help="The draft's id, pol_….")]
ReaderToken = Annotated[
    str | None,
    typer.Option(envvar="WUXIAN_TOKEN", help="Of a reader; default: the sandbox's supervisor."),
]
NOTHING: Final = "none"
"""No version was in force before a draft, as `--since` says it."""


@app.command()
def lint(
    packs: Annotated[
        list[str] | None, typer.Argument(help="Files, or names of shipped packs.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every shipped pack and template.")] = False,
    as_json: AsJson = False,
) -> None:
    """Name every fault of packs; leaves with 1 when there is one."""
    from services.collection.policy.schemas.lint import doubts_of, faults_of

    names = [*(packs or ()), *(_shipped() if every else ())]
    if not names:
        fail("name a pack, or say --all", 2)
    found: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        pack = _opened(name)
        content = pack.content
        faults = faults_of(content)
        found[name] = [
            {
                "line": pack.line_of(row.pointer),
                "pointer": row.pointer,
                "code": row.code,
                "message": row.message,
            }
            for row in faults
        ]
        if not as_json:
            doubts = [] if faults else doubts_of(content)
            summary = (
                f"{len(faults)} faults" if faults else f"sound, {len(doubts)} sources to confirm"
            )
            out.print(f"{name}: {summary}", highlight=False, markup=False)
            for row in faults:
                line = pack.line_of(row.pointer)
                place = "" if line is None else f"{line}: "
                out.print(
                    f"  {place}{row.pointer or '/'}  {row.code}  {row.message}",
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
            for doubt in doubts:
                out.print(f"  待核  {doubt}", highlight=False, markup=False, soft_wrap=True)
    if as_json:
        print_json(found)
    if any(found.values()):
        raise typer.Exit(1)


@app.command()
def diff(before: Pack, after: Pack, as_json: AsJson = False) -> None:
    """Which rows changed, from what to what, since when."""
    from services.collection.policy.domain import diff as diff_rules

    old, new = _read(before), _read(after)
    for name, content in ((before, old), (after, new)):
        if not isinstance(content, Mapping):
            fail(f"{name} is not a pack")
    found = diff_rules.changes(old, new)
    since = str(new.get("in_force_from"))
    if as_json:
        rows = [
            {"row": row.row, "member": row.member, "was": row.was, "now": row.now} for row in found
        ]
        print_json(
            {"before": old.get("pack"), "after": new.get("pack"), "since": since, "changes": rows}
        )
        return
    head = f"{old.get('pack')} → {new.get('pack')}, since {since}: {len(found)} changes"
    _print_changes(out, head, found)


@app.command()
def changes(
    policy: Draft, token: ReaderToken = None, url: Url = None, as_json: AsJson = False
) -> None:
    """List what a draft changes in the version in force before it."""
    found = _changes_of(policy, token or supervisor_token(), url)
    if as_json:
        print_json(found)
        return
    _print_answer(out, policy, found)
    message = f"put it in force: wuxian policy approve {policy} --since {_since_of(found)}"
    out.print(message, highlight=False, markup=False, soft_wrap=True)


def _changes_of(policy: str, token: str, url: str | None) -> dict[str, Any]:
    return _send("GET", url, f"/v1/policies/{policy}/changes", token)


def _since_of(found: Mapping[str, Any]) -> str:
    """Return the version that differences are to, as `--since` takes it."""
    return found["since"]["id"] if found["since"] else NOTHING


def _print_answer(console: Console, policy: str, found: Mapping[str, Any]) -> None:
    from services.collection.policy.domain.diff import PackChange

    before = found["since"]["pack"] if found["since"] else NOTHING
    head = f"{before} → {policy}: {len(found['items'])} changes"
    _print_changes(console, head, [PackChange(**row) for row in found["items"]])


def _print_changes(console: Console, head: str, found: Sequence[PackChange]) -> None:
    for line in (head, *(f"  {_change_line(row)}" for row in found)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _change_line(row: PackChange) -> str:
    """Write one change as a line: + added, - removed, ~ from what to what."""
    where = row.row if row.member is None else f"{row.row} {row.member}"
    if row.was is None:
        return f"+ {where}: {_value_text(row.now)}"
    if row.now is None:
        return f"- {where}: {_value_text(row.was)}"
    return f"~ {where}: {_value_text(row.was)} → {_value_text(row.now)}"


@app.command()
def publish(
    pack: Pack,
    token: Annotated[
        str,
        typer.Option(envvar="WUXIAN_TOKEN", help="Of the author; see `wuxian sign-in`."),
    ],
    approver_token: Annotated[
        str | None,
        typer.Option(
            envvar="WUXIAN_APPROVER_TOKEN", help="Of another person, who puts it in force."
        ),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Draft a pack as one person and, with a second token, put it in force as another."""
    answer = _send("POST", url, "/v1/policies", token, _read(pack))
    if approver_token is not None:
        answer = _put_in_force(answer["id"], approver_token, url, None, as_json)
    _tell(answer, as_json)


@app.command()
def approve(
    policy: Draft,
    token: Annotated[
        str,
        typer.Option(envvar="WUXIAN_APPROVER_TOKEN", help="Of another person than the author."),
    ],
    since: Annotated[
        str | None,
        typer.Option(
            help="The version whose differences you saw, pol_… or none; default: they are shown now.",
            show_default=False,
        ),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Put a draft in force, unless the version before it is another one than was compared."""
    _tell(_put_in_force(policy, token, url, since, as_json), as_json)


def _put_in_force(
    policy: str, token: str, url: str | None, since: str | None, as_json: bool
) -> dict[str, Any]:
    """Approve the differences to a version; those to the version in force are shown first."""
    if since is None:
        found = _changes_of(policy, token, url)
        _print_answer(err if as_json else out, policy, found)
        since = _since_of(found)
        if sys.stdin.isatty() and not typer.confirm("put it in force?"):
            raise typer.Exit(1)
    body = {"since": None if since == NOTHING else since}
    return _send("POST", url, f"/v1/policies/{policy}/approvals", token, body)


@app.command()
def show(
    pack: Annotated[
        str | None, typer.Argument(help="A file or a shipped pack, instead of what is in force.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="Region code; default: this office's.")] = None,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As plain Markdown.")] = False,
    token: ReaderToken = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show a policy as people read it: of a file, or the one in force in a region on a day."""
    text, content = _of_pack(pack) if pack else _in_force(region, on, token, url)
    if as_json:
        print_json(content)
    elif markdown:
        typer.echo(text, nl=False)
    else:
        from rich.markdown import Markdown

        out.print(Markdown(text))


def _shipped() -> dict[str, dict[str, Any]]:
    from services.collection.common.store import shipped as common_shipped_store

    return {
        content["pack"]: content
        for content in (*common_shipped_store.packs(), *common_shipped_store.templates())
    }


def _read(name: str) -> Any:
    """Read the pack in a file, or a shipped one by its name."""
    return _opened(name).content


def _opened(name: str) -> PackFile:
    """Read a pack with the lines of its places; a shipped one has none."""
    from shared.wire.pack_file import PackFile, Unreadable, read_pack

    shipped = _shipped()
    path = Path(name)
    if name in shipped and not path.exists():
        return PackFile(content=shipped[name], lines={})
    try:
        return read_pack(path.read_text(encoding="utf-8"))
    except OSError as error:
        fail(f"{name}: {error.strerror}; shipped are {', '.join(shipped)}")
    except Unreadable as error:
        fail(f"{name}: line {error.line}: {error.fault.message}")
    except ValueError as error:
        fail(f"{name} is not a text: {error}")


def _value_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value_text(part)}" for name, part in value.items())
    if isinstance(value, list):
        return "、".join(_value_text(part) for part in value)
    return "null" if value is None else str(value)


def _of_pack(name: str) -> tuple[str, Any]:
    from services.collection.policy.domain import pack as pack_rules
    from services.collection.policy.domain.text import markdown
    from services.collection.policy.schemas.lint import faults_of
    from services.collection.policy.schemas.policy import PackIn

    content = _read(name)
    faults = faults_of(content)
    if faults:
        fail(f"{name} has {len(faults)} faults; see `wuxian policy lint {name}`")
    return markdown(pack_rules.read(PackIn.model_validate(content).content())), content


def _in_force(
    region: str | None, on: datetime | None, token: str | None, url: str | None
) -> tuple[str, Any]:
    from shared.clock import today

    day: date = today() if on is None else on.date()
    query = f"?on={day}" + (f"&region={region}" if region else "")
    answer = _send("GET", url, f"/v1/policies/in-force{query}", token or supervisor_token())
    return str(answer.pop("text")), answer


def _send(method: str, url: str | None, path: str, token: str, body: Any = None) -> dict[str, Any]:
    """Send a request to collection; print a refusal with every fault."""
    return ask(method, url or settings_with().collection_url, path, token, body)


def _tell(answer: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    ends = answer["in_force_to"] or "…"
    message = (
        f"{answer['pack']}: {answer['status']}, {answer['in_force_from']} – {ends}, {answer['id']}"
    )
    out.print(message, highlight=False, markup=False, soft_wrap=True)
    if answer["status"] == "draft":
        out.print(
            f"another person puts it in force: wuxian policy approve {answer['id']} --token …",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
