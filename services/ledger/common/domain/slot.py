"""Slots of the books that have a meaning of their own."""

from __future__ import annotations

from typing import Final

CENTRE_SLOT: Final = 0
"""The centre's own slot: settlements, payouts and holds. Floors are checked in this slot only."""
