"""The reference of error codes: each with its cause and its remedy, in both languages.

Refusals are classes whose docstring is their sentence. Faults of one place have code and sentence
where they are found; they are read off the source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Final

from shared.errors import Kind, Refusal
from shared.web.problem import STATUS

ROOT: Final = Path(__file__).parents[1]
SERVICES: Final = ("collection", "identity", "ledger", "payout")
_CODE: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
_BOTH: Final = re.compile(r"^(.*[\u4e00-\u9fff].*?)\s*\(([^()]*[A-Za-z].*)\)\s*[::]?.*$")

REMEDIES: Final[dict[Kind, tuple[str, str]]] = {
    Kind.MALFORMED: ("改正请求的格式后再提交", "Correct the form of the request and send it again"),
    Kind.UNAUTHENTICATED: (
        "向身份服务取新令牌后再提交",
        "Get a new token from identity and send the request again",
    ),
    Kind.FORBIDDEN: (
        "由有权的人员或本分中心的人员办理",
        "Let somebody with the right, or of the district, do it",
    ),
    Kind.NOT_FOUND: ("核对编号;先在列表中查到它", "Check the reference; find it in its list first"),
    Kind.CONFLICT: (
        "先读取单据的现状,再决定是否还要办理",
        "Read the paper's present state, then decide whether the step is still needed",
    ),
    Kind.GONE: ("已不再提供,改用现行的接口", "It is offered no longer; use what replaced it"),
    Kind.INVALID: (
        "按所列各处改正内容,以新的幂等键再提交",
        "Correct every place that is listed and send it with a new idempotency key",
    ),
    Kind.PRECONDITION_FAILED: (
        "重新读取,在新版本上修改",
        "Read it again and change the new version",
    ),
    Kind.PRECONDITION_REQUIRED: ("补上所缺的请求头", "Add the header field that is missing"),
    Kind.TOO_LARGE: ("分成几次提交", "Send it in several parts"),
    Kind.TOO_MANY: (
        "等候 Retry-After 所示秒数后重复同一请求",
        "Wait for the seconds of Retry-After, then repeat the same request",
    ),
    Kind.UNSUPPORTED: (
        "改用接口所列的内容类型,不压缩",
        "Use a content type that the operation lists, uncompressed",
    ),
    Kind.UNAVAILABLE: (
        "稍后以同一幂等键重复;不会办理两次",
        "Repeat it later with the same idempotency key; nothing happens twice",
    ),
}
OF_A_FAULT: Final = (
    "改正所指的值后再提交",
    "Correct the value that the pointer names and send it again",
)
OWN: Final[dict[str, tuple[str, str]]] = {
    "SAME_PERSON_TWICE": ("由另一人办理这一步", "Let another person take this step"),
    "IDEMPOTENCY_KEY_REUSED": (
        "新的请求用新的键;重复时内容须完全相同",
        "A new request takes a new key; a repeat has the same body",
    ),
    "INSUFFICIENT_FUNDS": (
        "先划转或拨款,再办理;余额见 GET /v1/funds/balances",
        "Sweep or fund the account first; GET /v1/funds/balances shows what it has",
    ),
    "INCOME_ACCOUNT_NOT_EMPTY": (
        "先把收入户、国库划入财政专户",
        "Sweep the income account and the treasury first",
    ),
    "RECONCILIATION_OPEN": (
        "上传所缺的对账单,处理各项差异",
        "Upload the missing statements and settle every item",
    ),
    "RECEIPTS_UNMATCHED": (
        "认定付款单位,或办理退回",
        "Identify the payers of money in suspense, or return it",
    ),
    "BUSINESS_NOT_BOOKS": (
        "查未送达和被拒的消息(wuxian refused),等送达后再结账",
        "See undelivered and refused messages (wuxian refused); close once they have arrived",
    ),
    "CONTROL_TOTALS_DIFFER": (
        "从单据重新加总;不要照抄对方的数",
        "Add up the papers again; do not copy the other side's totals",
    ),
    "UNIT_UNKNOWN": (
        "先登记该单位,或核对统一社会信用代码",
        "Register the unit first, or check its credit code",
    ),
    "DAY_CLOSED": (
        "用下一个未结账的日期;确需更正的,由两人反结账",
        "Use the next open day; if it must be that day, two people reopen it",
    ),
    "NOTHING_TO_DEBIT": (
        "本期没有待扣的通知单,不必办理",
        "No bill of the period waits for a debit; nothing is to be done",
    ),
    "TOKEN_INVALID": (
        "向身份服务取新令牌(POST /v1/oauth/token)",
        "Get a new token from identity (POST /v1/oauth/token)",
    ),
}
"""Remedies that say more than their kind's."""


