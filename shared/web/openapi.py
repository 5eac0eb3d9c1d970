"""A service's OpenAPI document: FastAPI's own, completed from what the code already says.

Each operation gets one tag (its subject: the folder of its door), the roles that its door opens to
(`x-roles`, and in its description), and one recorded example. Component schemas get plain names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic.json_schema import models_json_schema

from shared.door import rights_of
from shared.roles import RIGHTS, Role
from shared.schema import Problem
from shared.security.audience import audience_of
from shared.web.authentication import authenticated
from shared.web.examples import load

_REF: Final = "#/components/schemas/"
_SHARED_TAGS: Final = {
    "shared.web.service_routes": "service",
    "shared.web.outbox_routes": "delivery",
    "shared.web.refused_routes": "delivery",
    "shared.webhooks.routes": "webhooks",
}
_BEARER: Final = "bearer"
_BEARER_SCHEME: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "已有的访问令牌,如 `wuxian token --role …` 所给 · "
    "An access token that you have, such as `wuxian token --role …` prints",
}
_SENTENCES: Final = {
    "service": "身份、健康与指标 · Own identity, health and metrics",
    "webhooks": "事件与推送 · Events, and the addresses that are told of them",
    "delivery": "待发消息 · Messages to the ledger: waiting, refused, sent again",
}


class App(FastAPI):
    """A service's app: FastAPI with a completed OpenAPI document."""

    def __init__(self, service: str, **settings: Any) -> None:
        # Our own traces are made by `tracing`; the framework would look for a collector at every
        # request.
        super().__init__(**settings, telemetry={"tracing": False, "metrics": False, "logs": False})
        self.service = service

    def openapi(self) -> dict[str, Any]:
        """Build the document once."""
        if not self.openapi_schema:
            document = super().openapi()
            _add_problems(document)
            document["components"].setdefault("securitySchemes", {})[_BEARER] = _BEARER_SCHEME
            self._describe(document)
            rename_schemas(document)
            self.openapi_schema = document
        return self.openapi_schema

    def _describe(self, document: dict[str, Any]) -> None:
        package = import_module(f"services.{self.service}")
        examples = load(Path(str(package.__file__)).parent / "data/examples.json")
        doors = self._doors()
        tags: set[str] = set()
        for _, _, operation in operations(document):
            route = doors[operation["operationId"]]
            tag = subject_of(route)
            tags.add(tag)
            operation["tags"] = [tag]
            roles = operation["x-roles"] = [
                role.value
                for role in roles_of(route.dependant)
                if self.service in audience_of(role)
            ]
            operation["description"] = _with_roles(operation.get("description", ""), roles)
            if "security" in operation:
                operation["security"].append({_BEARER: []})
            example = examples.get(operation["operationId"])
            if example:
                example.put_into(operation)
        document["tags"] = [
            {"name": tag, "description": self._sentence(tag)} for tag in sorted(tags)
        ]

    def _doors(self) -> dict[str, APIRoute]:
        routes = (context.original_route for context in iter_route_contexts(self.routes))
        return {
            route.operation_id: route
            for route in routes
            if isinstance(route, APIRoute) and route.operation_id
        }

    def _sentence(self, tag: str) -> str:
        """Describe a subject by the docstring of its folder."""
        if tag in _SENTENCES:
            return _SENTENCES[tag]
        folder = "" if tag == self.service else f".{tag}"
        return (import_module(f"services.{self.service}{folder}").__doc__ or "").strip()


def _with_roles(text: str, roles: list[str]) -> str:
    """Add to a description who may call the door."""
    names = ", ".join(f"`{role}`" for role in roles) or "不需令牌 no token needed"
    return f"{text}\n\n角色 · Roles: {names}".strip()


def _add_problems(document: dict[str, Any]) -> None:
    """Add the schema that every door's refusals point to."""
    _, found = models_json_schema([(Problem, "serialization")], ref_template=_REF + "{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    document["components"]["schemas"] = dict(sorted((schemas | found["$defs"]).items()))


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation of a document: its path, its method and itself."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def subject_of(route: APIRoute) -> str:
    """Return the subject of a door: "services.collection.billing.routes.bill" is of "billing"."""
    module = route.endpoint.__module__
    if module in _SHARED_TAGS:
        return _SHARED_TAGS[module]
    parts = module.split(".")
    return parts[2] if len(parts) > 3 else parts[1]  # the sandbox has no subjects


def roles_of(dependant: Dependant) -> list[Role]:
    """Return the roles that a door admits; none where it needs no token."""
    calls = [part.call for part in dependant.dependencies if part.call]
    for call in calls:
        rights = rights_of(call)
        if rights:
            return [role for role in Role if RIGHTS[role] & rights]
    return list(Role) if authenticated in calls else []


# --- names of schemas -----------------------------------------------------------------------


def rename_schemas(document: dict[str, Any]) -> None:
    """Give the schemas that FastAPI and pydantic name by rule a plain name.

    `Page_BillHeadOut_` becomes its title `BillHeadPage`; `Body_issue_token` becomes `IssueTokenForm`.

    Raises:
        ValueError: a schema already has the plain name.
    """
    schemas: dict[str, Any] = document["components"]["schemas"]
    names = {name: _plain(name, schema) for name, schema in schemas.items()}
    if len(set(names.values())) < len(names):
        raise ValueError("two schemas would have one name")
    document["components"]["schemas"] = {names[name]: schemas[name] for name in schemas}
    _repoint(document, {_REF + name: _REF + plain for name, plain in names.items()})


def _plain(name: str, schema: Mapping[str, Any]) -> str:
    if name.startswith("Body_"):
        words = re.split("_+", name.removeprefix("Body_"))
        return "".join(word.capitalize() for word in words) + "Form"
    if name.endswith("_"):
        return str(schema["title"])
    return name


def _repoint(node: Any, references: Mapping[str, str]) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                node[key] = references.get(value, value)
            else:
                _repoint(value, references)
    elif isinstance(node, list):
        for value in node:
            _repoint(value, references)
