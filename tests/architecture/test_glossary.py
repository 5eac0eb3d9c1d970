"""The glossary and the code use the same names."""

import re
from pathlib import Path

from shared.references import Reference

ROOT = Path(__file__).parents[2]
TERM = re.compile(r"^\| ([^|]+) \| ([^|]+) \|", re.MULTILINE)
NAME = re.compile(r"`([a-z_]+)`")


def test_every_name_of_the_glossary_is_in_the_code() -> None:
    """A name is a word of the source, a class (`debit_result`: DebitResult), or a prefix (`crd_`)."""
    files = [
        file
        for folder in ("services", "shared")
        for kind in ("*.py", "*.json")
        for file in (ROOT / folder).rglob(kind)
        if file.name != "examples.json"
    ]
    source = "\n".join(file.read_text() for file in files)
    known = set(re.findall(r"[a-z_]+", source)) | {f"{one}_" for one in Reference}
    classes = set(re.findall(r"^class (\w+)", source, re.MULTILINE))
    unknown = {
        (term, name)
        for term, names in TERM.findall((ROOT / "docs/glossary.md").read_text())
        for name in NAME.findall(names)
        if name not in known and name.title().replace("_", "") not in classes
    }
    assert not unknown
