"""Shapes of regions."""

from __future__ import annotations

from pydantic import Field

from shared.schema import Out


class DistrictOut(Out):
    """A sub-centre (分中心)."""

    code: str = Field(examples=["heping"])
    name: str = Field(examples=["和平区"])


class RegionOut(Out):
    """A region (统筹区) with its districts."""

    code: str = Field(examples=["tianjin"])
    name: str = Field(examples=["天津市"])
    centre: str
    districts: list[DistrictOut]


class RegionsOut(Out):
    """The region that this installation serves, and all regions that the data lists."""

    region: str
    regions: list[RegionOut]
