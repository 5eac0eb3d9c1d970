"""Examples of requests and answers, recorded from the tests and shown in OpenAPI."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One recorded exchange of an operation.

    A body is JSON, or text for the media types that are not JSON; None where there is no body.
    """

    parameters: dict[str, Any]
    request_type: str | None
    request: Any
    status: str
    response_type: str | None
    response: Any

    def put_into(self, operation: dict[str, Any]) -> None:
        """Show the exchange in an operation of an OpenAPI document."""
        for parameter in operation.get("parameters", []):
            if parameter["name"] in self.parameters:
                parameter["example"] = self.parameters[parameter["name"]]
        body = operation.get("requestBody", {}).get("content", {})
        if self.request_type in body:
            body[self.request_type]["example"] = self.request
        answer = operation["responses"].get(self.status, {}).get("content", {})
        if self.response_type in answer:
            answer[self.response_type]["example"] = self.response


def load(path: Path) -> dict[str, Example]:
    """Read a file of examples by operation; a service without one has none."""
    if not path.exists():
        return {}
    return {name: Example(**found) for name, found in json.loads(path.read_text()).items()}
