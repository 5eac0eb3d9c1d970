"""Envelopes: one announced count and sum over several pushes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Kind, NotFound, Refusal, StateConflict
from shared.money import format_yuan


class EnvelopeUnknown(NotFound):
    """无此封套 (no such envelope)"""

    code = "ENVELOPE_UNKNOWN"


class EnvelopeDiffers(StateConflict):
    """封套的笔数或金额与首次报送不符 (the envelope was announced with another count or sum)"""

    code = "ENVELOPE_DIFFERS"


class EnvelopeExceeded(Refusal):
    """超出封套所报的笔数或金额 (more than the envelope announced)"""

    kind = Kind.INVALID
    code = "ENVELOPE_EXCEEDED"


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope as its sender announces it (fen)."""

    envelope_no: str
    lines: int
    total_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeContent:
    """An envelope and what its pushes brought so far."""

    envelope: Envelope
    pushes: int
    lines: int
    total_fen: int

    @property
    def is_complete(self) -> bool:
        """Tell whether everything announced has arrived."""
        return (self.lines, self.total_fen) == (self.envelope.lines, self.envelope.total_fen)


def check_part(
    announced: Envelope, stored: Envelope, before: EnvelopeContent, part: Envelope
) -> None:
    """Check a push against its envelope.

    Args:
        announced: the envelope as this push states it; stored: as its first push stated it.
        before: what the other pushes brought; part: what this one brings.

    Raises:
        EnvelopeDiffers, EnvelopeExceeded: the push is refused whole.
    """
    if announced != stored:
        raise EnvelopeDiffers(lines=stored.lines, total=format_yuan(stored.total_fen))
    lines, total_fen = before.lines + part.lines, before.total_fen + part.total_fen
    complete = lines == stored.lines
    if lines > stored.lines or (complete and total_fen != stored.total_fen):
        raise EnvelopeExceeded(
            lines_left=stored.lines - before.lines,
            total_left=format_yuan(stored.total_fen - before.total_fen),
        )
