"""All sealed columns of identity, for a rotation of its keys."""

from __future__ import annotations

from typing import Final

from services.identity.keyfile import LABEL
from shared.security.resealing import Form, ResealedTable, SealedColumn

RESEALED: Final = (
    ResealedTable(
        "credential",
        {"id": "uuid"},
        (SealedColumn("value", Form.HEX, (LABEL,)),),
        where="kind = 'totp'",
    ),
    ResealedTable("signing_key", {"kid": "text"}, (SealedColumn("sealed", Form.BYTES, (LABEL,)),)),
)
