"""Banks of direct debits (代扣银行): formats, the centre's accounts and signing; two people change a row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from nicegui import ui

from services.console.page import Area, FreePage, View, link
from services.console.widgets.action import Action, action_button, stay
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.field import Choice, Field, Note, Number
from services.console.widgets.form import Form
from services.console.widgets.paper import show_fields
from services.console.widgets.rules import row_decisions
from services.console.widgets.table import table_panel
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, t, tell
from shared.bank_files.formats import format_names
from shared.roles import Right

Row = Mapping[str, Any]
_DOOR: Final = "collection:/v1/bank-profiles"
_PATH: Final = "/bank-profiles"
FORMATS: Final[Mapping[str, Text]] = {
    "csv": ("CSV 文本", "CSV"),
    "iso20022": ("ISO 20022 报文", "ISO 20022"),
    "json": ("JSON 逐批往来", "JSON by batch"),
    **{
        name: (f"GBK 报文({profile})", f"GBK XML ({profile})")
        for name in format_names()
        if (profile := name.partition(":")[2])
    },
}
SIGNATURES: Final[Mapping[str, Text]] = {
    "none": ("不签名", "None"),
    "raw": ("裸签名", "Raw"),
    "jws": ("JWS", "JWS"),
}
ALGORITHMS: Final[Mapping[str, Text]] = {
    "ed25519": ("Ed25519", "Ed25519"),
    "ecdsa-p256-sha256": ("ECDSA P-256", "ECDSA P-256"),
    "rsa-pss-sha512": ("RSA-PSS", "RSA-PSS"),
    "rsa-v1_5-sha256": ("RSA PKCS#1 v1.5", "RSA PKCS#1 v1.5"),
    "sm2-sm3": ("国密 SM2/SM3", "SM2 with SM3"),
}
MEMBERS: Final = (
    Column("name", ("名称", "Name")),
    Column("format", ("文件格式", "Format"), names=FORMATS),
    Column("own_account", ("本单位账号", "The centre's account"), Kind.CODE),
    Column("own_name", ("户名", "Account name")),
    Column("own_bank", ("开户行", "Branch")),
    Column("own_bank_code", ("联行号", "Bank code"), Kind.CODE),
    Column("own_id", ("企业代码", "The centre's id"), Kind.CODE),
    Column("lines_max", ("每文件行数上限", "Lines of a file"), Kind.NUMBER),
    Column("signature", ("文件签名", "Signature"), names=SIGNATURES),
    Column("signature_algorithm", ("签名算法", "Algorithm"), names=ALGORITHMS),
    Column("signing_client", ("银行公钥所属客户端", "Client with the bank's keys")),
    Column("own_key_id", ("本单位私钥标识", "The centre's key"), Kind.CODE),
)
_LISTED: Final = frozenset(
    {"name", "format", "own_account", "own_name", "own_bank_code", "lines_max", "signature"}
)
"""Members that fit into the list; the form and the changes show all."""
_TITLES: Final = {column.member: column.title for column in MEMBERS}
_CODE: Final = Field(
    member="code", title=("代码(小写字母、数字)", "Code, in small letters"), is_needed=True
)
FIELDS: Final = (
    Field(member="name", title=_TITLES["name"], is_needed=True),
    Choice(member="format", title=_TITLES["format"], choices=FORMATS, is_needed=True),
    Field(member="own_account", title=_TITLES["own_account"], is_needed=True),
    Field(member="own_name", title=_TITLES["own_name"], is_needed=True),
    Field(member="own_bank", title=_TITLES["own_bank"]),
    Field(member="own_bank_code", title=_TITLES["own_bank_code"]),
    Field(member="own_id", title=_TITLES["own_id"], is_needed=True),
    Number(member="lines_max", title=_TITLES["lines_max"], is_needed=True, start="10000"),
    Choice(
        member="signature",
        title=_TITLES["signature"],
        choices=SIGNATURES,
        is_needed=True,
        start="none",
    ),
    Choice(
        member="signature_algorithm",
        title=("签名算法,不选则按密钥", "Algorithm; none: by the key"),
        choices=ALGORITHMS,
    ),
    Field(member="signing_client", title=_TITLES["signing_client"]),
    Field(member="own_key_id", title=_TITLES["own_key_id"]),
)
_CHANGE: Final = (
    Column("member", ("内容", "Value")),
    Column("was", ("现为", "Now")),
    Column("becomes", ("改为", "Becomes")),
)
_FILED: Final = (
    Column("bank.code", ("代码", "Code"), Kind.CODE),
    Column("bank.name", ("名称", "Name")),
    Column("reason", ("理由", "Reason")),
    Column("filed_by", ("提出", "Filed by")),
)
CORRECT: Final = Action(
    title=("提出", "Propose"),
    door=f"{_DOOR}/{{code}}/corrections",
    right=Right.PROPOSE_CORRECTION,
    fields=(Note(member="reason", title=("理由", "Reason"), is_needed=True),),
    body=lambda paper: paper["row"],
    confirm=(
        "{row.name} 改动 {count} 处;另一人批准后,自下一个文件起执行。",
        "{count} values of {row.name} change, from the next file, when another person approves.",
    ),
    done=("已提出,待另一人批准", "Filed; another person approves"),
    after=lambda answer: _PATH,
)
DECISIONS: Final = row_decisions(
    "collection:/v1/bank-profile-corrections/{id}",
    Right.APPROVE_CORRECTION,
    (
        "{bank.name} 改动 {count} 处,自下一个文件起执行",
        "{count} values of {bank.name}, from the next file",
    ),
)


def differences(was: Row | None, becomes: Row) -> list[dict[str, str]]:
    """Return every value of a bank's row that a correction changes, as people read it."""
    found = []
    for column in MEMBERS:
        texts = {
            "was": str(column.cell(was)["text"]) if was else "—",
            "becomes": str(column.cell(becomes)["text"]),
        }
        if texts["was"] != texts["becomes"]:
            found.append({"member": tell(column.title), **texts})
    return found


