"""XML in GBK as Chinese banks exchange it; a profile, which is data, names the fields of each bank.

Every file is `<root><eb><pub>head</pub><in|out>members and <rd> lines</in|out></eb></root>`.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, Final
from xml.sax.saxutils import escape

from shared.bank_files.protocol import refuse
from shared.bank_files.rows import (
    WHOLE_FILE,
    Row,
    acknowledgement_of,
    entries_of,
    order_rows,
    statements_of,
)
from shared.bank_files.values import (
    AccountStatement,
    Acknowledgement,
    OrderFile,
    OrderKind,
    StatementEntry,
)
from shared.bank_files.xml_reader import check_plain, read_elements, root_name
from shared.clock import SHANGHAI
from shared.money import format_yuan

PROFILES: Final = Path(__file__).parent / "data" / "gbk_profiles"
_LINE: Final = "rd"
_RECORDS: Final = {"pub": ("*",), "in": ("*",), "out": ("*",)}
_BALANCES: Final = ("opening", "closing")


@cache
def _profile(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((PROFILES / f"{name}.json").read_text("utf-8"))
    return found


def profile_names() -> list[str]:
    """Return the names of the profiles that are shipped."""
    return sorted(path.stem for path in PROFILES.glob("*.json"))


class GbkXmlFormat:
    """GBK XML of one bank."""

    name = "gbk_xml"
    media_type = "application/xml"
    suffix = "xml"

    def __init__(self, profile: str) -> None:
        self._profile = _profile(profile)

    def build_batch(self, file: OrderFile) -> bytes:
        """Build the file of orders. A character that GBK lacks is written by its number."""
        profile, orders = self._profile, self._profile["orders"]
        made_at = file.created_at.astimezone(SHANGHAI)
        facts = {
            "code": orders["codes"][file.kind.value],
            "own_id": file.own_id,
            "own_account": file.own.number,
            "own_name": file.own.name,
            "file_no": file.number,
            "day": self._written("due_on", made_at.date().isoformat()),
            "time": made_at.strftime("%H%M%S"),
            "due_on": self._written("due_on", file.due_on.isoformat()),
            "lines": str(len(file.orders)),
            "total": self._written("amount", format_yuan(file.total_fen)),
        }
        head = _members({name: form.format(**facts) for name, form in orders["head"].items()})
        body = _members({name: form.format(**facts) for name, form in orders["control"].items()})
        lines = "\n".join(
            f"<{_LINE}>{_members(self._line(row))}</{_LINE}>" for row in order_rows(file)
        )
        root = profile["root"]
        text = (
            f'<?xml version="1.0" encoding="{profile["encoding"]}"?>\n'
            f"<{root}><eb><pub>{head}</pub><in>{body}\n{lines}</in></eb></{root}>\n"
        )
        return text.encode(profile["encoding"], errors="xmlcharrefreplace")

    def parse_acknowledgement(self, source: IO[bytes], kind: OrderKind) -> Acknowledgement:
        """Read the bank's results of orders of a kind."""
        head, rows = self._read(source, self._profile["results"]["line"])
        return acknowledgement_of(
            head.get(self._profile["results"]["number"], ""), self._results(head, rows)
        )

    def parse_statement(self, source: IO[bytes]) -> Sequence[AccountStatement]:
        """Read the statements of accounts."""
        return statements_of(self._entries(source))

    def stream_entries(self, source: IO[bytes]) -> Generator[StatementEntry, None, None]:
        """Read the entries of statements one by one."""
        return entries_of(self._entries(source), balances=True)

    def _entries(self, source: IO[bytes]) -> Iterator[Row]:
        names = self._profile["statement"]
        head, rows = self._read(source, names["line"])
        whole = {
            "account": head.get(names["account"], ""),
            "statement": head.get(names["number"], ""),
        } | {name: self._amount(head.get(names[name], "")) for name in _BALANCES}
        for row in rows:
            yield {**whole, **self._entry(row)}

    def _line(self, row: Row) -> dict[str, str]:
        fields = self._profile["orders"]["line"]
        return {member: self._written(name, row[name]) for member, name in fields.items()}

    def _results(self, head: Row, rows: Iterable[Row]) -> Iterator[Row]:
        names = self._profile["results"]
        file_no, refused = head.get(names["file_no"], ""), names["refused"]
        if head.get(refused["field"], "") not in refused["accepted"]:
            yield {
                "file_no": file_no,
                "line": WHOLE_FILE,
                "outcome": "refused",
                "reason_code": head[refused["field"]],
                "reason": head.get(refused["reason"], ""),
            }
        for row in rows:
            outcome = names["outcomes"].get(row.get("outcome", ""), "")
            amount = self._amount(row.get("amount", ""))
            yield {**row, "file_no": file_no, "outcome": outcome, "amount": amount}

    def _entry(self, row: Row) -> Row:
        rule = self._profile["statement"]["direction"]
        direction = row.get(rule["field"], "")
        amount = self._amount(row.get("amount", ""))
        if direction in rule["out"]:
            return {**row, "amount": f"-{amount}"}
        return {**row, "amount": amount if direction in rule["in"] else "?"}

    def _read(self, source: IO[bytes], fields: Mapping[str, str]) -> tuple[Row, Iterator[Row]]:
        """Read the head, then the lines one by one; fields of lines get our names.

        The head's members may stand behind the lines, so the file is read twice.

        Raises:
            BankFileInvalid: it is another XML file.
        """
        check_plain(source)
        if root_name(source)[1] != self._profile["root"]:
            raise refuse("", "MESSAGE_UNKNOWN", "不是该银行的报文 (not a message of this bank)")
        head = {
            name: (element.text or "").strip()
            for name, element in read_elements(source, _RECORDS)
            if name != _LINE
        }
        return head, _lines(source, fields)

    def _written(self, name: str, text: str) -> str:
        """Write a value as the bank wants it: days and amounts have their own form."""
        if name == "due_on":
            return text.replace("-", str(self._profile["day_separator"]))
        if name == "amount" and self._profile["amount_unit"] == "fen":
            return str(int(text.replace(".", "")))
        return text

    def _amount(self, text: str) -> str:
        """Return an amount in yuan, as rows have it; a text that is none is left to be refused."""
        if self._profile["amount_unit"] != "fen" or not text:
            return text
        sign = "-" if text.startswith("-") else ""
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
            return "?"
        return sign + format_yuan(int(digits))


def _lines(source: IO[bytes], fields: Mapping[str, str]) -> Iterator[Row]:
    for name, element in read_elements(source, _RECORDS):
        if name == _LINE:
            yield {fields.get(one.tag, one.tag): (one.text or "").strip() for one in element}


def _members(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{_escaped(value)}</{name}>" for name, value in values.items())


def _escaped(text: str) -> str:
    return escape("".join(one for one in text if one.isprintable()))
