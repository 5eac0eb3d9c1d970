"""Is a pack fit to be drafted? Shape and content are judged together, every fault named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from services.collection.domain import pack, policy_faults
from services.collection.schemas.policy import PackIn
from shared.errors import Fault


def faults_of(content: Any) -> list[Fault]:
    """Every fault of a pack as it was written; none means that it may be drafted."""
    if not isinstance(content, Mapping):
        return [Fault("", "PACK_MALFORMED", "政策包须为一个 JSON 对象 (a pack is a JSON object)")]
    try:
        taken = PackIn.model_validate(content).content()
    except ValidationError as error:
        return [
            Fault(
                "/" + "/".join(str(part) for part in found["loc"]),
                str(found["type"]).upper(),
                str(found["msg"])[:300],
            )
            for found in error.errors()
        ]
    policy, faults = pack.attempt(taken)
    return faults + policy_faults.faults_in(policy, taken)


def doubts_of(content: Mapping[str, Any]) -> list[str]:
    """The sources that a person has to confirm before the pack is used."""
    return [row["text"] for row in content["sources"] if not row.get("certain", True)]
