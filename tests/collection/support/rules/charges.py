"""Dated rates and caps of late charges."""

from __future__ import annotations

from datetime import date

from services.collection.policy.domain.charge import Cap, ChargeKind, ChargeRate, EndRule, StartRule


def rate(
    ppm: int,
    first: str | None = None,
    last: str | None = None,
    *,
    start: StartRule = StartRule.DAY_AFTER_DUE,
    end: EndRule = EndRule.DAY_PAID,
    kind: ChargeKind = ChargeKind.LATE_FEE,
    per_days: int = 1,
) -> ChargeRate:
    """Build a rate that is in force from `first` to `last`."""
    return ChargeRate(
        id=f"{kind}.{first}",
        kind=kind,
        in_force_from=date.fromisoformat(first) if first else date.min,
        in_force_to=date.fromisoformat(last) if last else None,
        rate_ppm=ppm,
        per_days=per_days,
        start=start,
        end=end,
        source="s",
    )


def cap(first: str, *, share_ppm: int | None = None, amount_fen: int | None = None) -> Cap:
    """Build a cap that is in force from `first` on."""
    return Cap(
        id=f"cap.{first}",
        in_force_from=date.fromisoformat(first),
        in_force_to=None,
        share_ppm=share_ppm,
        amount_fen=amount_fen,
        source="s",
    )
