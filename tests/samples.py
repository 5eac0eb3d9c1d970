"""Code samples of the pages: their blocks, shell commands and requests, checked against the source."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
import typer

from services.cli.backup import DEFAULT, BackupGroup
from services.cli.root import app as wuxian
from shared.process.settings import Settings
from shared.web.openapi import operations
from tests.examples import complete

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("clients/python/*.md")])
SERVICES = ("collection", "identity", "ledger", "payout")
HIDDEN = re.compile(r"…|\$\{?\w|__SHELL__")
"""A value that the reader puts in: `bil_…`, `$BATCH`."""
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_REQUEST = re.compile(r"(?<![\w-])(GET|POST|PUT|PATCH|DELETE) +(/[^\s`]+)")
_SPAN = re.compile(r"`([^`\n]+)`")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Page and line."""
        return f"{self.page}:{self.line}"


def samples() -> list[Sample]:
    """Every fenced block of every page."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in _FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            name = str(page.relative_to(ROOT))
            found.append(Sample(name, line, match[2], match[3]))
    return found


def spans() -> list[tuple[str, str]]:
    """Every page and code span outside the blocks."""
    found = []
    for page in PAGES:
        prose = _FENCE.sub("", page.read_text("utf-8"))
        found += [(str(page.relative_to(ROOT)), span) for span in _SPAN.findall(prose)]
    return found


# --- shell -----------------------------------------------------------------------------------


def commands(text: str) -> list[list[str]]:
    """The words of every simple command of a shell text, those inside `$(…)` too."""
    text = re.sub(r"\\\n\s*", " ", text)
    inner: list[str] = []

    def lifted(match: re.Match[str]) -> str:
        inner.append(match[1])
        return "__SHELL__"

    while True:
        text, count = re.subn(r"\$\(([^()]*)\)", lifted, text)
        if not count:
            break
    found = [shlex.split(one) for one in _simple(text)]
    for one in inner:
        found += commands(one)
    return [words for words in found if words]


def _simple(text: str) -> Iterator[str]:
    """Split at line ends, `;`, `|` and `&` outside quotes; comments are left out."""
    current, quote, index = "", "", 0
    while index < len(text):
        sign = text[index]
        if quote:
            if sign == "\\" and quote == '"':
                current += sign
                index += 1
                sign = text[index]
            elif sign == quote:
                quote = ""
        elif sign in "'\"":
            quote = sign
        elif sign == "#" and (not current or current[-1].isspace()):
            while index + 1 < len(text) and text[index + 1] != "\n":
                index += 1
            sign = ""
        elif sign in "\n;|&":
            yield current
            current, sign = "", ""
        current += sign
        index += 1
    yield current


@lru_cache(maxsize=1)
def _root() -> Any:
    return typer.main.get_command(wuxian)


def faults_of_command(words: list[str], *, whole: bool = True) -> list[str]:
    """List what is wrong with the words behind `wuxian`; parts of a command need not be complete."""
    command, rest = _root(), list(words)
    while hasattr(command, "commands"):
        if isinstance(command, BackupGroup) and (not rest or rest[0] not in command.commands):
            command = command.commands[DEFAULT]
        elif rest and rest[0] in command.commands:
            command = command.commands[rest.pop(0)]
        elif rest and not rest[0].startswith("-"):
            return [f"no command {rest[0]}"]
        else:
            return ["no command"] if whole else []
    return _faults_of_options(command, rest, whole=whole)


def _faults_of_options(command: Any, rest: list[str], *, whole: bool) -> list[str]:
    options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts)}
    given, plain, faults = set(), list[str](), list[str]()
    while rest:
        word = rest.pop(0)
        if word in {">", ">>", "<"}:
            rest = rest[1:]
        elif word.startswith("--") or re.fullmatch("-[a-z]", word):
            name, _, value = word.partition("=")
            if name not in options:
                faults.append(f"no option {name}")
                continue
            given.add(options[name].name)
            if not getattr(options[name], "is_flag", False):
                value = value or (rest.pop(0) if rest else "")
                faults += _faults_of_value(options[name], value)
        else:
            plain.append(word)
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    if len(plain) > len(arguments) and all(one.nargs == 1 for one in arguments):
        faults.append(f"{len(plain)} arguments")
    for one, value in zip(arguments, plain, strict=False):
        faults += _faults_of_value(one, value)
    if whole:
        faults += [
            f"no {one.name}"
            for one in command.params
            if one.required and one.name not in given and not one.envvar
            if not getattr(one, "prompt", None)
            if one.param_type_name != "argument"
        ]
        if len(plain) < sum(one.required for one in arguments):
            faults.append("arguments are missing")
    return faults


def _faults_of_value(option: Any, value: str) -> list[str]:
    """Say when an option takes none of this value, except where the reader puts something in."""
    described = option.type_descriptor
    if not described.is_choice or HIDDEN.search(value) or value.isupper() or not value:
        return []
    known = {getattr(one, "value", one) for one in described.choices}
    return [] if value in known else [f"{option.opts[0]} is never {value}"]


# --- requests --------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def documents() -> dict[str, Document]:
    """The OpenAPI documents of the services, as committed, and the sandbox's."""
    found = {
        name: json.loads((ROOT / f"openapi/{name}.json").read_text("utf-8")) for name in SERVICES
    }
    found["sandbox"] = import_module("services.sandbox.app").build(Settings()).openapi()
    return found


