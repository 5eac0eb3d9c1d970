"""Return codes: their catalogue, and the check of every flow that returns a paper."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.return_code import faults_in
from services.collection.common.store import return_code as return_code_store
from shared.errors import Faulty

catalogue = return_code_store.return_codes
"""Reads the catalogue of return codes."""


async def check_codes(
    tx: AsyncConnection, codes: Sequence[str], note: str | None, paper: str
) -> None:
    """Refuse return codes that the catalogue does not have for a paper.

    Raises:
        Faulty: each unknown code, and a missing note.
    """
    faults = list(faults_in(codes, note, paper, await return_code_store.return_codes(tx)))
    if faults:
        raise Faulty(faults=faults)
