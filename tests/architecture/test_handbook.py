"""The documentation site: its references are made from the source, and every page stands in it."""

import re

import pytest

from handbook import api, cli
from handbook.errors import SERVICES, error_codes
from tests.samples import ROOT

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_error_code_has_a_cause_and_a_remedy_in_both_languages() -> None:
    codes = error_codes()
    assert len(codes) > 500
    for one in codes:
        for chinese, english in (one.cause, one.remedy):
            assert CHINESE.search(chinese), one
            assert re.search("[A-Za-z]{2}", english), one


def test_every_code_of_a_refusal_is_listed() -> None:
    """A class without a sentence in both languages would be missing here."""
    listed = {one.code for one in error_codes()}
    sources = [*ROOT.glob("shared/**/*.py")]
    for service in SERVICES:
        sources += (ROOT / "services" / service).rglob("*.py")
    named = {
        code
        for path in sources
        for code in re.findall(r'^    code = "([A-Z_0-9]+)"', path.read_text("utf-8"), re.MULTILINE)
    }
    assert named - listed == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_page_of_a_service_has_every_operation(service: str) -> None:
    page = api.page(service)
    assert page.count("\n### ") == (ROOT / f"openapi/{service}.json").read_text("utf-8").count(
        '"operationId"'
    )
    assert "角色 · Roles" in page


def test_the_page_of_commands_has_both_languages() -> None:
    page = cli.page()
    assert "## wuxian ledger close\n" in page
    assert len(CHINESE.findall(page)) > 1000


def test_every_page_stands_in_the_navigation() -> None:
    listed = set(
        re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    )
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert pages - listed == set()
