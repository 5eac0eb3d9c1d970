"""`wuxian policy`: lint, diff, publish by two people, show."""

import json
from pathlib import Path

import pytest

from shared.roles import Caller, Role
from tests.collection.support import packs
from tests.house.conftest import Wuxian
from tests.house.support import serving
from tests.issuer import Issuer

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]


def test_all_shipped_packs_are_sound(wuxian: Wuxian) -> None:
    done = wuxian("policy", "lint", "--all", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        name: [] for name in ("beijing-2021", "tianjin-2008", "tianjin-2021", "tianjin-2025")
    }


def test_every_fault_of_a_file_is_named(wuxian: Wuxian, tmp_path: Path) -> None:
    content = packs.sound_pack()
    content["rates"][0] |= {"rate": "16%", "source": "hearsay"}
    file = tmp_path / "pack.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    done = wuxian("policy", "lint", str(file))
    assert done.returncode == 1
    assert "/rates/0/rate  RATE_MALFORMED" in done.stdout
    assert "/rates/0/source  SOURCE_UNKNOWN" in done.stdout
    file.write_text("{", encoding="utf-8")
    refused = wuxian("policy", "lint", str(file))
    assert (refused.returncode, "line 1" in refused.stderr) == (1, True)
    missing = wuxian("policy", "lint", "nowhere.json")
    assert (missing.returncode, "shipped are" in missing.stderr) == (1, True)


def test_a_diff_says_from_what_to_what(wuxian: Wuxian) -> None:
    done = wuxian("policy", "diff", "tianjin-2008", "tianjin-2021").stdout
    assert done.startswith("tianjin-2008 → tianjin-2021, since 2021-01-01")
    assert "~ rates pension.unit rate: 0.20 → 0.16" in done
    assert "~ limits limits floor: " not in done  # nothing became something: that is a plus
    assert "+ limits limits floor: 3364.00" in done
    assert "- insurances" not in done


def approved_only_as_it_was_compared(wuxian: Wuxian, draft: str, url: str, approver: str) -> None:
    changed = wuxian("policy", "changes", draft, "--url", url, WUXIAN_TOKEN=approver)
    assert changed.stdout.startswith(f"none → {draft}: ")
    assert changed.stdout.endswith(f"wuxian policy approve {draft} --since none\n")
    words = ("policy", "approve", draft, "--since", draft, "--url", url)
    outdated = wuxian(*words, WUXIAN_APPROVER_TOKEN=approver)
    assert (outdated.returncode, "COMPARISON_OUTDATED" in outdated.stderr) == (1, True)


def test_two_people_publish_and_anybody_reads(
    wuxian: Wuxian,
    database_url: str,
    environment: dict[str, str],
    issuer: Issuer,
    tmp_path: Path,
) -> None:
    content = packs.sound_pack() | {"region": "cliland"}
    file = tmp_path / "pack.json"
    file.write_text(json.dumps(content), encoding="utf-8")

    def token(role: str, name: str) -> str:
        return issuer.mint(Caller(subject=name, role=Role(role)))

    author, approver = token("centre_auditor", "wang"), token("department_head", "li")
    with serving(["collection", "--database-url", database_url], environment) as url:
        drafted = wuxian("policy", "publish", str(file), "--token", author, "--url", url)
        assert drafted.returncode == 0, drafted.stderr
        assert "wuxian policy approve pol_" in drafted.stdout
        draft = drafted.stdout.partition("policy approve ")[2].split()[0]
        approved_only_as_it_was_compared(wuxian, draft, url, approver)
        alone = wuxian(
            "policy",
            "publish",
            str(file),
            "--url",
            url,
            WUXIAN_TOKEN=author,
            WUXIAN_APPROVER_TOKEN=author,
        )
        assert alone.returncode == 1
        assert "SAME_PERSON_TWICE" in alone.stderr
        done = wuxian(
            "policy",
            "publish",
            str(file),
            "--url",
            url,
            "--json",
            WUXIAN_TOKEN=author,
            WUXIAN_APPROVER_TOKEN=approver,
        )
        assert json.loads(done.stdout)["status"] == "in_force"
        shown = wuxian(
            "policy",
            "show",
            "--region",
            "cliland",
            "--on",
            "2021-07-01",
            "--markdown",
            "--url",
            url,
            WUXIAN_TOKEN=approver,
        )
        assert shown.stdout.startswith("# sound-2021\n")
        words = ("policy", "show", "--region", "cliland", "--on", "1999-01-01", "--url", url)
        nothing = wuxian(*words, WUXIAN_TOKEN=approver)
        assert (nothing.returncode, "POLICY_NOT_IN_FORCE" in nothing.stderr) == (1, True)
