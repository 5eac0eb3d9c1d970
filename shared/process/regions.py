"""The districts of a region (统筹区), as every service of an installation knows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from shared.roles import CENTRE

_SHIPPED: Final = Path(__file__).parents[2] / "services/collection/data/regions.json"


def districts_of(region: str, own: Path | None) -> frozenset[str]:
    """Return the codes of a region's districts and of its centre.

    `own` is the installation's own file of regions; None means the shipped one.
    """
    return frozenset({CENTRE, *district_names(region, own)})


def district_names(region: str, own: Path | None) -> dict[str, str]:
    """Return the districts of a region without its centre: code → name, in the file's order."""
    regions = json.loads((own or _SHIPPED).read_text(encoding="utf-8"))["regions"]
    return {
        district["code"]: district["name"]
        for known in regions
        if known["code"] == region
        for district in known["districts"]
    }
