"""CSV that is cut into columns at once reads as the `csv` module reads it."""

import io
from dataclasses import asdict, astuple
from typing import Any

import numpy as np
import pytest

from services.collection.common.domain.rows import FileUnreadable
from services.collection.filing.domain import text as text_rules
from tests.collection.support.office import a_person

INSURANCES = ("pension", "medical")
CODE = "91120101MA0000001X"
ROWS = [f"{CODE},{a_person()['identity_number']},{5000 + n}.00" for n in range(12)]
BODIES = {
    "plain": [*ROWS, ""],
    "without a last line end": ROWS,
    "a blank line, and one of commas": [*ROWS[:5], "", ",,", *ROWS[5:], ""],
    "a short line": [*ROWS[:5], CODE, *ROWS[5:], ""],
    "a long line": [*ROWS[:5], ROWS[5] + ",more", *ROWS[6:], ""],
    "quotes": [*ROWS[:5], ROWS[5].replace(CODE, f'"{CODE}"'), *ROWS[6:], ""],
    "a line end in quotes": [*ROWS[:5], f'"{CODE}\n",1,2.00', *ROWS[6:], ""],
    "quotes that are not closed": [*ROWS[:5], f'"{CODE}', *ROWS[6:], ""],
    "Chinese": [*ROWS[:5], ROWS[5].replace(CODE, "天津"), *ROWS[6:], ""],
    "a mark in the middle": [*ROWS[:5], "\ufeff" + ROWS[5], *ROWS[6:], ""],
    "an old Macintosh's line end": [*ROWS[:5], ROWS[5] + "\r" + ROWS[6], *ROWS[7:], ""],
    "empty cells": [*ROWS[:5], f"{CODE},,1.00", ",1,1.00", f"{CODE},1,", *ROWS[6:], ""],
    "units in turn": [row.replace(CODE, CODE[:-1] + "XY"[n % 2]) for n, row in enumerate(ROWS)],
    "a short code": [*ROWS[:5], ROWS[5].replace(CODE, "9112"), *ROWS[6:], ""],
    "small letters and blanks": [*ROWS[:5], f" {ROWS[5].lower()}", *ROWS[6:], ""],
    "an error of a spreadsheet": [*ROWS[:5], ROWS[5].replace(CODE, "#N/A"), *ROWS[6:], ""],
    "no amount": [*ROWS[:5], ROWS[5].replace(".00", ".0x"), *ROWS[6:], ""],
    "a zero in front": [*ROWS[:5], ROWS[5].replace(",5", ",05"), *ROWS[6:], ""],
    "only blank lines": ["", "", ""],
    "nothing": [""],
}


def read(header: str, body: str, encoding: str) -> Any:
    content = (header + body).encode("utf-8" if encoding == "utf-8-sig" else encoding)
    steps: list[int] = []
    try:
        filed = text_rules.read_csv(
            io.BytesIO(content), encoding, INSURANCES, b"pepper", None, steps.append
        )
    except FileUnreadable as unreadable:
        return unreadable.fault.code
    found = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in asdict(filed).items()
    }
    # Codes are numbered in any order.
    found["unit"] = [filed.codes[place] for place in found["unit"]]
    found["codes"] = set(filed.codes)
    found["faults"] = sorted(map(astuple, filed.faults))
    return found, sum(steps)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("body", list(BODIES))
def test_both_ways_read_the_same(
    monkeypatch: pytest.MonkeyPatch, body: str, line_end: str, encoding: str
) -> None:
    monkeypatch.setattr(text_rules, "_PIECE_BYTES", 100)
    text = line_end.join(BODIES[body])
    names = "credit_code,identity_number,wage"
    by_csv = read(names.replace("wage", '"wage"') + line_end, text, encoding)
    assert read(names + line_end, text, encoding) == by_csv


@pytest.mark.parametrize("empty", [1, 90, 253, 254, 600])
def test_empty_columns_behind_the_last_one_change_nothing(empty: int) -> None:
    names = "credit_code,identity_number,wage"
    commas = "," * empty
    body = "".join(f"{row}{commas}\n" for row in ROWS)
    bare = "".join(f"{row}\n" for row in ROWS)
    assert read(f"{names}{commas}\n", body, "utf-8-sig") == read(f"{names}\n", bare, "utf-8-sig")
