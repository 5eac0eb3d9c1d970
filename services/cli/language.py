"""Help in the language of the user's locale: English as the code has it, or Chinese from a catalogue.

`LC_ALL`, `LC_MESSAGES` and `LANG` decide, in this order, as POSIX says.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).with_name("data") / "zh.json"
"""The Chinese of every help text, by its English."""


def prefers_chinese() -> bool:
    """Return whether the locale is a Chinese one."""
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((name for name in names if name), "").lower().startswith("zh")


def translate(command: Any) -> None:
    """Put the Chinese help in the place of the English, in a command and all commands below it."""
    catalogue = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    for holder in help_holders(command):
        holder.help = catalogue.get(inspect.cleandoc(holder.help), holder.help)
    command.epilog = catalogue.get(command.epilog, command.epilog)


def help_holders(command: Any) -> Iterator[Any]:
    """List the commands and options that have a help text, this command's first."""
    for holder in (command, *command.params):
        if getattr(holder, "help", None):
            yield holder
    for below in getattr(command, "commands", {}).values():
        yield from help_holders(below)
