"""Floating of the injury rate (工伤保险费率浮动): the unit's own step, and the stage cut for all.

A unit's step follows its use of the fund and its accidents; class 1 has only steps upwards. A stage
cut (阶段性降费) follows from how many months the fund could go on paying.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A factor that a rate was multiplied by, and the row that says so."""

    id: str
    factor_ppm: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingStep:
    """A floating step and the injury classes that have it; empty: all."""

    id: str
    factor_ppm: int
    classes: tuple[int, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCut:
    """A stage cut for a fund that could pay for `months_from` months or more, in hundredths."""

    id: str
    months_from_hundredths: int
    months_below_hundredths: int | None
    factor_ppm: int
    source: str

    def holds(self, capacity_hundredths: int) -> bool:
        """Whether it speaks of a fund of this capacity."""
        return self.months_from_hundredths <= capacity_hundredths and (
            self.months_below_hundredths is None
            or capacity_hundredths < self.months_below_hundredths
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Floating:
    """What one policy says of it. `capacity_hundredths` None: there is no stage cut."""

    insurance: str
    steps: tuple[FloatingStep, ...]
    cuts: tuple[StageCut, ...]
    capacity_hundredths: int | None

    def step(self, name: str, injury_class: int | None) -> FloatingStep | None:
        """A step that a unit of this class may have."""
        return next(
            (
                row
                for row in self.steps
                if row.id == name and (not row.classes or injury_class in row.classes)
            ),
            None,
        )

    def factors(self, injury_class: int | None, step: str | None) -> tuple[Factor, ...]:
        """What the base rate of a class is multiplied by: the unit's step, then the stage cut."""
        own = None if step is None else self.step(step, injury_class)
        months = self.capacity_hundredths
        cut = (
            None if months is None else next((row for row in self.cuts if row.holds(months)), None)
        )
        return tuple(
            Factor(id=row.id, factor_ppm=row.factor_ppm, source=row.source)
            for row in (own, cut)
            if row is not None
        )