@dataclass(frozen=True, slots=True, order=True)
class ErrorCode:
    """One code: where it is answered, its status, its cause and remedy in both languages."""

    code: str
    places: tuple[str, ...]
    status: int
    cause: tuple[str, str]
    remedy: tuple[str, str]


def error_codes() -> list[ErrorCode]:
    """List every code that the services answer, in alphabetical order."""
    for service in SERVICES:
        import_module(f"services.{service}.app")
    found: dict[str, ErrorCode] = {}
    for code, place, sentence in _faults():
        _add(found, code, place, 422, sentence, OF_A_FAULT)
    for kind in _refusals(Refusal):
        if kind.__dict__.get("code") and kind.__doc__:
            place = _place(kind.__module__)
            _add(found, kind.code, place, STATUS[kind.kind], kind.__doc__, REMEDIES[kind.kind])
    return sorted(found.values())


def _add(
    found: dict[str, ErrorCode],
    code: str,
    place: str,
    status: int,
    sentence: str,
    remedy: tuple[str, str],
) -> None:
    cause = split(sentence)
    if cause is None or not place:
        return
    before = found.get(code)
    places = {place, *(before.places if before else ())}
    found[code] = ErrorCode(code, tuple(sorted(places)), status, cause, OWN.get(code, remedy))


def _refusals(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _refusals(below)


def split(sentence: str) -> tuple[str, str] | None:
    """Split "中文 (English)" into both; None where it is not in both languages."""
    match = _BOTH.match(" ".join(sentence.split()))
    return (match[1], match[2]) if match else None


def _place(module: str) -> str:
    parts = module.split(".")
    if parts[0] == "shared":
        return "every service"
    return parts[1] if parts[1] in SERVICES else ""


def _faults() -> Iterator[tuple[str, str, str]]:
    """Find each code that stands beside its sentence, in a call or a pair."""
    files = [*ROOT.glob("shared/**/*.py")]
    for service in SERVICES:
        files += (ROOT / "services" / service).rglob("*.py")
    for path in sorted(files):
        place = _place(".".join(path.relative_to(ROOT).with_suffix("").parts))
        tree = ast.parse(path.read_text("utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            for code, text in _pairs(node):
                if isinstance(code, ast.Name):
                    name = constants.get(code.id)
                else:
                    name = code.value if isinstance(code, ast.Constant) else None
                sentence = _sentence(text)
                if isinstance(name, str) and _CODE.fullmatch(name) and _CHINESE.search(sentence):
                    yield name, place, sentence


def _pairs(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """List neighbours in a call's arguments or in a tuple."""
    if isinstance(node, ast.Call):
        parts = [*node.args, *(one.value for one in node.keywords)]
    elif isinstance(node, ast.Tuple):
        parts = node.elts
    else:
        return
    yield from pairwise(parts)


def _sentence(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values
        )
    return ""


def page() -> str:
    """Write the page."""
    codes = error_codes()
    lines = [
        "---",
        "hide: [toc]",
        "---",
        "# 错误代码 · Error codes",
        "",
        f"共 {len(codes)} 个,由源码生成。每个拒绝答复是 RFC 9457 问题文档,`code` 不变,`errors` 一次列出全部错误。",
        f"{len(codes)} codes, made from the source. A refusal is an RFC 9457 problem document with a"
        " stable `code`; `errors` lists every fault at once.",
        "",
        "| 代码 · Code | 状态 · Status | 服务 · Service | 原因 · Cause | 办法 · Remedy |",
        "|---|---|---|---|---|",
    ]
    for one in codes:
        cause, remedy = (" · ".join(pair).replace("|", "\\|") for pair in (one.cause, one.remedy))
        places = "every service" if "every service" in one.places else ", ".join(one.places)
        lines.append(f"| `{one.code}` | {one.status} | {places} | {cause} | {remedy} |")
    return "\n".join(lines) + "\n"
