"""All sealed columns of the ledger, for a rotation of its keys."""

from __future__ import annotations

from typing import Final

from shared.webhooks.tables import RESEALED as WEBHOOKS

RESEALED: Final = (WEBHOOKS,)
