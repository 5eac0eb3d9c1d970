"""The page of banks: a correction is told value by value before it is proposed and approved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.console.pages.policy.bank_profiles import (
    ALGORITHMS,
    FIELDS,
    FORMATS,
    MEMBERS,
    SIGNATURES,
    differences,
)
from shared.bank_files.formats import format_names
from shared.signature.algorithms import ECDSA_P256, ED25519, RSA_PKCS1, RSA_PSS, SM2
from shared.signature.file import SignatureForm

ROOT = Path(__file__).parents[2]


def shipped() -> list[dict[str, Any]]:
    found = json.loads((ROOT / "services/collection/data/bank_profiles.json").read_text())
    return list(found["banks"])


def schema(name: str) -> dict[str, Any]:
    document = json.loads((ROOT / "openapi/collection.json").read_text())
    found: dict[str, Any] = document["components"]["schemas"][name]["properties"]
    return found


def test_every_member_of_a_bank_is_shown_and_can_be_typed() -> None:
    assert {column.member for column in MEMBERS} == schema("BankProfileOut").keys() - {"code"}
    assert {field.member for field in FIELDS} == schema("BankProfileIn").keys() - {"reason"}
    assert set(FORMATS) == set(format_names())
    assert set(SIGNATURES) == set(SignatureForm)
    assert set(ALGORITHMS) == {ED25519, ECDSA_P256, RSA_PSS, RSA_PKCS1, SM2}


def test_only_changed_values_are_told_and_all_of_a_new_bank() -> None:
    for bank in shipped():
        row = {"signature": "none", "signature_algorithm": None, **bank}
        assert differences(row, dict(row)) == []
        assert differences(row, {**row, "format": "csv", "lines_max": 500}) == [
            {
                "member": "文件格式",
                "was": FORMATS[bank["format"]][0],
                "becomes": "CSV 文本",
            },
            {
                "member": "每文件行数上限",
                "was": f"{bank['lines_max']:,}",
                "becomes": "500",
            },
        ]
        told = {change["member"]: change["becomes"] for change in differences(None, row)}
        assert told["本单位账号"] == bank["own_account"]
