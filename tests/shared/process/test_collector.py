"""The collector is calmed in a process of its own, and only there."""

import subprocess
import sys

from shared.process.collector import THRESHOLDS

SAID = """
import gc
from shared.process import collector
collector.calm()
print(gc.get_threshold(), gc.get_freeze_count() > 1000, gc.isenabled())
"""


def test_what_a_process_keeps_is_left_out_and_waste_is_still_collected() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAID], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == f"{THRESHOLDS} True True"
