"""Settings of Python's garbage collector for a service.

A service keeps tens of thousands of objects for good (its modules, routes, schemas) and makes many
short-lived ones that reference counts free by themselves. Looked through at the default pace, that
costs a tenth of the time of posting, and now and then a pause that clients notice.
"""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (20_000, 20, 50)
"""Objects made before a look at the youngest, then such looks before one at the older, the oldest."""


def calm() -> None:
    """Leave out what a started process keeps, and look less often. For processes of their own."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
