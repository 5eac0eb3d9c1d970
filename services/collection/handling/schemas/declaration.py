"""Shapes of the steps that a district takes on a declaration."""

from __future__ import annotations

from services.collection.common.schemas.common import Note, ReturnCodes
from shared.schema import In


class HandlingIn(In):
    """A step with an optional note."""

    note: Note | None = None


class ReturnIn(In):
    """A return of a declaration, with its reasons."""

    codes: ReturnCodes
    note: Note | None = None
