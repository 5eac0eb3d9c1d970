"""Shapes of the steps that a district takes on a declaration."""

from __future__ import annotations

from services.collection.common.schemas.common import Note, ReturnCodes
from shared.schema import In


class HandlingIn(In):
    """An optional note with a step."""

    note: Note | None = None


class ReturnIn(In):
    """Why a declaration is sent back."""

    codes: ReturnCodes
    note: Note | None = None
