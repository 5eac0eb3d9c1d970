"""Order in which the workers of a run take its files.

Stories wait for processes, other files compute. While all workers run stories, processors idle; so
every second worker takes the stories first, and the others take what computes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.scheduler.protocol import Scheduling
from xdist.workermanage import WorkerController


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Take this order where files are handed out whole."""
    return MixedScheduling(config, log) if config.getoption("dist") == "loadfile" else None


class MixedScheduling(LoadFileScheduling):
    """Hands out whole files, of two kinds at a time."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._root = config.rootpath
        self._stories: dict[str, bool] = {}

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Give a worker the next file of its kind; the next one when there is none."""
        takes_stories = self.nodes.index(node) % 2 == 0
        own = (file for file in self.workqueue if self._has_stories(file) == takes_stories)
        if file := next(own, None):
            self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)

    def _has_stories(self, file: str) -> bool:
        if file not in self._stories:
            self._stories[file] = "pytest.mark.story" in Path(self._root, file).read_text("utf-8")
        return self._stories[file]
