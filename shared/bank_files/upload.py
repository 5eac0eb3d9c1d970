"""Receiving of bank files, and how doors describe them."""

from __future__ import annotations

import hashlib
from typing import IO, Annotated, Any, Final

from fastapi import Header, Request

from shared.bank_files.protocol import refuse

SIGNATURE_HEADER: Final = "File-Signature"
"""The header with a file's detached signature, both ways."""
SignatureHeader = Annotated[
    str | None,
    Header(
        alias=SIGNATURE_HEADER,
        max_length=4096,
        description="文件的分离签名,按银行约定 (detached signature, as the bank's profile says)",
    ),
]
SPOOL_BYTES: Final = 1024 * 1024
"""Bytes of a file that stay in memory; a larger one lies on disk."""
MEDIA: Final = ("application/xml", "text/csv", "application/json")
_RAW: Final[dict[str, Any]] = {"schema": {"type": "string", "minLength": 1}}
ANSWER_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": dict.fromkeys(MEDIA, _RAW)}
}
FILE_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": dict.fromkeys(MEDIA, _RAW), "description": "文件 The file"}
}


async def receive(request: Request, file: IO[bytes]) -> bytes:
    """Store a file as it is received; return its digest.

    Raises:
        BankFileInvalid: it is empty.
    """
    digest, size = hashlib.sha256(), 0
    async for piece in request.stream():
        digest.update(piece)
        size += file.write(piece)
    if not size:
        raise refuse("", "FILE_EMPTY", "文件为空 (the file is empty)")
    file.seek(0)
    return digest.digest()
