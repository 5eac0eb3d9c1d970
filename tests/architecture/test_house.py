"""The form of the house: small files, folders and functions; plain names and docstrings."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = ("services", "shared", "tests", "benchmarks")
SERVICES = ("collection", "console", "identity", "ledger", "payout")
FILES_MAX, LINES_MAX, FUNCTION_LINES_MAX = 20, 400, 60
QUESTION = re.compile(r"(What|Who|Whose|Where|Whether|As it is)\b")


@cache
def sources() -> dict[str, ast.Module]:
    paths = sorted(path for root in ROOTS for path in (ROOT / root).rglob("*.py"))
    assert len(paths) > 500, "the folders have moved: this test would guard nothing"
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}


@cache
def migrations() -> dict[str, ast.Module]:
    paths = sorted((ROOT / "migrations").rglob("*.py"))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_folder_is_crowded() -> None:
    counts = Counter(str(Path(name).parent) for name in sources())
    assert {folder for folder, files in counts.items() if files > FILES_MAX} == set()


def test_no_file_is_long() -> None:
    files = [*sources(), *migrations()]
    long = {name for name in files if (ROOT / name).read_text().count("\n") > LINES_MAX}
    assert long == set()


def test_no_function_is_long() -> None:
    long = {
        f"{name}:{function.name}"
        for name, tree in sources().items()
        for function in functions(tree)
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES_MAX
    }
    assert long == set()


def test_a_docstring_begins_with_a_verb_or_a_noun() -> None:
    """A docstring that begins with a question word tells a riddle, one of a value too."""
    questions = [
        f"{name}:{node.lineno} {node.value.value.splitlines()[0]}"
        for name, tree in (sources() | migrations()).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and QUESTION.match(node.value.value.strip())
    ]
    assert questions == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_class_name_has_one_meaning_in_a_service(service: str) -> None:
    names = Counter(
        node.name
        for name, tree in sources().items()
        if name.startswith(f"services/{service}/")
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, times in names.items() if times > 1} == set()


def test_a_module_has_one_alias_and_an_alias_one_module() -> None:
    modules = {name.removesuffix(".py").replace("/", ".") for name in sources()}
    aliases: dict[str, set[str]] = defaultdict(set)
    for tree in sources().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for one in node.names:
                    if f"{node.module}.{one.name}" in modules:
                        aliases[f"{node.module}.{one.name}"].add(one.asname or one.name)
    assert {module: names for module, names in aliases.items() if len(names) > 1} == {}
    meanings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for module, (alias,) in aliases.items():
        meanings[module.split(".")[1], alias].add(module)
    assert {alias: found for alias, found in meanings.items() if len(found) > 1} == {}


def test_no_module_imports_from_a_test() -> None:
    """Helpers of several tests are in `support`."""
    found = [
        f"{name}:{node.lineno} {node.module}"
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and any(
            part.startswith("test_")
            for part in [*(node.module or "").split("."), *(one.name for one in node.names)]
        )
    ]
    assert found == []


def test_the_formatter_is_never_switched_off() -> None:
    off = re.compile(r"# fmt: *(skip|off)")
    assert [name for name in sources() if off.search((ROOT / name).read_text())] == []