def operations_at(method: str, path: str) -> list[tuple[Document, dict[str, Any]]]:
    """Every operation that a request of a page may mean, with its document; plain paths first."""
    wanted = re.sub(r"\{[^}]*\}", "{}", path)
    found = []
    for document in documents().values():
        for known, verb, operation in operations(document):
            if verb != method.lower():
                continue
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(known))
            if re.fullmatch(pattern, wanted):
                found.append((known.count("{"), document, operation))
    least = min((count for count, _, _ in found), default=0)
    return [(document, operation) for count, document, operation in found if count == least]


def faults_of_request(method: str, target: str, body: Any = None) -> list[str]:
    """List what is wrong with a request: its path, its query, its JSON. Right for one service suffices."""
    path, _, query = target.partition("?")
    meant = operations_at(method, path)
    if not meant:
        return [f"no operation {method} {path}"]
    faults: list[str] = []
    for document, operation in meant:
        faults = _faults_of_operation(document, operation, query, body)
        if not faults:
            return []
    return faults


def _faults_of_operation(
    document: Document, operation: Mapping[str, Any], query: str, body: Any
) -> list[str]:
    known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    faults = [f"no query parameter {name}" for name in names if name not in known]
    if body is None:
        return faults
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema is None:
        return [] if body == {} else [*faults, "it takes no JSON"]
    return faults + faults_of_json(document, schema, body)


def faults_of_json(document: Document, schema: Document, body: Any) -> list[str]:
    """List what is wrong with a JSON value, except where the reader puts something in."""
    validator = jsonschema_rs.Draft202012Validator(complete(document, schema))
    return [
        str(error).splitlines()[0][:200]
        for error in validator.iter_errors(body)
        if not HIDDEN.search(json.dumps(_at(body, error.instance_path), ensure_ascii=False))
    ]


def _at(value: Any, path: list[Any]) -> Any:
    for step in path:
        value = value[step]
    return value


def requests_in(text: str) -> list[tuple[str, str, Any]]:
    """The requests that a text writes as `POST /v1/… {json}`: method, target, JSON or None."""
    found = []
    for match in _REQUEST.finditer(text):
        body, rest = None, text[match.end() :]
        start = re.match(r"\s*(?=\{\")|\s*(?=\{\})", rest)
        if start:
            try:
                body, _ = json.JSONDecoder().raw_decode(rest[start.end() :])
            except ValueError:
                body = {"…": "cannot be read"}
        found.append((match[1], match[2].rstrip(".,;)"), body))
    return found


def curl_in(words: list[str]) -> tuple[str, str, Any]:
    """The request that curl's words send: method, target, JSON or None."""
    method, target, body, kind = "", "", None, ""
    rest = words[1:]
    while rest:
        word = rest.pop(0)
        if word in {"-X", "--request"}:
            method = rest.pop(0)
        elif word in {"-d", "--data", "--data-binary"}:
            body = rest.pop(0)
        elif word in {"-H", "--header"}:
            name, _, value = rest.pop(0).partition(":")
            kind = value.strip() if name.lower() == "content-type" else kind
        elif word in {"-u", "-o", "--output"}:
            rest.pop(0)
        elif not word.startswith("-"):
            target = word
    path = "/" + re.sub(r"^https?://", "", target).partition("/")[2]
    path = re.sub(r"\$\{?\w+\}?", "X", path)
    document = None
    if body is not None and (kind == "application/json" or body.startswith("{")):
        document = json.loads(body)
    return method or ("GET" if body is None else "POST"), path, document
