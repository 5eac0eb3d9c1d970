"""Records one example of each operation while the tests run, and says whether an example is valid.

With WUXIAN_RECORD_EXAMPLES set, `services/<service>/data/examples.json` gains an example for every
operation that has none (`make examples`). An example that is there stays: delete it to record anew.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import jsonschema_rs
import pytest

from shared.cn.credit_code import is_valid as is_credit_code
from shared.cn.identity_number import fault_in
from shared.process.settings import Settings
from shared.references import Reference
from shared.web.examples import Example, load
from shared.web.openapi import operations

ROOT = Path(__file__).parents[1]
SERVICES = ("collection", "identity", "ledger", "payout")
RECORD = "WUXIAN_RECORD_EXAMPLES"
ITEMS_MAX, LINES_MAX, TEXT_MAX = 3, 5, 2000
TEXT_TYPES = {"text/csv", "text/html", "text/plain", "application/x-ndjson"}
FORM = "application/x-www-form-urlencoded"
OF_ONE_DATABASE = {"cursor", "after_seq", "known_at"}
"""Parameters whose values another database refuses: whoever tries the example there."""
SECRETS = {"access_token", "client_secret", "client_assertion"}
NUMBER_18 = re.compile(r"^[0-9A-HJ-NP-RTUWXY]{18}$")
REFERENCE = re.compile(r"^([a-z]{3})_[0-9a-f]{48}$")

Document = dict[str, Any]


def file_of(service: str) -> Path:
    return ROOT / "services" / service / "data/examples.json"


@cache
def document_of(service: str) -> Document:
    """The OpenAPI document that a service serves; nobody changes it."""
    app = import_module(f"services.{service}.app").build(Settings())
    return dict(app.openapi())


# --- validity --------------------------------------------------------------------------------


def faults_of(document: Document, operation: dict[str, Any], example: Example) -> list[str]:
    """Say what is wrong with an example: against its schemas, and in its identifiers."""
    body = operation.get("requestBody", {}).get("content", {})
    answer = operation["responses"].get(example.status, {}).get("content", {})
    faults = []
    is_required = operation.get("requestBody", {}).get("required", False)
    if body and example.request_type not in body and (is_required or example.request is not None):
        faults.append(f"no request of type {list(body)}")
    if answer and example.response_type not in answer:
        faults.append(f"no answer {example.status} of type {list(answer)}")
    for content, kind, value in (
        (body, example.request_type, example.request),
        (answer, example.response_type, example.response),
    ):
        schema = content.get(kind or "", {}).get("schema")
        if schema and kind not in TEXT_TYPES:
            faults += against(document, schema, value)
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if name in example.parameters:
            faults += against(document, parameter["schema"], example.parameters[name])
        elif parameter.get("required"):
            faults.append(f"no {name}")
    faults += [
        fault
        for value in texts([example.parameters, example.request, example.response])
        if (fault := identifier_fault(value))
    ]
    return faults


def identifier_fault(value: str) -> str | None:
    """Say what is wrong with a credit code, an identity number or a reference; None for others."""
    if NUMBER_18.match(value) and not is_credit_code(value) and fault_in(value):
        return f"{value} is neither a credit code nor an identity number"
    found = REFERENCE.match(value)
    if found and (
        found[1] not in set(Reference) or not re.match(Reference(found[1]).pattern, value)
    ):
        return f"{value} is no reference"
    return None


def refs_in(schema: Mapping[str, Any]) -> list[str]:
    """Name the schemas that a schema refers to."""
    return re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schema))


def complete(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Document:
    """Return a schema with all that it refers to: a validator reads whatever it is given."""
    schemas = document["components"]["schemas"]
    met: dict[str, Any] = {}
    waiting = refs_in(schema)
    while waiting:
        name = waiting.pop()
        if name not in met:
            met[name] = schemas[name]
            waiting += refs_in(schemas[name])
    return {**schema, "components": {"schemas": met}}


def against(document: Document, schema: Document, value: Any) -> list[str]:
    whole = complete(document, schema)
    errors = jsonschema_rs.Draft202012Validator(whole).iter_errors(value)
    return [str(error).splitlines()[0][:200] for error in errors]


def texts(node: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from texts(key)
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


# --- recording -------------------------------------------------------------------------------


class Recorder:
    """Keeps the best exchange of each operation that this process's tests have."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._found: dict[str, dict[str, tuple[tuple[bool, int], Example]]] = {}

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Look over the shoulder of every in-process client."""
        plain = httpx.ASGITransport.handle_async_request

        async def watched(transport: httpx.ASGITransport, request: httpx.Request) -> httpx.Response:
            response = await plain(transport, request)
            if response.is_success:
                content = await response.aread()
                self._keep(getattr(transport.app, "service", ""), request, response, content)
            return response

        httpx.ASGITransport.handle_async_request = watched  # type: ignore[method-assign]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Add what the files do not have yet."""
        for service, found in self._found.items():
            with (ROOT / ".examples.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                known = load(file_of(service))
                added = {name: example for name, (_, example) in found.items()}
                merged = {name: asdict(one) for name, one in sorted((added | known).items())}
                file_of(service).write_text(json.dumps(merged, ensure_ascii=False, indent=1) + "\n")
        (ROOT / ".examples.lock").unlink(missing_ok=True)

    def _keep(
        self, service: str, request: httpx.Request, response: httpx.Response, content: bytes
    ) -> None:
        if service not in SERVICES:
            return
        if service not in self._documents:
            self._documents[service] = document_of(service)
        document = self._documents[service]
        operation, parameters = operation_for(document, request)
        if operation is None:
            return
        try:
            example = example_of(operation, parameters, request, response, content)
        except (ValueError, httpx.StreamError):
            return
        name = operation["operationId"]
        known = self._found.setdefault(service, {}).get(name)
        rank = (is_empty(example.response), len(repr(example)))
        if (known is None or rank < known[0]) and not faults_of(document, operation, example):
            self._found[service][name] = (rank, example)


def is_empty(response: Any) -> bool:
    return isinstance(response, dict) and response.get("items") == []


def operation_for(
    document: Document, request: httpx.Request
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Find the operation of a request, and its path parameters; paths without parameters first."""
    found = []
    for path, method, operation in operations(document):
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        match = re.fullmatch(pattern, request.url.path)
        if match and method == request.method.lower():
            found.append((len(match.groupdict()), operation, match.groupdict()))
    if not found:
        return None, {}
    _, operation, parameters = min(found, key=lambda one: one[0])
    return operation, parameters


def example_of(
    operation: dict[str, Any],
    parameters: dict[str, Any],
    request: httpx.Request,
    response: httpx.Response,
    content: bytes,
) -> Example:
    given = {**dict(request.url.params), **parameters, **dict(request.headers)}
    known = {}
    for parameter in operation.get("parameters", []):
        value = given.get(parameter["name"], given.get(parameter["name"].lower()))
        if value is not None and parameter["name"] not in OF_ONE_DATABASE:
            known[parameter["name"]] = typed(parameter["schema"], value)
    request_type, sent = body_of(request.headers.get("content-type"), request.content)
    response_type, answered = body_of(response.headers.get("content-type"), content)
    return Example(
        parameters=known,
        request_type=request_type,
        request=sent,
        status=str(response.status_code),
        response_type=response_type,
        response=answered,
    )


def typed(schema: Document, value: str) -> Any:
    """Read a parameter as its schema says: "100" of an integer is 100."""
    kinds = {schema.get("type"), *(one.get("type") for one in schema.get("anyOf", []))}
    return json.loads(value) if kinds & {"integer", "boolean", "number"} else value


def body_of(content_type: str | None, content: bytes) -> tuple[str | None, Any]:
    """Read a body, shortened, and its type.

    Raises:
        ValueError: neither JSON, nor a form, nor text.
    """
    kind = (content_type or "").split(";")[0] or None
    if kind is None or not content:
        return None, None
    if kind == "application/json":
        return kind, shortened(json.loads(content))
    if kind == FORM:
        return kind, shortened(dict(parse_qsl(content.decode())))
    if kind in TEXT_TYPES:
        lines = content.decode("utf-8-sig").splitlines()[: LINES_MAX if kind != "text/html" else 40]
        return kind, "\n".join(lines)[:TEXT_MAX]
    raise ValueError(kind)


def shortened(node: Any) -> Any:
    """Cut long lists, and hide secrets."""
    if isinstance(node, dict):
        return {key: "…" if key in SECRETS else shortened(value) for key, value in node.items()}
    if isinstance(node, list):
        return [shortened(value) for value in node[:ITEMS_MAX]]
    return node
