"""The API reference: one page a service, from its OpenAPI document in openapi/."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from shared.web.openapi import operations

OPENAPI: Final = Path(__file__).parents[1] / "openapi"
Document = Mapping[str, Any]


def page(service: str) -> str:
    """Write a service's page."""
    document = json.loads((OPENAPI / f"{service}.json").read_text("utf-8"))
    info = document["info"]
    lines = [f"# {info['title']}", "", info["description"], ""]
    by_tag: dict[str, list[tuple[str, str, Document]]] = {}
    for path, method, operation in operations(document):
        by_tag.setdefault(operation["tags"][0], []).append((path, method, operation))
    for tag in document["tags"]:
        lines += [f"## {tag['name']}", "", tag["description"], ""]
        for path, method, operation in by_tag[tag["name"]]:
            lines += _operation(document, path, method, operation)
    return "\n".join(lines) + "\n"


def _operation(document: Document, path: str, method: str, operation: Document) -> Iterator[str]:
    yield from (f"### {operation['summary']}", "", f"`{method.upper()} {path}`", "")
    yield from (operation.get("description", ""), "")
    parameters = operation.get("parameters", [])
    if parameters:
        yield from ("| 参数 · Parameter | 位置 · In | 含义 · Meaning |", "|---|---|---|")
        for one in parameters:
            name = f"`{one['name']}`" + (" *" if one.get("required") else "")
            yield f"| {name} | {one['in']} | {_cell(one.get('description', ''))} |"
        yield ""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from _body(document, f"请求 · Request: `{kind}`", content)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            for kind, content in answer.get("content", {}).items():
                yield from _body(document, f"答复 · Answer {status}: `{kind}`", content)


def _body(document: Document, title: str, content: Document) -> Iterator[str]:
    yield from (title, "")
    schema = content.get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        yield from _members(document["components"]["schemas"][name])
    if "example" in content and content["example"] is not None:
        example = content["example"]
        text = (
            example
            if isinstance(example, str)
            else json.dumps(example, ensure_ascii=False, indent=1)
        )
        yield from ("```json" if not isinstance(example, str) else "```text", text, "```", "")


def _members(schema: Document) -> Iterator[str]:
    properties = schema.get("properties", {})
    if not properties:
        return
    needed = schema.get("required", [])
    yield from ("| 成员 · Member | 类型 · Type | 含义 · Meaning |", "|---|---|---|")
    for name, one in properties.items():
        star = " *" if name in needed else ""
        yield f"| `{name}`{star} | {_type(one)} | {_cell(one.get('description', ''))} |"
    yield ""


def _type(schema: Document) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    return str(schema.get("format") or schema.get("type", "any"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
