"""`wuxian token`, `code`, `number`, `openapi`, `settings` and `version`."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services import VERSION
from services.cli.common import (
    SERVICES,
    AsJson,
    err,
    fail,
    out,
    print_json,
    print_table,
    sandbox_token,
    settings_with,
)
from shared.roles import CENTRE, Level, Role

if TYPE_CHECKING:
    from shared.process.settings import Settings


def token(
    role: Annotated[Role, typer.Option(help="What the bearer is.")],
    district: Annotated[str, typer.Option(help="District code, for district roles.")] = CENTRE,
    as_json: AsJson = False,
) -> None:
    """Print a token of one of the sandbox's identities, from the running identity service."""
    if (role.level is Level.DISTRICT) == (district == CENTRE):
        needs = (
            "needs a --district" if district == CENTRE else "stands at the centre: no --district"
        )
        fail(f"{role.value} {needs}", 2)
    own = role.value if district == CENTRE else f"{role.value}.{district}"
    found = sandbox_token(settings_with(), own)
    if as_json:
        print_json(found | {"subject": own, "role": role.value, "district": district})
    else:
        out.print(found["access_token"], soft_wrap=True, markup=False, highlight=False)


def code(
    name: Annotated[str, typer.Argument(help="For instance district_clerk.heping.")],
) -> None:
    """Print the one-time code with which one of the sandbox's people signs in to the console now."""
    import pyotp

    from shared.security.sandbox import secrets_in, totp_seed

    chosen = settings_with()
    known = secrets_in(chosen.identity_path)
    if name not in known:
        fail(f"the sandbox of {chosen.home} has no {name}", 2)
    out.print(pyotp.TOTP(totp_seed(known[name])).now(), highlight=False)


def number(
    text: Annotated[
        str, typer.Argument(metavar="NUMBER", help="17 characters to complete, or all 18 to check.")
    ],
) -> None:
    """Complete a credit code or an identity number with its check character, or check it.

    Seventeen digits with a day of birth are an identity number; anything else is a credit code.
    """
    from shared.cn import credit_code, identity_number

    is_person = identity_number.looks_like_one(text)
    kind = "公民身份号码 (identity number)" if is_person else "统一社会信用代码 (credit code)"
    module = identity_number if is_person else credit_code
    complete = identity_number.with_check_digit if is_person else credit_code.with_check_character
    try:
        whole = complete(text[:17])
    except ValueError:
        whole = ""
    if len(text) not in {17, 18} or module.fault_in(whole):
        fail(f"{text}: no {kind}; 17 or 18 characters, 0-9 and A-Z without I, O, S, V, Z", 2)
    if len(text) == 18 and text != whole:
        fail(f"{text}: {kind}; the last character must be {whole[-1]}")
    err.print(kind, markup=False, highlight=False)
    out.print(whole, markup=False, highlight=False)


def openapi(
    write: Annotated[
        Path | None, typer.Option(help="Write one file a service into this directory.")
    ] = None,
) -> None:
    """Print (or write) the OpenAPI documents of the services."""
    documents = {service: openapi_of(service) for service in SERVICES}
    if write is None:
        print_json(documents)
        return
    write.mkdir(parents=True, exist_ok=True)
    for service, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
        (write / f"{service}.json").write_text(f"{text}\n", encoding="utf-8")
        err.print(f"wrote {write / service}.json", markup=False, highlight=False)


def openapi_of(service: str) -> dict[str, Any]:
    """Return a service's OpenAPI document, which depends on nothing but the source."""
    from shared.process.settings import Settings

    build = import_module(f"services.{service}.app").build
    document: dict[str, Any] = build(Settings()).openapi()
    return document


def settings(
    write: Annotated[
        Path | None,
        typer.Option(help="Write the reference page to this file instead.", dir_okay=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List every setting: its variable, meaning, default and value here."""
    from shared.process.settings import Settings

    if write is not None:
        write.write_text(page(Settings), encoding="utf-8")
        err.print(f"wrote {write}", markup=False, highlight=False)
        return
    rows = rows_of(Settings, settings_with())
    if as_json:
        print_json(rows)
        return
    print_table(
        "设置 Settings",
        ["variable", "value", "meaning"],
        [[row["variable"], row["value"], row["meaning"]] for row in rows],
    )


def rows_of(kind: type[Settings], values: Settings | None = None) -> list[dict[str, str]]:
    """Describe each setting; `value` only where a set of them is given."""
    rows = []
    for name, field in kind.model_fields.items():
        row = {
            "variable": f"WUXIAN_{name.upper()}",
            "default": _default(field),
            "meaning": " ".join((field.description or "").split()),
        }
        if values is not None:
            row["value"] = _shown(name, getattr(values, name))
        rows.append(row)
    return rows


def _default(field: Any) -> str:
    if field.default_factory is not None:
        made = field.default_factory()
        # A default that depends on the machine is told in words by the meaning.
        return "" if isinstance(made, Path) or not made else str(made)
    return "" if field.default is None else _text(field.default)


def _shown(name: str, value: Any) -> str:
    if name.endswith("_secret") and value:
        return "***"
    if name.endswith("database_url") and value:
        from sqlalchemy.engine import make_url

        return make_url(str(value)).render_as_string(hide_password=True)
    return "" if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def page(kind: type[Settings]) -> str:
    """Write the reference page of all settings (docs/configuration.md)."""
    lines = [
        "# 设置 · Configuration",
        "",
        "全部设置用环境变量给出,名字以 `WUXIAN_` 开头。本页由 `wuxian settings --write` 从源码生成;",
        "`wuxian settings` 显示本机的值。",
        "",
        "Every setting is an environment variable that begins with `WUXIAN_`. This page is made from",
        "the source by `wuxian settings --write`; `wuxian settings` shows the values here.",
        "",
        "| 变量 · Variable | 默认 · Default | 含义 · Meaning |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{row['variable']}` | {_code(row['default'])} | {row['meaning']} |"
        for row in rows_of(kind)
    ]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def version(as_json: AsJson = False) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": VERSION})
    else:
        out.print(f"wuxian {VERSION}", highlight=False)
