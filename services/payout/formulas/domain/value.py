"""Reading the value of a formula row: member by member, naming every fault."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from shared.errors import Fault, Refusal
from shared.money import HALF_UP_FEN, Rounding, RoundingMode, parse_rate, parse_yuan
from shared.period import NotAPeriod, Period

T = TypeVar("T")
_MISSING: Final = object()
WHOLE_MAX: Final = 100_000


class ValueReader:
    """Reads one JSON object; what cannot be read becomes a fault and 0, so that nothing hides."""

    def __init__(self, value: Any, pointer: str, faults: list[Fault]) -> None:
        self.faults = faults
        self.pointer = pointer
        self._value: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        self._read: set[str] = set()
        if not isinstance(value, Mapping):
            self.fault("", "NOT_AN_OBJECT", "须为对象 (must be an object)")

    def fault(self, name: str, code: str, message: str) -> None:
        """Note a fault of a member."""
        pointer = f"{self.pointer}/{name}" if name else self.pointer
        self.faults.append(Fault(pointer, code, message))

    def has(self, name: str) -> bool:
        """Tell whether a member is given."""
        return self._value.get(name) is not None

    def yuan(self, name: str) -> int:
        """Read an amount in yuan as fen."""
        amount_fen = self._parsed(name, parse_yuan, 0)
        if amount_fen < 0:
            self.fault(name, "AMOUNT_NEGATIVE", "金额不得为负 (must not be negative)")
        return amount_fen

    def rate(self, name: str) -> int:
        """Read a decimal fraction as parts per million."""
        return self._parsed(name, parse_rate, 0)

    def period(self, name: str) -> Period:
        """Read a month."""
        return self._parsed(name, Period.parse, Period(2000, 1))

    def whole(self, name: str, least: int = 0) -> int:
        """Read a whole number."""
        value = self._take(name)
        if value is _MISSING:
            return least
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= WHOLE_MAX:
            self.fault(
                name, "NUMBER_MALFORMED", f"须为不小于{least}的整数 (a whole number ≥ {least})"
            )
            return least
        return value

    def word(self, name: str, among: Collection[str]) -> str:
        """Read one of some words."""
        value = self._take(name)
        if value is _MISSING:
            return ""
        if value not in among:
            self.fault(name, "WORD_UNKNOWN", f"须为其一 (one of): {', '.join(sorted(among))}")
            return ""
        return str(value)

    def text(self, name: str) -> str:
        """Read a short text."""
        value = self._take(name)
        if value is _MISSING:
            return ""
        if not isinstance(value, str) or not 1 <= len(value) <= 200:
            self.fault(name, "TEXT_MALFORMED", "须为1至200字的文字 (a text of 1 to 200 characters)")
            return ""
        return value

    def rounding(self, name: str = "rounding") -> Rounding:
        """Read a rounding rule; to the fen, half up, where none is given."""
        group = self.group(name)
        if group is None:
            return HALF_UP_FEN
        unit_fen = group.yuan("unit")
        mode = group.word("mode", [mode.value for mode in RoundingMode])
        group.finish()
        return Rounding(unit_fen or 1, RoundingMode(mode or "half_up"))

    def group(self, name: str) -> ValueReader | None:
        """Read a member that is an object itself; None where it is not given."""
        self._read.add(name)
        if not self.has(name):
            return None
        return ValueReader(self._value[name], f"{self.pointer}/{name}", self.faults)

    def items(self, name: str) -> list[ValueReader]:
        """Read a list of objects that is not empty."""
        value = self._take(name)
        if value is _MISSING:
            return []
        if not isinstance(value, list) or not value:
            self.fault(name, "LIST_MALFORMED", "须为非空列表 (a list that is not empty)")
            return []
        return [
            ValueReader(item, f"{self.pointer}/{name}/{number}", self.faults)
            for number, item in enumerate(value)
        ]

    def members(self) -> list[str]:
        """Return the names of all members, for an object whose names are keys."""
        return list(self._value)

    def finish(self) -> None:
        """Note every member that nothing has read: a misspelt name must not pass silently."""
        for name in self._value.keys() - self._read:
            self.fault(name, "MEMBER_UNKNOWN", "未知的项 (unknown member)")

    def _take(self, name: str) -> Any:
        self._read.add(name)
        if not self.has(name):
            self.fault(name, "MEMBER_MISSING", "缺少此项 (missing)")
            return _MISSING
        return self._value[name]

    def _parsed(self, name: str, parse: Callable[[str], T], otherwise: T) -> T:
        value = self._take(name)
        if value is _MISSING:
            return otherwise
        try:
            return parse(value)
        except (Refusal, NotAPeriod) as refusal:
            self.fault(name, refusal.code, refusal.message)
            return otherwise


@dataclass(frozen=True, slots=True)
class FormulaRule(Generic[T]):
    """A rule that rows give values to: its name, its Chinese title, and how a value is read."""

    name: str
    title: str
    read: Callable[[ValueReader], T]

    def parse(self, value: Any) -> tuple[T, list[Fault]]:
        """Read a value, with every fault."""
        faults: list[Fault] = []
        reader = ValueReader(value, "/value", faults)
        read = self.read(reader)
        reader.finish()
        return read, faults
