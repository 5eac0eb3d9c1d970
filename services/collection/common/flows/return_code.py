"""Checking of return codes, for every flow that returns a paper."""

from __future__ import annotations

from collections.abc import Sequence

from services.collection.common.domain.return_code import faults_in
from services.collection.common.store import shipped as common_shipped_store
from shared.errors import Faulty


def check_codes(codes: Sequence[str], note: str | None, paper: str) -> None:
    """Refuse return codes that the catalogue does not have for a paper.

    Raises:
        Faulty: each unknown code, and a missing note.
    """
    faults = list(faults_in(codes, note, paper, common_shipped_store.return_codes()))
    if faults:
        raise Faulty(faults=faults)
