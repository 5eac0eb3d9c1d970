"""Reading of XML files from outside: no entities, no network, no document types, bounded depth.

A file is read as a stream: an element that was handed out is forgotten when the next is asked for,
so memory does not grow with the file. Where a schema is given, the same pass validates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any, Final

from lxml import etree

from shared.bank_files.protocol import BankFileInvalid, Faults, refuse

Element = Any
"""An element of lxml, which has no types of its own."""

_PIECE: Final = 1024 * 1024
_EXPLAINED_BYTES: Final = 8 * 1024 * 1024
"""The largest invalid file that is read a second time to tell the lines of its faults."""
_RECORD_ELEMENTS_MAX: Final = 1000
"""The most elements of one record of a file that no schema describes."""
_ENCODINGS: Final = {"utf-8", "utf8", "us-ascii", "ascii", "gbk", "gb2312", "gb18030"}
_DECLARED: Final = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_GUARDS: Final[dict[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "huge_tree": False,
    "load_dtd": False,
    "remove_comments": True,
    "remove_pis": True,
}


def check_plain(source: IO[bytes]) -> None:
    """Check that a file declares no document type and no entity, and is of a known encoding.

    The encodings admitted keep ASCII bytes as they are, so a search of the bytes is enough.

    Raises:
        BankFileInvalid: it does, or is not.
    """
    source.seek(0)
    head = source.read(256)
    declared = _DECLARED.search(head.removeprefix(b"\xef\xbb\xbf"))
    name = declared[1].decode().lower() if declared else "utf-8"
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\x00" in head or name not in _ENCODINGS:
        raise refuse("", "ENCODING_UNKNOWN", "文件编码不支持 (only UTF-8 and GB18030 are read)")
    source.seek(0)
    tail = b""
    while piece := source.read(_PIECE):
        window = tail + piece
        if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
            raise refuse(
                "", "DTD_REFUSED", "不接受文档类型定义与实体 (no document type, no entities)"
            )
        tail = piece[-16:]
    source.seek(0)


def root_name(source: IO[bytes]) -> tuple[str, str]:
    """Return the namespace and the local name of the root element.

    Raises:
        BankFileInvalid: it is no XML.
    """
    source.seek(0)
    try:
        for _, element in etree.iterparse(source, events=("start",), **_GUARDS):
            name = etree.QName(element)
            return name.namespace or "", name.localname
    except etree.XMLSyntaxError as error:
        raise _invalid(error.error_log, error) from error
    finally:
        source.seek(0)
    raise refuse("", "XML_INVALID", "不是 XML 文件 (not an XML file)")


def read_elements(
    source: IO[bytes], records: Mapping[str, Collection[str]], schema: etree.XMLSchema | None = None
) -> Iterator[tuple[str, Element]]:
    """Hand out elements with their local names, in the order of their ends; validate on the way.

    Args:
        records: local name of a parent → the local names below it that are wanted; `*` is all.

    Raises:
        BankFileInvalid: the file is not well formed, or not of the schema.
    """
    source.seek(0)
    tags = sorted({f"{{*}}{name}" for names in records.values() for name in names})
    # A schema says what stands in a file; without one every element is counted.
    only = {"tag": tags} if schema is not None else {}
    stream = etree.iterparse(source, events=("end",), schema=schema, **only, **_GUARDS)
    elements = 0
    try:
        for _, element in stream:
            parent, name = element.getparent(), _local(element)
            wanted = records.get(_local(parent), ()) if parent is not None else ()
            elements += 1
            if name in wanted or "*" in wanted:
                yield name, element
                _forget(element)
                elements = 0
            elif schema is None and elements > _RECORD_ELEMENTS_MAX:
                raise refuse("", "RECORD_TOO_LARGE", "单笔内容过大 (too many elements in a record)")
    except etree.XMLSyntaxError as error:
        raise _explained(source, schema) or _invalid(error.error_log, error) from error


def _local(element: Element) -> str:
    name: str = element.tag
    return name.rpartition("}")[2]


def _forget(element: Element) -> None:
    element.clear(keep_tail=False)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _explained(source: IO[bytes], schema: etree.XMLSchema | None) -> BankFileInvalid | None:
    """Read a small invalid file again as a whole, because only then the faults have lines."""
    if schema is None or source.seek(0, 2) > _EXPLAINED_BYTES:
        return None
    source.seek(0)
    try:
        tree = etree.parse(source, etree.XMLParser(**_GUARDS))
    except etree.XMLSyntaxError as error:
        return _invalid(error.error_log, error)
    return None if schema.validate(tree) else _invalid(schema.error_log, None)


def _invalid(log: Any, error: Exception | None) -> BankFileInvalid:
    faults = Faults()
    for entry in log:
        pointer = f"line/{entry.line}" if entry.line else ""
        faults.add(pointer, "XML_INVALID", _plain(entry.message))
    if not faults.count:
        faults.add("", "XML_INVALID", _plain(str(error)))
    return BankFileInvalid(faults=faults.found, count=faults.count)


def _plain(message: str) -> str:
    """Shorten libxml2's message: names without their namespace."""
    return re.sub(r"\{urn:[^}]*\}", "", message)[:300]


def child_text(element: Element, path: str) -> str:
    """Return the text at a path of local names below an element; empty when there is none."""
    found = child(element, path)
    return "" if found is None else (found.text or "").strip()


def child(element: Element, path: str) -> Element | None:
    """Return the first element at a path of local names below an element."""
    for name in path.split("/"):
        element = next(element.iterchildren(f"{{*}}{name}"), None)
        if element is None:
            return None
    return element
