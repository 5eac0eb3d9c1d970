"""Grammars hold to the last character, and no request shape takes a timestamp for a day."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

import services
import shared
from shared.schema import In, plain_day

ROOT = Path(__file__).parents[2]


def test_a_pattern_is_matched_as_a_whole() -> None:
    """`match` with `$` lets a line break stand at the end."""
    for path in [*(ROOT / "services").rglob("*.py"), *(ROOT / "shared").rglob("*.py")]:
        name = path.relative_to(ROOT)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "match":
                is_pattern = isinstance(node.value, ast.Name) and node.value.id.strip("_").isupper()
                is_module = isinstance(node.value, ast.Name) and node.value.id == "re"
                is_loose = is_pattern or is_module
                assert not is_loose, f"{name}:{node.lineno}: use fullmatch"


def parts_of(annotation: Any, metadata: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    """The types of an annotation, each with what is annotated on it."""
    yield annotation, metadata
    for part in get_args(annotation):
        inner = list(getattr(part, "__metadata__", ()))
        yield from parts_of(getattr(part, "__origin__", part) if inner else part, inner)


def shapes(base: type[In]) -> Iterator[type[In]]:
    """The product's own shapes; tests have some of theirs in the same process."""
    for shape in base.__subclasses__():
        if not shape.__module__.startswith("tests."):
            yield shape
            yield from shapes(shape)


def test_every_day_that_comes_in_is_year_month_day() -> None:
    for package in (services, shared):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "schemas" in module.name or "wire" in module.name:
                importlib.import_module(module.name)
    found = 0
    for shape in shapes(In):
        for name, field in shape.model_fields.items():
            for kind, marks in parts_of(field.annotation, list(field.metadata)):
                if kind is date:
                    found += 1
                    funcs = [getattr(mark, "func", None) for mark in marks]
                    named = plain_day in funcs or any(
                        getattr(func, "__name__", "") == "_day" for func in funcs
                    )
                    assert named, (
                        f"{shape.__module__}.{shape.__name__}.{name}: use shared.schema.Day"
                    )
    assert found > 60