async def show_banks(view: View) -> None:
    """Show the banks, and what waits for approval; every step shows them anew."""
    body = ui.element("div").classes("w-full wx-outcome")

    async def show() -> None:
        body.clear()
        with body:
            await _show_banks(view, show)

    await show()


async def _show_banks(view: View, refresh: Callable[[], Awaitable[None]]) -> None:
    with ui.row().classes("wx-title-row"):
        page_title(t("代扣银行", "Banks of direct debits"))
        ui.space()
        if view.may(Right.PROPOSE_CORRECTION):
            ui.button(
                t("新增银行", "Add a bank"),
                icon="add",
                on_click=lambda: ui.navigate.to(f"{_PATH}/row"),
            ).props("outline no-caps")
    about(
        t(
            "代扣文件的格式、本单位账户与签名;更正由两人办理,自下一个文件起执行。",
            "Formats of debit files, the centre's accounts and signing. Two people change a row; it"
            " holds from the next file.",
        )
    )
    found = await attempt(view.api, lambda: view.api.get(_DOOR))
    if found is None:
        return
    rows = {row["code"]: row for row in found["items"]}
    if found["waiting"]:
        heading(t("待批准", "To be approved"))
    for change in found["waiting"]:
        changes = differences(rows.get(change["bank"]["code"]), change["bank"])
        with ui.element("div").classes("w-full wx-outcome"):
            show_fields(_FILED, change)
            table_panel(_CHANGE, changes)
            with ui.row():
                for action in DECISIONS:
                    paper = {**change, "count": len(changes)}
                    if action.is_open(view, paper):
                        action_button(view, action, paper, refresh)
    heading(t("现有", "Rows"))
    code = Column("code", ("代码", "Code"), Kind.CODE, address=_address(view))
    table_panel([code, *(one for one in MEMBERS if one.member in _LISTED)], found["items"])


def _address(view: View) -> Callable[[Row], str | None]:
    """Return the address of a row's form, for who may propose a change."""
    may = view.may(Right.PROPOSE_CORRECTION)
    return lambda row: link(f"{_PATH}/row", code=row["code"]) if may else None


async def show_row(view: View) -> None:
    """Show the form of a bank: one that is there, or a new one."""
    found = await attempt(view.api, lambda: view.api.get(_DOOR))
    if found is None:
        return
    code = view.query.get("code")
    row = next((one for one in found["items"] if one["code"] == code), None)
    if code and row is None:
        about(t("无此代扣银行。", "There is no such bank."))
        return
    page_title(
        f"{t('代扣银行', 'Bank of direct debits')} · {row['name'] if row else t('新增', 'New')}"
    )
    openings = {name: str(value) for name, value in (row or {}).items() if value is not None}
    form = Form(replace(view, query=openings), FIELDS if row else (_CODE, *FIELDS))
    with ui.element("div").classes("wx-panel wx-form-panel"):
        with ui.element("div").classes("wx-form-grid"):
            await form.build()

        def check() -> None:
            typed = form.typed()
            if typed is not None:
                place.clear()
                with place:
                    _show_change(view, row, {"code": code, **typed})

        ui.button(t("查看改动", "Show the change"), on_click=check).props("outline no-caps")
    place = ui.element("div").classes("w-full wx-outcome")


def _show_change(view: View, row: Row | None, typed: Row) -> None:
    changes = differences(row, typed)
    table_panel(_CHANGE, changes)
    body = {name: value for name, value in typed.items() if name != "code"}
    paper = {"code": typed["code"], "row": body, "count": len(changes)}
    if changes and CORRECT.is_open(view, paper):
        with ui.row():
            action_button(view, CORRECT, paper, stay)


PAGES: Final = (
    FreePage(
        path=_PATH,
        title=("代扣银行", "Banks of direct debits"),
        area=Area.POLICY,
        order=76,
        rights=(Right.READ_COLLECTION,),
        show=show_banks,
    ),
    FreePage(
        path=f"{_PATH}/row",
        title=("代扣银行", "Bank of direct debits"),
        area=Area.POLICY,
        rights=(Right.PROPOSE_CORRECTION,),
        show=show_row,
        in_menu=False,
    ),
)
