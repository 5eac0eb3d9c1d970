"""The reference of `wuxian`: every command with its help, options and arguments, from the program."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import typer

from services.cli.language import CATALOGUE
from services.cli.root import app


def page() -> str:
    """Write the page."""
    chinese = json.loads(CATALOGUE.read_text("utf-8"))

    def both(text: str | None) -> str:
        english = inspect.cleandoc(text or "")
        found = chinese.get(english)
        return english if found in (None, english) else f"{found} · {english}"

    command = typer.main.get_command(app)
    lines = ["# 命令行 · Command line", "", both(command.epilog), ""]
    for name, one in _leaves("wuxian", command):
        lines += [f"## {name}", "", both(one.help), ""]
        shown = [part for part in one.params if not getattr(part, "hidden", False)]
        if shown:
            lines += ["| 参数 · Parameter | 含义 · Meaning |", "|---|---|"]
        for part in shown:
            names = ", ".join(part.opts) if part.param_type_name == "option" else part.name.upper()
            star = " *" if part.required else ""
            meaning = " ".join(both(getattr(part, "help", "")).split()).replace("|", "\\|")
            lines.append(f"| `{names}`{star} | {meaning} |")
        lines.append("")
    return "\n".join(lines) + "\n"


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word in sorted(below):
        yield from _leaves(f"{name} {word}", below[word])
