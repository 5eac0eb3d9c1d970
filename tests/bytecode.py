"""Bytecode of a run: each module is compiled once, by one worker, and no test waits for garbage."""

import gc
import os
import sys
import sysconfig
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from shared.process import collector

_UNUSED = {"test", "tests", "site-packages", "idlelib", "lib2to3"}
"""Folders below Python's own and the packages' that no run imports from."""


def keep_bytecode(directory: Path) -> None:
    """Let the processes of a run compile each module once, where none may be kept beside its source.

    A service imports a thousand modules; to compile them takes as long as all the rest of its start.
    """
    if sys.dont_write_bytecode:
        link_installed(directory)
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(directory)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def link_installed(directory: Path) -> None:
    """Take over what the packages were compiled to when they were installed, and Python's own."""
    suffix = cache_from_source("x.py").rpartition("/x")[2]
    for root in {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}:
        for path, folders, files in os.walk(root):
            if not path.endswith("__pycache__"):
                folders[:] = [name for name in folders if name not in _UNUSED]
                continue
            target = f"{directory}{os.path.dirname(path)}"
            os.makedirs(target, exist_ok=True)
            for name in files:
                if name.endswith(suffix):
                    os.symlink(f"{path}/{name}", f"{target}/{name}")


class SharedStart:
    """Makes the start of several workers cheap.

    To compile the tests takes longer than to import everything they use, and every worker imports
    all of them. So each one begins with its share, and finds the others' compiled afterwards.
    """

    def __init__(self) -> None:
        gc.disable()  # what is imported stays: looking for garbage is a fifth of the start

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Import this worker's share of the files, if the whole suite is run."""
        given = getattr(session.config, "workerinput", None)
        if given is None or session.config.args != session.config.getini("testpaths"):
            return
        mine, workers = int(given["workerid"].removeprefix("gw")), int(given["workercount"])
        files = [f for path in session.config.args for f in sorted(Path(path).rglob("test_*.py"))]
        for file in files[mine::workers]:
            with suppress(Exception):  # it is told where it is collected
                _ = pytest.Module.from_parent(session, path=file.resolve()).obj

    def pytest_collection_finish(self) -> None:
        """Leave out of every later search for garbage what is kept to the end."""
        gc.enable()
        collector.calm()
