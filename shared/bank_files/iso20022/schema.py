"""The XSD files of the messages, each loaded once."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from lxml import etree

from shared.bank_files.protocol import refuse
from shared.bank_files.xml_reader import read_elements

FOLDER: Final = Path(__file__).parent.parent / "data" / "xsd"
NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"


@cache
def _load(message: str) -> etree.XMLSchema:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.XMLSchema(etree.parse(str(FOLDER / f"{message}.xsd"), parser))


def schema_of(namespace: str, *families: str) -> tuple[str, etree.XMLSchema]:
    """Return the message and the schema that a namespace names.

    Args:
        families: the messages that are taken here, such as "camt.053".

    Raises:
        BankFileInvalid: the file is another message, or of a version without a schema here.
    """
    message = namespace.removeprefix(NAMESPACE)
    known = sorted(path.stem for path in FOLDER.glob("*.xsd") if path.stem[:8] in families)
    if not namespace.startswith(NAMESPACE) or message not in known:
        raise refuse(
            "",
            "MESSAGE_UNKNOWN",
            f"不是可收的报文,可收 {', '.join(known)} (not one of the messages that are read here)",
        )
    return message, _load(message)


def valid(message: str, content: bytes, *, parent: str, line: str) -> bytes:
    """Return a file that was built here, after it passed its schema.

    A file that fails is a bug of the builder, never sent.

    Args:
        parent, line: the element of a line and the one that it stands in.
    """
    for _ in read_elements(BytesIO(content), {parent: (line,)}, _load(message)):
        pass
    return content
