"""`wuxian ledger chart`: an operator confirms a code, adds a sub-account, and is told what is wrong."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import services
from shared.roles import Caller, Role
from tests.house.conftest import Wuxian
from tests.house.support import serving
from tests.issuer import Issuer

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]
SHIPPED = Path(services.__file__ or "").parent / "ledger" / "data" / "accounts.csv"


class Tokens(NamedTuple):
    """Tokens of the two people of a correction."""

    li: str
    wang: str


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of the database that the tests of this module share."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def ledger(
    database_url: str, environment: dict[str, str], issuer: Issuer, keys: Path
) -> Iterator[Tokens]:
    """A running ledger; gives the tokens of an accountant and of the head of the department."""
    environment["WUXIAN_IDENTITY_DIR"] = str(keys)
    with serving(["ledger", "--database-url", database_url], environment) as url:
        environment["WUXIAN_LEDGER_URL"] = url
        yield Tokens(
            li=issuer.mint(Caller(subject="li", role=Role.FUND_ACCOUNTANT)),
            wang=issuer.mint(Caller(subject="wang", role=Role.DEPARTMENT_HEAD)),
        )


def answer_of(wuxian: Wuxian, *words: str, of: str = "chart") -> dict[str, Any]:
    answer = wuxian("ledger", of, *words, "--json")
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def written(wuxian: Wuxian, tokens: Tokens, *words: str, of: str = "chart") -> list[dict[str, Any]]:
    """Propose as li, let wang approve (li may not), and return the written rows."""
    paper = answer_of(wuxian, *words, "--token", tokens.li, of=of)
    alone = wuxian("ledger", "rules", "approve", paper["id"], "--token", tokens.li)
    assert (alone.returncode, "FORBIDDEN" in alone.stderr) == (1, True)
    done = answer_of(wuxian, "approve", paper["id"], "--token", tokens.wang, of="rules")
    assert (done["status"], done["approved_by"]) == ("done", "wang")
    return [change["after"] for change in done["changes"]]


def test_codes_are_corrected_from_a_day_on_and_every_correction_is_kept(
    wuxian: Wuxian, database_url: str, ledger: Tokens
) -> None:
    at = ("--database-url", database_url)
    why = ("--why", "财政局函复确认")
    rows = written(
        wuxian,
        ledger,
        "set",
        "income_deposit",
        "--from",
        "2022-01-01",
        "--code",
        "100201",
        *why,
    )
    assert [(row["code"], row["in_force_to"]) for row in rows] == [
        ("1002", "2021-12-31"),
        ("100201", None),
    ]
    for day, code in (("2021-12-31", "1002"), ("2022-01-01", "100201")):
        listed = answer_of(wuxian, "list", "--on", day, *at)["accounts"]
        assert next(row["code"] for row in listed if row["key"] == "income_deposit") == code
    kept = answer_of(wuxian, "history", "income_deposit", *at)
    assert len(kept["versions"]) == 3
    assert [(row["corrected_by"], row["why"]) for row in kept["corrections"]] == [
        ("li / wang", "财政局函复确认"),
    ] * 2


def test_a_file_goes_in_whole_or_not_at_all(
    wuxian: Wuxian, database_url: str, ledger: Tokens, tmp_path: Path
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
    at = ("--why", "增设", "--token", ledger.li)
    added = written(wuxian, ledger, "import", str(tmp_path / "good.csv"), "--why", "增设")
    assert [row["key"] for row in added] == ["benefit.dental"]  # what is there already stays
    refused = wuxian("ledger", "chart", "import", str(tmp_path / "bad.csv"), *at)
    assert refused.returncode == 1
    # One code under two keys at once, and a parent that is none.
    assert "CODE_TWICE" in refused.stderr
    assert "PARENT_UNKNOWN" in refused.stderr
    kept = answer_of(wuxian, "history", "benefit.dental", "--database-url", database_url)
    assert [row["name"] for row in kept["versions"]] == ["牙科待遇"]


def test_the_flow_matrix_is_corrected_by_file(
    wuxian: Wuxian, database_url: str, ledger: Tokens, tmp_path: Path
) -> None:
    at = ("--database-url", database_url)
    rows = answer_of(wuxian, "list", "flow_matrix", "--on", "2021-07-31", *at, of="rules")["rows"]
    payment = next(row for row in rows if row["kind"] == "payment")
    for name, credit in (("good", "fiscal_deposit"), ("bad", "no_such")):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(payment))
            writer.writeheader()
            row = payment | {"credit": credit, "in_force_from": "2022-01-01", "source": "地方规定"}
            writer.writerow(row)
    words = ("propose", "flow_matrix")
    why = ("--why", "财政专户直接支付")
    mine = ("--token", ledger.li)
    refused = wuxian("ledger", "rules", *words, str(tmp_path / "bad.csv"), *why, *mine)
    assert refused.returncode == 1
    assert "ACCOUNT_UNKNOWN" in refused.stderr
    [added] = written(wuxian, ledger, *words, str(tmp_path / "good.csv"), *why, of="rules")
    assert (added["kind"], added["credit"], added["by"]) == (
        "payment",
        "fiscal_deposit",
        "payout_service",
    )
    waiting = answer_of(wuxian, "corrections", "--waiting", *at, of="rules")
    assert waiting == {"corrections": []}
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    odd = wuxian("ledger", "rules", *words, str(tmp_path / "odd.csv"), *why, *mine)
    assert odd.returncode == 1
    assert "the columns are" in odd.stderr
