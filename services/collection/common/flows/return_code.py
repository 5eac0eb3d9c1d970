"""Return codes of the catalogue, as every flow that sends a paper back asks for them."""

from __future__ import annotations

from collections.abc import Sequence

from services.collection.common.domain.return_code import faults_in
from services.collection.common.store import shipped as common_shipped_store
from shared.errors import Faulty


def check_codes(codes: Sequence[str], note: str | None, paper: str) -> None:
    """Refuse return codes that the catalogue does not know for such a paper.

    Raises:
        Faulty: each code that is unknown, and a note that is missing.
    """
    faults = list(faults_in(codes, note, paper, common_shipped_store.return_codes()))
    if faults:
        raise Faulty(faults=faults)
