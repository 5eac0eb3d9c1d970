"""The optional members of a policy pack: averages, crediting, floating, projects and others.

An unreadable value is reported at its pointer and read as 0, as in `pack`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from services.collection.policy.domain.averages import Average, FromAverage
from services.collection.policy.domain.category import ANY_KIND, BaseChoice, Category
from services.collection.policy.domain.construction import Construction, Tier
from services.collection.policy.domain.crediting import CreditRule
from services.collection.policy.domain.default_levy import DefaultLevy
from services.collection.policy.domain.floating import Floating, FloatingStep, StageCut
from services.collection.policy.domain.policy import FrozenBases
from shared.errors import Fault
from shared.money import HALF_UP_FEN, Rounding, RoundingMode, parse_yuan
from shared.period import Period

OPTIONAL: Final = (
    "names",
    "averages",
    "crediting",
    "injury_floating",
    "construction",
    "default_levy",
    "frozen_bases",
    "categories",
)
"""Members that a pack may leave out."""
_MONTHS = re.compile(r"^(0|[1-9][0-9]{0,3})(\.[0-9]{1,2})?$")

Read = Callable[[str, str, list[Fault]], int]
"""Reads a rate's or an amount's text, or notes its fault under a pointer."""
Row = Mapping[str, Any]


class PackReader:
    """A reader of one pack that collects the faults it finds."""

    def __init__(self, content: Row, rate: Read, amount: Read, faults: list[Fault]) -> None:
        self.content = content
        self.faults = faults
        self._rate = rate
        self._amount = amount

    def averages(self) -> tuple[Average, ...]:
        """Read the published average wages."""
        return tuple(
            Average(
                id=row["id"],
                amount_fen=self._amount(row["amount"], f"{at}/amount", self.faults),
                source=row["source"],
            )
            for at, row in rows(self.content, "averages")
        )

    def from_average(self, row: Row | None, at: str) -> FromAverage | None:
        """Read a factor of the mean of some averages."""
        if row is None:
            return None
        rounding = row.get("rounding")
        return FromAverage(
            of=tuple(row["of"]),
            factor_ppm=self._rate(row["factor"], f"{at}/factor", self.faults),
            rounding=HALF_UP_FEN
            if rounding is None
            else Rounding(parse_yuan(rounding["unit"]), RoundingMode(rounding["mode"])),
        )

    def taken(self, rule: FromAverage | None, averages: Mapping[str, int], at: str) -> int | None:
        """Calculate a factor of averages; an unknown average is a fault."""
        if rule is None:
            return None
        for number, name in enumerate(rule.of):
            if name not in averages:
                self.faults.append(
                    Fault(f"{at}/of/{number}", "AVERAGE_UNKNOWN", f"未列出该平均工资: {name}")
                )
        return rule.amount_fen(averages)

    def credits(self) -> tuple[CreditRule, ...]:
        """Read the credits to personal accounts (划入个人账户)."""
        return tuple(
            CreditRule(
                id=row["id"],
                insurance=row["insurance"],
                retired=row["status"] == "retired",
                age_from=row.get("age_from") or 0,
                age_below=row.get("age_below"),
                rate_ppm=self._maybe(row.get("rate"), f"{at}/rate", self._rate),
                yearly_fen=self._maybe(row.get("yearly"), f"{at}/yearly", self._amount),
                standing=row.get("standing"),
                source=row["source"],
            )
            for at, row in rows(self.content, "crediting")
        )

    def floating(self) -> Floating | None:
        """Read the adjustment of the work injury rate (工伤保险费率浮动)."""
        row = self.content.get("injury_floating")
        if row is None:
            return None
        at = "/injury_floating"
        return Floating(
            insurance=row["insurance"],
            steps=tuple(
                FloatingStep(
                    id=step["id"],
                    factor_ppm=self._rate(step["factor"], f"{at}/steps/{n}/factor", self.faults),
                    classes=tuple(step.get("classes") or ()),
                    source=step["source"],
                )
                for n, step in enumerate(row["steps"])
            ),
            cuts=tuple(
                StageCut(
                    id=cut["id"],
                    months_from_hundredths=self._months(
                        cut["months_from"], f"{at}/stage_cuts/{n}/months_from"
                    )
                    or 0,
                    months_below_hundredths=self._months(
                        cut.get("months_below"), f"{at}/stage_cuts/{n}/months_below"
                    ),
                    factor_ppm=self._rate(
                        cut["factor"], f"{at}/stage_cuts/{n}/factor", self.faults
                    ),
                    source=cut["source"],
                )
                for n, cut in enumerate(row.get("stage_cuts") or ())
            ),
            capacity_hundredths=self._months(row.get("capacity_months"), f"{at}/capacity_months"),
        )

    def construction(self) -> Construction | None:
        """Read the tiers of construction projects (建设项目)."""
        row = self.content.get("construction")
        if row is None:
            return None
        return Construction(
            insurance=row["insurance"],
            by_slice=row.get("by") == "slice",
            tiers=tuple(
                Tier(
                    id=tier["id"],
                    from_fen=self._amount(
                        tier["from"], f"/construction/tiers/{n}/from", self.faults
                    ),
                    below_fen=self._maybe(
                        tier.get("below"), f"/construction/tiers/{n}/below", self._amount
                    ),
                    rate_ppm=self._rate(tier["rate"], f"/construction/tiers/{n}/rate", self.faults),
                    source=tier["source"],
                )
                for n, tier in enumerate(row["tiers"])
            ),
        )

    def categories(self, averages: Mapping[str, int]) -> tuple[Category, ...]:
        """Read the categories (参保类别), their insurances and their base choices."""
        return tuple(
            Category(
                id=row["id"],
                category=row["category"],
                insurances=tuple(row["insurances"]),
                unit_kinds=tuple(row.get("unit_kinds") or (ANY_KIND,)),
                period_from=_month(row.get("period_from")),
                period_to=_month(row.get("period_to")),
                choices=tuple(
                    self._chosen(choice, f"{at}{place}", averages)
                    for place, choice in rows(row, "choices")
                ),
                source=row["source"],
            )
            for at, row in rows(self.content, "categories")
        )

    def _chosen(self, row: Row, at: str, averages: Mapping[str, int]) -> BaseChoice:
        rule = self.from_average(row["average"], f"{at}/average")
        assert rule is not None, "the shape says that there is one"
        return BaseChoice(
            id=row["id"],
            choice=row["choice"],
            insurances=tuple(row.get("insurances") or ()),
            base_fen=self.taken(rule, averages, f"{at}/average") or 0,
            factor_ppm=rule.factor_ppm,
            period_from=_month(row.get("period_from")),
            period_to=_month(row.get("period_to")),
            source=row["source"],
        )

    def default_levy(self) -> DefaultLevy:
        """Read the factor of a levy by default (未按规定申报时的加成)."""
        row = self.content.get("default_levy")
        if row is None:
            return DefaultLevy()
        return DefaultLevy(
            factor_ppm=self._rate(row["factor"], "/default_levy/factor", self.faults),
            source=row["source"],
            compounds=row.get("repeated") != "on_last_declared",
        )

    def frozen_bases(self) -> FrozenBases | None:
        """Read whether reviewed bases stay fixed for the year (年度缴费基数是否当年不变)."""
        row = self.content.get("frozen_bases")
        return None if row is None else FrozenBases(enforced=row["enforced"], source=row["source"])

    def _maybe(self, text: str | None, pointer: str, read: Read) -> int | None:
        return None if text is None else read(text, pointer, self.faults)

    def _months(self, text: str | None, pointer: str) -> int | None:
        if text is None:
            return None
        if not _MONTHS.fullmatch(text):
            self.faults.append(
                Fault(pointer, "MONTHS_MALFORMED", "月数须为不超过两位小数的字符串 (months)")
            )
            return None
        whole, _, part = text.partition(".")
        return int(whole) * 100 + int(part.ljust(2, "0") or "0")


def _month(text: str | None) -> Period | None:
    return None if text is None else Period.parse(text)


def rows(content: Row, part: str) -> list[tuple[str, Row]]:
    """Return the rows of a member with their pointers."""
    return [(f"/{part}/{number}", row) for number, row in enumerate(content.get(part) or [])]


def cited(content: Row) -> list[tuple[str, str]]:
    """Return every (pointer, source) of these members."""
    found = [
        (f"{at}/source", row["source"])
        for part in ("names", "averages", "crediting", "categories")
        for at, row in rows(content, part)
    ]
    for at, row in rows(content, "categories"):
        found += [
            (f"{at}{place}/source", choice["source"]) for place, choice in rows(row, "choices")
        ]
    for name, parts in (("injury_floating", ("steps", "stage_cuts")), ("construction", ("tiers",))):
        for part in parts:
            found += [
                (f"/{name}{at}/source", row["source"])
                for at, row in rows(content.get(name) or {}, part)
            ]
    found += [
        (f"/{name}/source", content[name]["source"])
        for name in ("default_levy", "frozen_bases")
        if content.get(name)
    ]
    return found
