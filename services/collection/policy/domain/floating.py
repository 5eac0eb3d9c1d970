"""Adjustment of the work injury rate (工伤保险费率浮动): the unit's floating step, and the stage cut.

A unit's step follows from its claims and accidents; class 1 has only steps upwards. A stage cut
(阶段性降费) applies to all units and follows from how many months the fund could still pay.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A factor that a rate was multiplied by, and the row that it comes from."""

    id: str
    factor_ppm: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingStep:
    """A floating step and the injury classes that may have it; empty: all."""

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
        """Tell whether the cut applies to a fund of this capacity."""
        return self.months_from_hundredths <= capacity_hundredths and (
            self.months_below_hundredths is None
            or capacity_hundredths < self.months_below_hundredths
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Floating:
    """The steps and stage cuts of one policy. `capacity_hundredths` None: no stage cut applies."""

    insurance: str
    steps: tuple[FloatingStep, ...]
    cuts: tuple[StageCut, ...]
    capacity_hundredths: int | None

    def step(self, name: str, injury_class: int | None) -> FloatingStep | None:
        """Return a step if a unit of this class may have it."""
        return next(
            (
                row
                for row in self.steps
                if row.id == name and (not row.classes or injury_class in row.classes)
            ),
            None,
        )

    def factors(self, injury_class: int | None, step: str | None) -> tuple[Factor, ...]:
        """Return the factors on a class's base rate: the unit's step, then the stage cut."""
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
