"""The formats of bank files by name."""

from __future__ import annotations

from typing import Final

from shared.bank_files.csv_file import CsvFormat
from shared.bank_files.gbk_xml import GbkXmlFormat, profile_names
from shared.bank_files.iso20022.format import Iso20022Format
from shared.bank_files.json_file import JsonFormat
from shared.bank_files.protocol import BankFormat
from shared.errors import Kind, Refusal

_GBK: Final = GbkXmlFormat.name


class BankFormatUnknown(Refusal):
    """没有这种银行文件格式 (there is no such format of bank files)"""

    kind = Kind.INVALID
    code = "BANK_FORMAT_UNKNOWN"


def format_names() -> list[str]:
    """Return the names of all formats; `gbk_xml:icbc` is the GBK XML of the profile `icbc`."""
    return ["csv", "iso20022", "json", *(f"{_GBK}:{name}" for name in profile_names())]


def bank_format(name: str) -> BankFormat:
    """Return a format by its name.

    Raises:
        BankFormatUnknown: there is none.
    """
    plain: dict[str, BankFormat] = {
        "csv": CsvFormat(),
        "iso20022": Iso20022Format(),
        "json": JsonFormat(),
    }
    if name in plain:
        return plain[name]
    family, _, profile = name.partition(":")
    if family != _GBK or profile not in profile_names():
        raise BankFormatUnknown(format=name[:40])
    return GbkXmlFormat(profile)
