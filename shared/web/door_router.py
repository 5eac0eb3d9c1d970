"""The router of a service's doors: its routes are complete as they are written.

An app takes them as they are (shared/web/app.py). FastAPI's `include_router` would make each route
anew at the first request of every app, which took a second, and would look for it twice a request.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from shared.web.grammar import strict_grammar
from shared.web.problem import PROBLEMS


class DoorRouter(APIRouter):
    """A router whose doors read requests strictly and answer refusals as problem documents."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(responses=PROBLEMS, dependencies=[Depends(strict_grammar)], **settings)
