"""The general ledger (总账) of one fund and book, computed from sums of debits and credits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.ledger.reports.domain.balance import Sum
from services.ledger.rules.domain.chart import Catalogue
from shared.entry import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralRow:
    """One account of the general ledger; `opening` and `closing` are on its normal side."""

    account: str
    code: str
    name: str
    parent: str | None
    normal_side: Side
    opening_fen: int
    debit_fen: int
    credit_fen: int
    year_debit_fen: int
    year_credit_fen: int
    closing_fen: int
    parts: tuple[str, ...]
    """The accounts with entries that it sums up; the account itself when it has no parts."""


def general_ledger(
    catalogue: Catalogue,
    day: date,
    opening: Iterable[Sum],
    moved: Iterable[Sum],
    year: Iterable[Sum],
) -> list[GeneralRow]:
    """Return every account with postings, each parent before its parts.

    Args:
        catalogue: codes, names, sides and parents.
        day: the day whose chart is used.
        opening: sums before the span.
        moved: sums of the span.
        year: sums of the year up to the span's end.
    """
    tables = [{row.account: row for row in sums} for sums in (opening, moved, year)]
    leaves = sorted({key for table in tables for key in table})
    groups: dict[str, list[str]] = {}
    for key in leaves:
        account = catalogue.described(key, day)
        parent = account.parent if account else None
        groups.setdefault(parent or key, []).append(key)
    rows = []
    for head, parts in groups.items():
        rows.append(_row(catalogue, day, head, parts, tables))
        if parts != [head]:
            children = [part for part in parts if part != head]
            rows += [_row(catalogue, day, part, [part], tables) for part in children]
    return sorted(rows, key=_by_code(catalogue, day))


def _by_code(catalogue: Catalogue, day: date) -> Callable[[GeneralRow], tuple[str, str, str]]:
    def key(row: GeneralRow) -> tuple[str, str, str]:
        head = catalogue.described(row.parent, day) if row.parent else None
        code = (head.code if head else row.code) or "~"
        return code, row.parent or row.account, row.code if row.parent else ""

    return key


def _row(
    catalogue: Catalogue,
    day: date,
    key: str,
    parts: Sequence[str],
    tables: Sequence[Mapping[str, Sum]],
) -> GeneralRow:
    account = catalogue.described(key, day)
    side = account.normal_side if account else Side.DEBIT
    sign = -1 if side is Side.CREDIT else 1
    (before_debit, before_credit), (debit, credit), (year_debit, year_credit) = (
        (
            sum(table[part].debit_fen for part in parts if part in table),
            sum(table[part].credit_fen for part in parts if part in table),
        )
        for table in tables
    )
    opening_fen = sign * (before_debit - before_credit)
    return GeneralRow(
        account=key,
        code=account.code if account else "",
        name=account.name if account else key,
        parent=account.parent if account else None,
        normal_side=side,
        opening_fen=opening_fen,
        debit_fen=debit,
        credit_fen=credit,
        year_debit_fen=year_debit,
        year_credit_fen=year_credit,
        closing_fen=opening_fen + sign * (debit - credit),
        parts=tuple(parts),
    )
