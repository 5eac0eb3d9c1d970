"""Reading of a spreadsheet in a child process with bounded memory and time."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

READER: Final = "services.collection.common.domain.sheet"
MEMORY_BYTES: Final = 2 * 1024**3 - 256 * 1024**2
"""Address space of the reader; a workbook of a million rows stays far below it."""
SECONDS: Final = 120
_ROOT: Final = Path(__file__).parents[4]


class NotASheet(Exception):
    """The reader could not read the file, or died of it."""


async def csv_of(workbook: IO[bytes], out: IO[bytes], *, days: Sequence[str] = ()) -> None:
    """Write the first sheet of a workbook as CSV.

    Args:
        days: headings of columns of days, whose plain numbers may count from 1904.

    Raises:
        NotASheet: it is not a workbook, or reading it exceeds the bounds.
    """
    os.lseek(workbook.fileno(), 0, os.SEEK_SET)  # what Python read ahead is not the child's
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROGRAM,
        str(MEMORY_BYTES),
        READER,
        *days,
        stdin=workbook,
        stdout=out,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=_ROOT,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        code = await asyncio.wait_for(child.wait(), SECONDS)
    except TimeoutError:
        raise NotASheet("time") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if code != 0:
        raise NotASheet(f"exit {code}")


_PROGRAM: Final = """
import importlib, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
except ImportError:
    pass
sys.exit(importlib.import_module(sys.argv[2]).main())
"""
