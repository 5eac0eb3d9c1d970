"""Strong ETags: a hash of what an answer depends on, so that a reader's current copy is not resent."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.ledger.common.routes.door import json_answer

NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "未变,沿用已有答复 (your copy is still good: If-None-Match)"}
}
_TAGS = re.compile(r'(W/)?("[\x21\x23-\x7e]*")')


def etag_of(*basis: object) -> str:
    """Compute the entity tag of an answer that depends on these values."""
    return f'"{hashlib.sha256(repr(basis).encode()).hexdigest()[:32]}"'


def is_known(request: Request, etag: str) -> bool:
    """Tell whether If-None-Match names this entity tag (RFC 9110 compares weakly there)."""
    tags = request.headers.get("if-none-match", "")
    return tags.strip() == "*" or any(tag == etag for _, tag in _TAGS.findall(tags))


def not_modified(etag: str) -> Response:
    """Answer that the reader's copy is current."""
    return Response(status_code=304, headers=_headers(etag))


def tagged(body: BaseModel, etag: str) -> Response:
    """Answer with a model and its entity tag."""
    answer = json_answer(body)
    answer.headers.update(_headers(etag))
    return answer


def _headers(etag: str) -> dict[str, str]:
    # "no-cache" means: keep it, but ask each time.
    return {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
