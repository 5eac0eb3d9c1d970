"""Every code sample of every page is executed by a test, or checked against the source.

Shell lines must be commands that exist, with options that they have; requests must be operations of
the services' OpenAPI documents, with query parameters and JSON that these take.
"""

import json
import re
from collections import Counter

import pytest

from shared.process.settings import Settings
from tests import samples as samples_rules
from tests.examples import identifier_fault
from tests.samples import PAGES, ROOT, Sample, samples

EXECUTED = {
    "docs/first-month.md": "tests/stories/test_first_month.py",
    "docs/first-month.zh-CN.md": "tests/stories/test_first_month.py",
    "docs/integrate-bank.md": "tests/stories/test_integrate.py",
    "docs/integrate-dashboard.md": "tests/stories/test_integrate.py",
    "docs/integrate-tax-bureau.md": "tests/stories/test_integrate.py",
}
"""Pages whose every block is run, in order, by a test."""
RUN_ONE_BY_ONE = {
    ("clients/python/README.md", "python"): "tests/client/test_readme.py",
    ("docs/console.md", "python"): "tests/console/test_page_samples.py",
    ("docs/console.md", "html"): "tests/console/test_everyday.py",
    ("docs/ledger-chain.md", "python"): "tests/ledger/chain/test_proof.py",
    ("docs/where.md", "python"): "tests/architecture/test_docs.py",
    ("docs/policy.md", "json"): "tests/collection/policy",
}
PICTURES_MAX = 7
"""Blocks marked `text`: drawings, formulas, and lines that another side's server sends."""
TOOLS = {"make", "export", "unset", "openssl", "pip", "wuxian", "curl", "token", "cd", "python"}
ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)

ANYTHING = {"no such member": 1}
NO_SETTINGS = {
    "WUXIAN_TOKEN",
    "WUXIAN_APPROVER_TOKEN",
    "WUXIAN_CITUS_URL",
    "WUXIAN_SCREENSHOTS",
}
"""Variables that commands and tests read beside the settings."""
NUMBER = re.compile(r"(?<![\w.-])[0-9A-Z]{18}(?![\w-])")

CHECKED = [one for one in samples() if one.page not in EXECUTED]


def of(*languages: str) -> list[object]:
    return [pytest.param(one, id=one.place) for one in CHECKED if one.language in languages]


def test_every_block_says_its_language_and_few_are_only_looked_at() -> None:
    known = {"sh", "http", "html", "json", "python", "text"}
    assert [one.place for one in samples() if one.language not in known] == []
    assert sum(one.language == "text" for one in samples()) <= PICTURES_MAX


def test_the_tests_that_run_pages_name_them() -> None:
    for page, test in EXECUTED.items():
        name = page.removeprefix("docs/").removesuffix(".md")
        assert name in (ROOT / test).read_text("utf-8"), page
    for (page, _), where in RUN_ONE_BY_ONE.items():
        files = [ROOT / where] if where.endswith(".py") else (ROOT / where).rglob("*.py")
        name = page.removeprefix("docs/")
        assert any(name in file.read_text("utf-8") for file in files), page
    framed = {one.page for one in samples() if one.language == "html"}
    assert framed == {"docs/console.md"}  # tests/console plays the frame


@pytest.mark.parametrize("sample", of("sh"))
def test_every_shell_line_is_a_command_that_takes_its_options(sample: Sample) -> None:
    faults = []
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for words in samples_rules.commands(sample.text):
        while words and ASSIGNMENT.fullmatch(words[0]):
            words = words[1:]
        if not words or "()" in words[0] or words == ["}"]:
            continue
        tool = words[0].rpartition("/")[2]
        if tool not in TOOLS:
            faults.append(f"no tool {tool}")
        elif tool == "wuxian":
            faults += [f"{words}: {one}" for one in samples_rules.faults_of_command(words[1:])]
        elif tool == "make":
            faults += [f"no target {one}" for one in words[1:] if one not in targets]
        elif tool == "curl":
            request = samples_rules.curl_in(words)
            faults += [f"{request}: {one}" for one in samples_rules.faults_of_request(*request)]
    assert faults == []


@pytest.mark.parametrize("sample", of("http"))
def test_every_request_of_a_block_is_an_operation(sample: Sample) -> None:
    found = samples_rules.requests_in(sample.text)
    assert found
    faults = {
        f"{method} {target}": wrong
        for method, target, body in found
        if (wrong := samples_rules.faults_of_request(method, target, body))
    }
    assert faults == {}


@pytest.mark.parametrize("sample", of("json"))
def test_every_json_is_what_an_operation_takes_or_answers(sample: Sample) -> None:
    value = json.loads(sample.text)
    if (sample.page, "json") in RUN_ONE_BY_ONE:
        return
    for document in samples_rules.documents().values():
        for name, schema in document["components"]["schemas"].items():
            takes_anything = not samples_rules.faults_of_json(document, schema, ANYTHING)
            if name.endswith("Out") or takes_anything:
                continue
            if not samples_rules.faults_of_json(document, schema, value):
                return
    raise AssertionError(f"no operation takes {value}")


def test_every_python_is_run_by_a_test_of_its_own() -> None:
    pages = {one.page for one in CHECKED if one.language == "python"}
    assert pages <= {page for page, language in RUN_ONE_BY_ONE if language == "python"}


def test_every_request_named_in_the_text_is_an_operation() -> None:
    found = [
        (page, method, target)
        for page, span in samples_rules.spans()
        for method, target, _ in samples_rules.requests_in(span)
        if "…" not in target
    ]
    assert len(found) > 300
    faults = Counter(
        f"{page}: {fault}"
        for page, method, target in found
        for fault in samples_rules.faults_of_request(method, target)
    )
    assert faults == {}


def test_every_command_named_in_the_text_exists() -> None:
    found = [
        (page, span) for page, span in samples_rules.spans() if re.match(r"wuxian [a-z]", span)
    ]
    assert len(found) > 50
    faults = [
        f"{page}: {span}: {fault}"
        for page, span in found
        for words in samples_rules.commands(span.replace("[", " ").replace("]", " "))
        if words[0] == "wuxian"
        for fault in samples_rules.faults_of_command(words[1:], whole=False)
    ]
    assert faults == []


def test_every_variable_on_a_page_is_a_setting() -> None:
    known = {f"WUXIAN_{name.upper()}" for name in Settings.model_fields} | NO_SETTINGS
    faults = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in re.findall(r"\bWUXIAN_[A-Z_]+[A-Z]\b(?!_?\*)", page.read_text("utf-8"))
        if name not in known
    ]
    assert faults == []


def test_every_code_and_number_on_a_page_has_its_check_character() -> None:
    faults = [
        f"{page.relative_to(ROOT)}: {fault}"
        for page in PAGES
        for number in NUMBER.findall(page.read_text("utf-8"))
        if (fault := identifier_fault(number))
    ]
    assert faults == []
