"""A pack as people write it: YAML or JSON, every value as it stands there, with the line of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from shared.errors import Fault

DEPTH_MAX: Final = 20
LENGTH_MAX: Final = 512 * 1024
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFile:
    """The content of a file, and the line on which each JSON pointer begins."""

    content: Any
    lines: Mapping[str, int]

    def line_of(self, pointer: str) -> int | None:
        """Return the line of a place, or of the nearest place around it that the file has."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer)


class Unreadable(Exception):
    """The file is no YAML or JSON; `fault` says where and why, `line` counts from 1."""

    def __init__(self, line: int, sentence: str) -> None:
        self.line = line
        self.fault = Fault("", "PACK_UNREADABLE", sentence)
        super().__init__(f"{line}: {sentence}")


def read_pack(text: str) -> PackFile:
    """Read a pack. A rate or an amount stays the text that was written; no value passes a float.

    Raises:
        Unreadable: it is too long or too deep, names a member twice, refers to another place, or is
            neither YAML nor JSON.
    """
    if len(text) > LENGTH_MAX:
        raise Unreadable(1, "文件过长 (the file is too long)")
    try:
        # Tabs between the members of a JSON file are no YAML.
        root = yaml.compose(text.replace("\t", "  "), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise Unreadable(line, f"无法读取 (cannot be read): {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(1, f"无法读取 (cannot be read): {str(error)[:200]}") from None
    lines: dict[str, int] = {}
    content = None if root is None else _value(root, "", lines, 0)
    return PackFile(content=content, lines=lines)


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Composes nodes; a file that refers to itself could unfold without end."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose the next node, unless it is a reference."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise Unreadable(mark.line + 1, "不支持引用 (references are not supported)")
        return super().compose_node(parent, index)


def _value(node: yaml.Node, pointer: str, lines: dict[str, int], depth: int) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(pointer, line)
    if depth > DEPTH_MAX:
        raise Unreadable(line, "层次过深 (too deep)")
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(one, f"{pointer}/{at}", lines, depth + 1) for at, one in enumerate(node.value)
        ]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            place = key.start_mark.line + 1
            if name in found:
                raise Unreadable(place, f"成员重复 (a member twice): {name}")
            lines[f"{pointer}/{name}"] = place
            found[name] = _value(value, f"{pointer}/{name}", lines, depth + 1)
        return found
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    """Return a word, a whole number or null; whatever else, and what is quoted, is text."""
    text = str(node.value)
    if getattr(node, "style", None) is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if len(text) <= 15 and _WHOLE.fullmatch(text) else text
