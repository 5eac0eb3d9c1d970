"""Contributions of construction projects (建设项目工伤保险): paid once, in advance, on the contract sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.money import Rounding, levy


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A rate for contract sums from an amount, up to another amount if there is one, in fen."""

    id: str
    from_fen: int
    below_fen: int | None
    rate_ppm: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Construction:
    """The tiers, ascending from zero.

    `by_slice`: each slice of the sum at its own tier's rate; otherwise the whole sum at the rate of
    the tier in which it falls.
    """

    insurance: str
    tiers: tuple[Tier, ...]
    by_slice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectLine:
    """The contribution of one tier, with the base that it was calculated on."""

    tier: Tier
    base_fen: int
    amount_fen: int


def project_lines(rules: Construction, contract_fen: int, rounding: Rounding) -> list[ProjectLine]:
    """Calculate the contribution of a project, tier by tier, each rounded once."""
    return [
        ProjectLine(
            tier=tier, base_fen=base_fen, amount_fen=levy(base_fen, tier.rate_ppm, rounding)
        )
        for tier, base_fen in _parts(rules.tiers, contract_fen, by_slice=rules.by_slice)
        if base_fen
    ]


def _parts(tiers: Sequence[Tier], contract_fen: int, *, by_slice: bool) -> list[tuple[Tier, int]]:
    if by_slice:
        tops = [tier.below_fen for tier in tiers]
        return [
            (
                tier,
                max(0, (contract_fen if top is None else min(contract_fen, top)) - tier.from_fen),
            )
            for tier, top in zip(tiers, tops, strict=True)
        ]
    return [
        (tier, contract_fen)
        for tier in tiers
        if tier.from_fen <= contract_fen
        and (tier.below_fen is None or contract_fen < tier.below_fen)
    ]
