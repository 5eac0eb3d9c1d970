"""`wuxian users import`: the people and clients of a new installation from one file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.cli.common import AsJson, DatabaseUrl, fail, print_json, print_table
from services.cli.identity import client_secret, districts, person_secrets, run
from shared.roles import CENTRE, Role

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.identity.principals.domain import Principal

COLUMNS: Final = (
    "name",
    "role",
    "district",
    "display",
    "organisation",
    "person",
    "units",
    "provider_subject",
)
EVERY_UNIT: Final = "*"


def import_people(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help=f"CSV: {', '.join(COLUMNS)}.")
    ],
    secrets: Annotated[
        Path, typer.Option(file_okay=False, help="Directory for one file of secrets a row.")
    ],
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add the people and clients of a file, all or none; write their secrets to files.

    A row with a person's role and no `person` is somebody who signs in; with a `person` it is a
    client of that person, who stands above it. A machine's role makes a client of `organisation`.
    """
    rows = rows_of(file.read_text(encoding="utf-8-sig"))
    made = run(database_url, lambda tx: _add(tx, rows))
    secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, secret in made.items():
        path = secrets / f"{name}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(secret, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        print_json({name: str(secrets / f"{name}.json") for name in made})
        return
    shown = [(row["name"], row["role"], row["district"], f"{row['name']}.json") for row in rows]
    print_table(f"密钥 · Secrets: {secrets}", ("name", "role", "district", "file"), shown)


def rows_of(text: str) -> list[dict[str, str]]:
    """Read the rows of a file; a blank district is the centre."""
    reader = csv.DictReader(io.StringIO(text))
    unknown = set(reader.fieldnames or ()) - set(COLUMNS)
    if unknown or not {"name", "role"} <= set(reader.fieldnames or ()):
        fail(f"the columns are {', '.join(COLUMNS)}; name and role must be there", 2)
    rows = [
        {name: (row.get(name) or "").strip() for name in COLUMNS}
        for row in reader
        if any((value or "").strip() for value in row.values() if isinstance(value, str))
    ]
    for number, row in enumerate(rows, start=2):
        row["district"] = row["district"] or CENTRE
        if row["role"] not in set(Role):
            fail(f"row {number}: {row['role']} is no role; roles are {', '.join(Role)}", 2)
    return rows


async def _add(tx: AsyncConnection, rows: Iterable[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Add every row in one transaction; return the secrets by name."""
    from services.identity.changes.flows import proposal as proposal_flow
    from services.identity.principals.domain import PrincipalKind
    from shared.errors import Refusal

    made = {}
    for number, row in enumerate(rows, start=2):
        new = _principal(row)
        try:
            every_unit = row["units"] == EVERY_UNIT
            proposal = await proposal_flow.to_add(tx, new, districts(), every_unit=every_unit)
            if new.kind is PrincipalKind.PERSON:
                made[new.name] = await person_secrets(tx, proposal)
            else:
                made[new.name] = await client_secret(tx, proposal)
        except Refusal as refusal:
            refusal.facts["row"] = number
            raise
    return made


def _principal(row: Mapping[str, str]) -> Principal:
    from services.identity.principals.domain import Principal, PrincipalKind

    role = Role(row["role"])
    signs_in = role.is_person and not row["person"]
    units: Any = tuple(row["units"].split()) if row["units"] not in ("", EVERY_UNIT) else None
    return Principal(
        name=row["name"],
        kind=PrincipalKind.PERSON if signs_in else PrincipalKind.CLIENT,
        role=role,
        district=row["district"],
        display=row["display"],
        organisation=row["organisation"] or None,
        person=row["person"] or None,
        units=units,
        provider_subject=row["provider_subject"] or None,
    )
