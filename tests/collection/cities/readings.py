"""Published tables as packs and cases, and the API's answers in the shape of the cases."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.collection.common.store import shipped as common_shipped_store
from shared.cn import identity_number
from shared.money import format_yuan, parse_yuan
from tests.collection.support.filing import app_of
from tests.collection.support.office import Office
from tests.collection.support.packs import a_pack, a_rate

HERE = Path(__file__).parent
Lines = list[tuple[str | None, str, str, str]]
"""Of whom (or the unit as a whole), by which rule, on which base, how much."""


@dataclass(frozen=True)
class Case:
    """A quote under a pack of a file, and its expected result."""

    file: str
    region: str
    table: dict[str, Any]

    @property
    def id(self) -> str:
        """Return the name of the test."""
        return f"{self.file}: {self.table['id']}"


def files() -> dict[str, dict[str, Any]]:
    """Read every file of packs and cases."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((HERE / "packs").glob("*.json"))
    }


FILES = files()


CASES = [
    Case(name, table["region"], table) for name, file in FILES.items() for table in file["cases"]
]


PLAIN: list[dict[str, Any]] = json.loads((HERE / "plain_tables.json").read_text(encoding="utf-8"))
"""Tables of nothing but rates and limits: wage, then the unit's share, the person's, both."""


def plain_pack(table: dict[str, Any]) -> dict[str, Any]:
    """Build the pack of a plain table."""
    rates = [
        a_rate(insurance, party, rate)
        for insurance, parties in table["rates"].items()
        for party, rate in parties.items()
    ]
    limits = {
        name: {"floor": floor, "ceiling": ceiling}
        for name, (floor, ceiling) in table["limits"].items()
    }
    year = table["from"][:4]
    return a_pack(
        f"{table['city'].replace('_', '-')}-{year}",
        rates=rates,
        insurances=list(table["rates"]),
        limits=limits,
        region=table["city"],
        title=table["title"],
        in_force_from=table["from"],
        in_force_to=table["to"],
        sources=[{"id": "s", "text": table["source"], "certain": False}],
    )


def a_number(age: int, month: str, order: int) -> str:
    """Return a valid identity number of a person of an age on the first day of a month."""
    year = int(month[:4]) - age
    return identity_number.with_check_digit(f"120101{year:04d}0101{order:03d}")


def lines_of(answer: dict[str, Any]) -> Lines:
    """Return a quote's lines in the shape of the cases."""
    return [
        (line["ref"], line["explain"]["rule"], line["base"], line["amount"])
        for line in answer["lines"]
    ]


def of_parties(answer: dict[str, Any]) -> dict[str, str]:
    """Add up each insurance's amounts by party."""
    sums: dict[str, int] = defaultdict(int)
    for line in answer["lines"]:
        sums[f"{line['insurance']}.{line['party']}"] += parse_yuan(line["amount"])
    totals: dict[str, str] = {name: answer["totals"][name] for name in ("unit", "personal")}
    return {name: format_yuan(fen) for name, fen in sums.items()} | totals


class Region:
    """The office as an installation of another region, with Tianjin's districts."""

    def __init__(self, office: Office, region: str) -> None:
        self._state = app_of(office).state
        self._region = region

    def __enter__(self) -> None:
        districts = common_shipped_store.districts_of("tianjin")
        self._settings, self._patch = self._state.settings, pytest.MonkeyPatch()
        self._state.settings = self._settings.model_copy(update={"region": self._region})
        self._patch.setattr(common_shipped_store, "districts_of", lambda region: districts)

    def __exit__(self, *_: object) -> None:
        self._state.settings = self._settings
        self._patch.undo()
