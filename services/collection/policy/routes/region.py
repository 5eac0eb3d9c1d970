"""Door of regions."""

from __future__ import annotations

from typing import Annotated

from services.collection.policy import flows as policy_flow
from services.collection.policy.schemas.region import RegionOut, RegionsOut
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get("/v1/regions", operation_id="list_regions", summary="统筹区与分中心 · List regions")
async def list_regions(
    at: Annotated[Door, door(Right.READ_COLLECTION, any_unit=True)],
) -> RegionsOut:
    """List the regions and their districts, and name the region that this installation serves."""
    return RegionsOut(
        region=at.region,
        regions=[RegionOut.model_validate(region) for region in policy_flow.regions()],
    )
