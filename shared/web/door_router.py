"""The router of a service's doors: its routes are complete as they are written.

An app takes them as they are (shared/web/app.py). FastAPI's `include_router` would make each route
anew at the first request of every app, which took a second, and would look for it twice a request.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from shared.web.grammar import strict_grammar
from shared.web.problem import PROBLEMS


class DoorRoute(APIRoute):
    """A route that FastAPI reads at its first request.

    To read 250 doors with their parameters, bodies and answers takes a fifth of a service's start,
    and one at its first request takes a few milliseconds.
    """

    def __init__(self, path: str, endpoint: Any, **how: Any) -> None:
        self._how = how
        # What it is found by, and what is known of it before it is read.
        self.path, self.endpoint = path, endpoint
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self.methods = {method.upper() for method in how["methods"]}
        self.max_body_size = how["max_body_size"]

    def __getattr__(self, name: str) -> Any:
        """Read the door, at the first question for anything else."""
        how = self.__dict__.pop("_how", None)
        if how is None:
            raise AttributeError(name)
        super().__init__(self.path, self.endpoint, **how)
        return getattr(self, name)


class DoorRouter(APIRouter):
    """A router whose doors read requests strictly and answer refusals as problem documents."""

    def __init__(self, route_class: type[APIRoute] = DoorRoute, **settings: Any) -> None:
        super().__init__(
            responses=PROBLEMS,
            dependencies=[Depends(strict_grammar)],
            route_class=route_class,
            **settings,
        )
