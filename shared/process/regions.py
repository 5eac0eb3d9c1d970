"""The districts of a region (统筹区), as every service of an installation knows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from shared.roles import CENTRE

_SHIPPED: Final = Path(__file__).parents[2] / "services/collection/data/regions.json"


class RegionUnknown(Exception):
    """A region that no file names, or a file that cannot be read; the text says what to set."""


def require_region(region: str, own: Path | None) -> None:
    """Refuse to work for a region that is not there.

    Raises:
        RegionUnknown: the file does not name it, or is none.
    """
    path = own or _SHIPPED
    try:
        known = [one["code"] for one in json.loads(path.read_text(encoding="utf-8"))["regions"]]
        district_names(region, own)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegionUnknown(
            f"{path} is no file of regions ({type(error).__name__}: {error});"
            " see docs/first-month.md for one, and name it in WUXIAN_REGIONS_PATH"
        ) from error
    if region not in known:
        raise RegionUnknown(
            f"{path} names no region {region}: set WUXIAN_REGION to one of {', '.join(known)},"
            " or WUXIAN_REGIONS_PATH to a file with yours"
        )


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
