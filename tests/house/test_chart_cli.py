"""`wuxian ledger chart`: an operator confirms a code, adds a sub-account, and is told what is wrong."""

import csv
import json
from pathlib import Path

import pytest

import services
from tests.house.conftest import Wuxian

pytestmark = pytest.mark.story
SHIPPED = Path(services.__file__ or "").parent / "ledger" / "data" / "accounts.csv"


def said(wuxian: Wuxian, *words: str) -> dict[str, list[dict[str, str]]]:
    answer = wuxian("ledger", "chart", *words, "--json")
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def test_codes_are_corrected_from_a_day_on_and_every_correction_is_kept(
    wuxian: Wuxian, database_url: str
) -> None:
    at = ("--database-url", database_url)
    why = ("--why", "财政局函复确认", "--by", "li")
    written = said(
        wuxian, "set", "income_deposit", "--from", "2022-01-01", "--code", "100201", *why, *at
    )["written"]
    assert [(row["code"], row["in_force_to"]) for row in written] == [
        ("1002", "2021-12-31"), ("100201", None),
    ]  # fmt: skip
    for day, code in (("2021-12-31", "1002"), ("2022-01-01", "100201")):
        listed = said(wuxian, "list", "--on", day, *at)["accounts"]
        assert next(row["code"] for row in listed if row["key"] == "income_deposit") == code
    kept = said(wuxian, "history", "income_deposit", *at)
    assert len(kept["versions"]) == 3
    assert [(row["corrected_by"], row["why"]) for row in kept["corrections"]] == [
        ("li", "财政局函复确认"),
    ] * 2


def test_a_file_goes_in_whole_or_not_at_all(
    wuxian: Wuxian, database_url: str, tmp_path: Path
) -> None:
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["key"] != "income_deposit"]
    hospital = next(r for r in rows if r["key"] == "benefit.hospital" and r["code"])
    good = hospital | {"key": "benefit.dental", "code": "500199", "name": "牙科待遇"}
    bad = good | {"key": "benefit.eyes", "parent": "no_such"}
    for name, content in (("good", [*rows, good]), ("bad", [good | {"name": "改名"}, bad])):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(content)
    at = ("--why", "增设", "--database-url", database_url)
    written = said(wuxian, "import", str(tmp_path / "good.csv"), *at)["written"]
    assert [row["key"] for row in written] == ["benefit.dental"]  # what is there already stays
    refused = wuxian("ledger", "chart", "import", str(tmp_path / "bad.csv"), *at)
    assert refused.returncode == 1
    # One code under two keys at once, and a parent that is none.
    assert "CODE_TWICE" in refused.stderr
    assert "PARENT_UNKNOWN" in refused.stderr
    kept = said(wuxian, "history", "benefit.dental", "--database-url", database_url)
    assert [row["name"] for row in kept["versions"]] == ["牙科待遇"]
