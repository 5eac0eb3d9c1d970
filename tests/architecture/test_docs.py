"""Pages that name code: their paths, links, snippets and lists of subjects are those of the source."""

import re
import tomllib
from pathlib import Path

import pytest

from shared.cn.credit_code import is_valid
from shared.cn.identity_number import fault_in

ROOT = Path(__file__).parents[2]
WHERE = ROOT / "docs/where.md"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
_TOPS = "services|shared|tests|migrations|openapi|docs|benchmarks"
_CODE = re.compile(r"```\w*\n.*?```", re.DOTALL)


def test_every_path_in_the_page_of_changes_exists() -> None:
    text = _CODE.sub("", WHERE.read_text("utf-8"))
    paths = re.findall(rf"`((?:{_TOPS})(?:/[^`\s<>]+)?|[\w-]+\.(?:yml|toml))`", text)
    assert len(paths) > 60
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_name_next_to_a_path_is_in_that_file() -> None:
    named = re.findall(
        r"`((?:services|shared)/\S+\.py)` \(((?:`\w+`(?:, )?)+)\)", WHERE.read_text("utf-8")
    )
    assert len(named) > 4
    for path, names in named:
        source = (ROOT / path).read_text("utf-8")
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"\b{name}\b", source), f"{path} has no {name}"


def test_every_snippet_is_the_source_itself() -> None:
    snippets = re.findall(r"```python\n# (\S+)\n(.*?)```", WHERE.read_text("utf-8"), re.DOTALL)
    assert len(snippets) > 4
    for path, snippet in snippets:
        assert snippet in (ROOT / path).read_text("utf-8"), f"{path} differs from the page"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)[^)\s]*\)", _CODE.sub("", page.read_text("utf-8"))):
        if "://" not in link:
            assert (page.parent / link).exists(), f"{link} in {page.name}"


def test_the_lists_of_subjects_are_those_of_the_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    architecture = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    block = next(text for text in _CODE.findall(architecture) if "services/payout " in text)
    listed = re.sub(r"^```\w*|```$", "", block).split()
    page = WHERE.read_text("utf-8")
    expected: list[str] = []
    for contract in contracts["contracts"]:
        if not contract["name"].startswith("subjects of"):
            continue
        service = contract["containers"][0].replace(".", "/")
        expected += [service, *" · ".join(contract["layers"]).split()]
        for subject in contract["layers"]:
            is_module = (ROOT / service / f"{subject}.py").exists()
            assert is_module or f"| `{subject}` |" in page, f"{subject} is not in {WHERE.name}"
    assert listed == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_number_of_a_unit_or_a_person_on_a_page_is_valid(page: Path) -> None:
    """Whoever copies an example to a running system must not be refused for its check digit."""
    numbers = re.findall(
        r"(?<![0-9A-Za-z])[0-9A-HJ-NP-RTUWXY]{18}(?![0-9A-Za-z])", page.read_text()
    )
    assert [one for one in numbers if not is_valid(one) and fault_in(one) is not None] == []
